#include "report/event.h"

#include <gtest/gtest.h>

#include <cmath>

#include "common/atomic_file.h"

namespace manyfold::report {
namespace {

// The same events, encoded by Google's protobuf library: fixtures/make_events.py.
TEST(Event, BytesAreThoseOfTheProtobufLibrary) {
  using namespace event;
  const std::string png = "\x89PNG" + std::string(200, '\0');
  const std::string ours =
      record(file_version(1700000000.25)) + record(session_start(1700000001.5, 301)) +
      record(scalars(1700000002.0, 300, {{"loss/total", 0.5}, {"val/faces/ap50", std::nan("")}})) +
      record(picture(1700000003.0, int64_t{1} << 40, "pictures/person", png, {3, 200})) +
      record(text(1700000004.0, 0, "config", "# run\n\xc3\xa9"));
  const std::string theirs =
      read_file(MANYFOLD_SOURCE_DIR "/tests/report/fixtures/events.tfevents");
  EXPECT_EQ(ours.size(), theirs.size());
  EXPECT_TRUE(ours == theirs);
}

TEST(Event, ARecordIsLengthChecksumBytesChecksum) {
  const std::string record = event::record("abc");
  ASSERT_EQ(record.size(), 8u + 4 + 3 + 4);
  EXPECT_EQ(record.substr(0, 8), std::string("\3\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(record.substr(12, 3), "abc");
}

}  // namespace
}  // namespace manyfold::report
