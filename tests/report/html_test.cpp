#include "report/html.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace manyfold::report {
namespace {

TEST(Html, EscapesWhatWouldBeMarkup) {
  EXPECT_EQ(escaped("<b a=\"1\">'&'</b>"), "&lt;b a=&quot;1&quot;&gt;&#39;&amp;&#39;&lt;/b&gt;");
}

TEST(Html, JsonCannotEndItsScript) {
  const nlohmann::json json = {"</script><!--"};
  const std::string safe = script_json(json.dump());
  EXPECT_EQ(safe.find('<'), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(safe), json);
}

TEST(Html, ValuesShowTheDigitsThatMatter) {
  EXPECT_EQ(value_text(0.75312), "0.7531");
  EXPECT_EQ(value_text(1), "1");
  EXPECT_EQ(value_text(12345), "12345");
  EXPECT_EQ(value_text(106.27), "106.27");
  EXPECT_EQ(value_text(0.000123), "0.000123");
  EXPECT_EQ(value_text(std::nan("")), "-");
}

TEST(Html, CountsAreGroupedByThousands) {
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1000), "1,000");
  EXPECT_EQ(count_text(-123456), "-123,456");
  EXPECT_EQ(count_text(1234567), "1,234,567");
}

TEST(Html, KnowsNumbersWithAndWithoutUnits) {
  for (const char* cell : {"1", "-2.5", "1,024", "12.5 %", "30%", "3 px", "1e-4", "-"}) {
    EXPECT_TRUE(is_number(cell)) << cell;
  }
  for (const char* cell : {"", "conv1", "2024-05-31", "3x3", "a 1", "."}) {
    EXPECT_FALSE(is_number(cell)) << cell;
  }
}

}  // namespace
}  // namespace manyfold::report
