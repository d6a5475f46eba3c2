#include "common/config/yaml_reader.h"

#include <gmock/gmock.h>

#include "cases.h"

namespace manyfold::config {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(YamlReader, RemembersTheLineOfEveryValue) {
  const auto value = parse_yaml("a: 1\nb:\n  c:\n  - x\n  - y\n", "f.yaml");
  EXPECT_EQ(value.find("a")->origin.text(), "f.yaml:1");
  EXPECT_EQ(value.find("b")->find("c")->list()[1].origin.text(), "f.yaml:5");
}

TEST(YamlReader, KeepsTheTypesOfKeysApartLikePython) {
  const auto value = parse_yaml("1: a\n'1': b\ntrue: c\n", "t");
  // In Python 1 == True, so the third replaces the first, and "1" is another key.
  ASSERT_EQ(value.map().size(), 2u);
  EXPECT_EQ(value.find("1")->text(), "b");
  EXPECT_EQ(value.find(Key(Key::Any(int64_t{1})))->text(), "c");
}

TEST(YamlReader, NamesFileAndLineOfWhatItRefuses) {
  const std::vector<std::pair<std::string, std::string>> refused = {
      {"a: 1\n\tb: 2\n", "t.yaml:2: "},
      {"a: 1\nb:\t2\n", "t.yaml:2: a tab"},
      {"a: 1\nb: 2\na: 3\n", "t.yaml:3: duplicate key 'a'"},
      {"a: &x 1\nb: &x 2\n", "t.yaml:2: anchor &x stands twice, first on line 1"},
      {"a: *x\n", "t.yaml:1: alias *x has no anchor"},
      {"a: !foo 1\n", "t.yaml:1: tag !foo is not supported"},
      {"a: ${b\n", "t.yaml:1: malformed interpolation in '${b'"},
      {"a: 1\n---\nb: 1\n", "t.yaml:2: a second document"},
      {"a: 99999999999999999999\n", "t.yaml:1: 99999999999999999999 does not fit into 64 bits"},
      {"- 1\n? [a]\n", "t.yaml:2: "},
      {"\n\n5\n", "t.yaml:3: a config is a mapping or a list, this is an int"},
      {"a: \"\xff\"\n", "t.yaml:1: "},
      {"a: &x [*x]\n", "t.yaml:1: alias *x stands inside its own anchor"},
  };
  for (const auto& [text, start] : refused) {
    EXPECT_THAT(message_of([&] { parse_yaml(text, "t.yaml"); }), StartsWith(start)) << text;
  }
}

TEST(YamlReader, StopsAtAnAliasBomb) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string n = std::to_string(i), alias = "*a" + std::to_string(i - 1);
    bomb += "a" + n + ": &a" + n + " [";
    for (int k = 0; k < 10; ++k) bomb += (k ? ", " : "") + alias;
    bomb += "]\n";
  }
  EXPECT_THAT(message_of([&] { parse_yaml(bomb, "t"); }), HasSubstr("more than 200000 values"));
}

TEST(YamlReader, StopsAtABombOfMergeKeys) {
  std::string bomb = "a0: &a0 {k: 1}\n";
  for (int i = 1; i < 40; ++i) {
    const std::string n = std::to_string(i), alias = "*a" + std::to_string(i - 1);
    bomb += "a" + n + ": &a" + n + " {<<: [" + alias + ", " + alias + "]}\n";
  }
  EXPECT_THROW(parse_yaml(bomb, "t"), ConfigError);
}

TEST(YamlReader, RefusesNestingWithoutEnd) {
  const std::string deep(100'000, '[');
  EXPECT_THAT(message_of([&] { parse_yaml("a: " + deep, "t"); }), HasSubstr("nested deeper"));
}

TEST(YamlReader, SaysThatAFileIsMissing) {
  EXPECT_THAT(message_of([] { load_yaml("/nowhere/x.yaml"); }),
              HasSubstr("/nowhere/x.yaml: No such file"));
}

}  // namespace
}  // namespace manyfold::config
