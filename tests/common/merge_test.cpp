#include "common/config/merge.h"

#include <gmock/gmock.h>

#include "cases.h"
#include "common/config/json_writer.h"
#include "common/config/yaml_reader.h"

namespace manyfold::config {
namespace {

Value yaml(const std::string& text) { return parse_yaml(text, "t"); }

TEST(Merge, FollowsOmegaConf) {
  for (const auto& one : fixture_cases("merge")) {
    const std::string left = one["left"], right = one["right"];
    Value root = yaml(left);
    if (one["merged"].is_null()) {
      EXPECT_THROW(merge(root, yaml(right)), ConfigError) << left << "\n" << right;
    } else {
      merge(root, yaml(right));
      EXPECT_EQ(to_json(root), one["merged"].get<std::string>()) << left << "\n" << right;
    }
  }
}

TEST(Merge, SaysWhereAListMeetsAMapping) {
  Value root = yaml("a: {b: {c: 1}}\n");
  EXPECT_EQ(message_of([&] { merge(root, parse_yaml("a:\n  b:\n  - 1\n", "new.yaml")); }),
            "new.yaml:3: cannot merge a list into a mapping at 'a.b'");
}

TEST(Merge, UpdatesPathsAndListItems) {
  Value root = yaml("a: {b: [1, {c: 2}]}\n");
  update(root, "a.b.0", 5, Adding::refused);
  update(root, "a.b.1.c", "x", Adding::refused);
  EXPECT_EQ(to_json(root), R"({"a": {"b": [5, {"c": "x"}]}})");
}

TEST(Merge, AddsOnlyWhereItMay) {
  Value root = yaml("a: {b: 1}\n");
  EXPECT_THROW(update(root, "a.c", 1, Adding::refused), UnknownKeyError);
  EXPECT_THROW(update(root, "a.b.c", 1, Adding::refused), UnknownKeyError);
  EXPECT_THROW(update(root, "a", yaml("{new: 1}"), Adding::refused), UnknownKeyError);
  update(root, "a.b.c", 1, Adding::allowed);
  EXPECT_EQ(to_json(root), R"({"a": {"b": {"c": 1}}})");
}

TEST(Merge, RefusesAnItemBehindTheEndOfAList) {
  Value root = yaml("a: [1, 2]\n");
  EXPECT_EQ(message_of([&] { update(root, "a.2", 1, Adding::allowed); }),
            "'a.2': '2' is not the number of an item of a list of 2");
}

TEST(Merge, RemovesKeysOfMappings) {
  Value root = yaml("a: {b: 1, c: 2}\n");
  EXPECT_TRUE(remove(root, "a.b"));
  EXPECT_FALSE(remove(root, "a.b"));
  EXPECT_FALSE(remove(root, "a.c.d"));
  EXPECT_EQ(to_json(root), R"({"a": {"c": 2}})");
}

}  // namespace
}  // namespace manyfold::config
