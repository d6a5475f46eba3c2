#include "common/config/override.h"

#include <gmock/gmock.h>

#include "cases.h"
#include "common/config/json_writer.h"

// Expected values follow the cases of Hydra's tests/test_overrides_parser.py (1.3).

namespace manyfold::config {
namespace {

using testing::HasSubstr;

std::string value_of(const std::string& text) {
  return to_json(parse_override("key=" + text).config_value());
}

TEST(Override, ReadsValuesByTheGrammarOfHydra) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"abc", R"("abc")"},
      {"abc123", R"("abc123")"},
      {"abc-123", R"("abc-123")"},
      {"a b c\t-\t1 2 3", R"("a b c\t-\t1 2 3")"},
      {" abc-123 ", R"("abc-123")"},
      {"123abc", R"("123abc")"},
      {"xyz_${a.b.c}", R"("xyz_${a.b.c}")"},
      {"${oc.env:USER,root}", R"("${oc.env:USER,root}")"},
      {R"(c:\foo\a-b.txt)", R"("c:\\foo\\a-b.txt")"},
      {"null", "null"},
      {"NuLl", "null"},
      {"1", "1"},
      {"-1", "-1"},
      {"+1", "1"},
      {"1_000_000", "1000000"},
      {"1_", R"("1_")"},
      {"007", R"("007")"},
      {"0.51", "0.51"},
      {"10e0", "10.0"},
      {"1e1_0", "10000000000.0"},
      {"1.", "1.0"},
      {".5", "0.5"},
      {"1.2.3", R"("1.2.3")"},
      {"inf", "Infinity"},
      {"-INF", "-Infinity"},
      {"nan", "NaN"},
      {"true", "true"},
      {"trUe", "true"},
      {"FALSE", "false"},
      {"yes", R"("yes")"},
      {"truex", R"("truex")"},
      {".", R"(".")"},
      {"/:-\\+.$%*@?|", R"("/:-\\+.$%*@?|")"},
      {"http://a.b:8080/c?d", R"("http://a.b:8080/c?d")"},
      {"???", R"("???")"},
      {"", R"("")"},
      {"''", R"("")"},
      {"'10'", R"("10")"},
      {"'a, b'", R"("a, b")"},
      {R"('it\'s')", R"("it's")"},
      {R"("say \"x\"")", R"("say \"x\"")"},
      {R"('a\\')", R"("a\\")"},
      {R"('a\b')", R"("a\\b")"},
      {R"('a\\\'b')", R"("a\\'b")"},
      {R"(a\,b)", R"("a,b")"},
      {R"(\(a\)\[b\]\{c\}\:\=)", R"("(a)[b]{c}:=")"},
      {R"(a\ )", R"("a ")"},
      {R"(\\)", R"("\\")"},
      {"[]", "[]"},
      {"[1, 2, [a, 'b c']]", R"([1, 2, ["a", "b c"]])"},
      {"[ 1 ]", "[1]"},
      {"{}", "{}"},
      {"{a:10,b:{c:[1,2]}}", R"({"a": 10, "b": {"c": [1, 2]}})"},
      {"{1:a, true:b, c d:e}", R"({"1": "b", "c d": "e"})"},
      {"{a:b:c}", R"({"a": "b:c"})"},
      {"int(10.0)", "10"},
      {"int('1_0')", "10"},
      {"str(10.0)", R"("10.0")"},
      {"str([1,true,a])", R"(["1", "true", "a"])"},
      {"bool(10.0)", "true"},
      {"bool('false')", "false"},
      {"float({a:1,b:'2'})", R"({"a": 1.0, "b": 2.0})"},
      {"float(float(10))", "10.0"},
      {"json_str([1,2,{a:'b c'}])", R"("[1, 2, {\"a\": \"b c\"}]")"},
      {"json_str(null)", R"("null")"},
      {"sort([2,3,1])", "[1, 2, 3]"},
      {"sort([2,3,1],reverse=true)", "[3, 2, 1]"},
      {"sort(list=[b,a])", R"(["a", "b"])"},
  };
  for (const auto& [text, json] : cases) EXPECT_EQ(value_of(text), json) << text;
}

TEST(Override, ReadsKeysAndKinds) {
  struct Case {
    std::string line, key, package, text;
  };
  const std::vector<Case> cases = {
      {"abc=1", "abc", "-", "abc"},
      {"abc/cde=1", "abc/cde", "-", "abc/cde"},
      {"abc.cde=1", "abc.cde", "-", "abc.cde"},
      {"list.0=1", "list.0", "-", "list.0"},
      {"a-b.$c=1", "a-b.$c", "-", "a-b.$c"},
      {"group@pkg1=1", "group", "pkg1", "group@pkg1"},
      {"group@pkg1.a=1", "group", "pkg1.a", "group@pkg1.a"},
      {"group@=1", "group", "", "group@"},
      {"+a.b=1", "a.b", "-", "+a.b"},
      {"++a=1", "a", "-", "++a"},
      {"~a", "a", "-", "~a"},
      {"~g@p=1", "g", "p", "~g@p"},
  };
  for (const auto& one : cases) {
    const auto override = parse_override(one.line);
    EXPECT_EQ(override.key, one.key) << one.line;
    EXPECT_EQ(override.package.value_or("-"), one.package) << one.line;
    EXPECT_EQ(override.key_text(), one.text) << one.line;
  }
  EXPECT_FALSE(parse_override("~a").value.has_value());
}

TEST(Override, RefusesWhatTheGrammarDoesNotKnow) {
  for (const char* line : {"key",
                           "+key",
                           "key=[",
                           "key=[]aa",
                           "key=[1,2,3]'",
                           "key={a}",
                           "key=a=b",
                           "key=${a.${b}}",
                           "key=a)",
                           "key='a'b",
                           "ke y=1",
                           "1=2",
                           "/a=1",
                           "a/=1",
                           "a.b/c=1",
                           "a@b:c=1",
                           "a@:c=1",
                           "key=foo(1)",
                           "key=choice()",
                           "key=int(x)",
                           "key=range()",
                           "key=choice(1,choice(2))",
                           "key=sort(3,2,str(1))",
                           "key=a,,b",
                           "key=,",
                           "key={'a':1}",
                           "key=(a)",
                           "+++a=1",
                           "-a=1",
                           "key=99999999999999999999"}) {
    EXPECT_THROW(parse_override(line), ConfigError) << line;
  }
  EXPECT_EQ(message_of([] { parse_override("lr=a=b"); }),
            "cannot parse override 'lr=a=b': unexpected at '=b'");
  EXPECT_THAT(message_of([] { parse_override("a=rnge(1,2)"); }),
              HasSubstr("in 'rnge(1,2)': unknown function 'rnge'; did you mean 'range'?"));
}

TEST(Override, WritesElementsSoThatTheyReadTheSame) {
  for (const char* text : {"abc", "1", "1.5", "null", "true", "'1'", "\"a b\"", "[1,'a,b',{c:d}]",
                           R"(a\,b\ )", R"('a\\')", R"('it\'s')", R"(\\)", "1e-05", "nan"}) {
    const auto first = parse_override(std::string("k=") + text);
    const auto again = parse_override("k=" + to_override_text(*first.value));
    EXPECT_EQ(to_json(first.config_value()), to_json(again.config_value())) << text;
  }
}

TEST(Override, SaysWhereAValueCameFrom) {
  EXPECT_EQ(parse_override("train.lr=0.1", 3).config_value().origin.text(),
            "command line override 3 (train.lr=0.1)");
}

TEST(Override, SurvivesNestingWithoutEnd) {
  EXPECT_THROW(parse_override("a=" + std::string(100'000, '[')), ConfigError);
}

}  // namespace
}  // namespace manyfold::config
