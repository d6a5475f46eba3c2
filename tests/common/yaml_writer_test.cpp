#include "common/config/yaml_writer.h"

#include "cases.h"
#include "common/config/yaml_reader.h"

namespace manyfold::config {
namespace {

TEST(YamlWriter, DumpsWhatWasReadToTheLetterOfOmegaConf) {
  int dumped = 0, refused = 0;
  for (const auto& one : fixture_cases("yaml")) {
    const std::string text = one["yaml"];
    if (one["dump"].is_null()) {
      EXPECT_THROW(to_yaml(parse_yaml(text, "t")), ConfigError) << text;
      ++refused;
      continue;
    }
    try {
      EXPECT_EQ(to_yaml(parse_yaml(text, "t")), one["dump"].get<std::string>()) << text;
    } catch (const ConfigError& error) {
      // The one limit of ours: integers have 64 bits here and any number in Python.
      EXPECT_NE(std::string(error.what()).find("64 bits"), std::string::npos)
          << text << error.what();
    }
    ++dumped;
  }
  EXPECT_GT(dumped, 200);
  EXPECT_GT(refused, 40);
}

TEST(YamlWriter, ReadsBackWhatItWrote) {
  for (const auto& one : fixture_cases("yaml")) {
    if (one["dump"].is_null()) continue;
    const std::string dump = one["dump"];
    if (dump.find("8446744073709551616") != std::string::npos) continue;
    EXPECT_EQ(to_yaml(parse_yaml(dump, "t")), dump);
  }
}

}  // namespace
}  // namespace manyfold::config
