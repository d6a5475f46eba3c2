#include "report/system_info.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace manyfold::report {
namespace {

TEST(SystemInfo, PeakMemoryRisesWithUse) {
  const int64_t before = peak_memory();
  EXPECT_GT(before, 1 << 20);
  std::vector<char> block(size_t{200} << 20);
  std::memset(block.data(), 1, block.size());
  EXPECT_GE(peak_memory() - before, int64_t{100} << 20) << static_cast<int>(block.back());
}

TEST(SystemInfo, BytesReadAsAPersonSaysThem) {
  EXPECT_EQ(bytes_text(512), "512 B");
  EXPECT_EQ(bytes_text(23'400'000), "23 MB");
  EXPECT_EQ(bytes_text(999'600'000), "1.0 GB");
  EXPECT_EQ(bytes_text(1'540'000'000), "1.5 GB");
}

TEST(SystemInfo, TimeIsUtc) {
  EXPECT_EQ(time_text(0), "1970-01-01 00:00:00 UTC");
  EXPECT_EQ(time_text(951782400), "2000-02-29 00:00:00 UTC");
}

TEST(SystemInfo, NamesWhatFiguresDependOn) {
  std::vector<std::string> names;
  for (const auto& [name, text] : system_info()) {
    names.push_back(name);
    EXPECT_FALSE(text.empty()) << name;
  }
  EXPECT_THAT(names, testing::IsSupersetOf({"time", "cores", "memory", "compiler", "OpenCV"}));
}

}  // namespace
}  // namespace manyfold::report
