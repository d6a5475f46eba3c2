#include "common/config/resolve.h"

#include <gmock/gmock.h>

#include "cases.h"
#include "common/config/json_writer.h"
#include "common/config/yaml_reader.h"

namespace manyfold::config {
namespace {

using testing::HasSubstr;

std::string resolved_json(const std::string& yaml) {
  return to_json(resolve(parse_yaml(yaml, "t")));
}

TEST(Resolve, FollowsInterpolationsAsOmegaConfDoes) {
  ::setenv("FIXTURE", "[1, 2, {a: b}]", 1);
  ::unsetenv("NOPE");
  for (const auto& one : fixture_cases("resolve")) {
    const std::string yaml = one["yaml"];
    if (one["json"].is_null()) {
      EXPECT_THROW(resolved_json(yaml), ConfigError) << yaml;
    } else {
      EXPECT_EQ(resolved_json(yaml), one["json"].get<std::string>()) << yaml;
    }
  }
}

TEST(Resolve, NamesThePlaceOfAnInterpolationThatLeadsNowhere) {
  EXPECT_EQ(message_of([] { resolved_json("a:\n  b: ${nope}\n"); }),
            "t:2: a.b = ${nope}: interpolation key 'nope' not found");
  EXPECT_THAT(message_of([] { resolved_json("a: ???\nb: ${a}\n"); }), HasSubstr("t:2: b = ${a}"));
  EXPECT_THAT(message_of([] { resolved_json("a: ${oc.env:NOT_SET_ANYWHERE}\n"); }),
              HasSubstr("environment variable 'NOT_SET_ANYWHERE' is not set"));
  EXPECT_THAT(message_of([] { resolved_json("a: ${oc.evn:X}\n"); }),
              HasSubstr("did you mean 'oc.env'?"));
}

TEST(Resolve, RefusesCycles) {
  EXPECT_THROW(resolved_json("a: ${a}\n"), ResolveError);
  EXPECT_THROW(resolved_json("a: ${b}\nb: ${c}\nc: ${a}\n"), ResolveError);
  EXPECT_THROW(resolved_json("a: {x: '${b}'}\nb: {y: '${a}'}\n"), ResolveError);
  EXPECT_THROW(resolved_json("a: x${b}\nb: y${a}\n"), ResolveError);
}

TEST(Resolve, RefusesInterpolationsThatExpandWithoutEnd) {
  std::string yaml = "a0: [1, 1, 1, 1, 1, 1, 1, 1]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "${a" + std::to_string(i - 1) + "}";
    yaml += "a" + std::to_string(i) + ":\n";
    for (int k = 0; k < 8; ++k) yaml += "- " + before + "\n";
  }
  EXPECT_THAT(message_of([&] { resolved_json(yaml); }), HasSubstr("expand without end"));
}

TEST(Resolve, KeepsTheOriginOfTheInterpolation) {
  const auto value = resolve(parse_yaml("a: 1\n\nb: ${a}\n", "t"));
  EXPECT_EQ(value.find("b")->origin.text(), "t:3");
}

TEST(Resolve, AnswersForHydraInsideAJobOnly) {
  const auto job =
      parse_yaml("a: ${hydra:runtime.choices.db}\nhydra: {runtime: {choices: {db: x}}}\n", "t");
  auto config = job;
  config.map().erase("hydra");
  EXPECT_EQ(resolve(config, &job).find("a")->text(), "x");
  EXPECT_THROW(resolve(config), ResolveError);
}

TEST(Resolve, WritesTheTimeOfTheRun) {
  const auto value = resolve(parse_yaml("a: ${now:%Y-%m-%d}\n", "t"));
  EXPECT_THAT(value.find("a")->text(), testing::MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}"));
}

}  // namespace
}  // namespace manyfold::config
