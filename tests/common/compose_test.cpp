#include "common/config/compose.h"

#include <gmock/gmock.h>

#include "cases.h"
#include "common/config/json_writer.h"
#include "config_tree.h"

// The tree in tests/fixtures/config/tree is ours; it rebuilds the situations of Hydra 1.3's own
// tests (tests/defaults_list/test_defaults_list.py, tests/test_config_loader.py,
// tests/test_compose.py), and the expected results are what those tests expect of them: which
// configs are merged, in which order, under which packages.

namespace manyfold::config {
namespace {

using testing::HasSubstr;
using Overrides = std::vector<std::string>;

const std::string kTree = MANYFOLD_SOURCE_DIR "/tests/fixtures/config/tree";

Composed composed(const std::string& name, const Overrides& overrides = {}) {
  return compose({{{kTree, false}}, name, overrides});
}

struct Case {
  const char* name;
  Overrides overrides;
  const char* json;
};

class Composes : public testing::TestWithParam<Case> {};

TEST_P(Composes, AsHydraDoes) {
  EXPECT_EQ(to_json(composed(GetParam().name, GetParam().overrides).config), GetParam().json);
}

INSTANTIATE_TEST_SUITE_P(
    DefaultsLists, Composes,
    testing::Values(
        Case{"empty", {}, "{}"},
        Case{"config_default", {"~p.db", "~p.name"}, R"({"p": {"nothing": null, "later": "???"}})"},
        Case{"self_last", {}, R"({"group1": {"key": "self", "only1": 1, "own": 1}})"},
        Case{"self_first", {}, R"({"group1": {"key": "file1", "own": 1, "only1": 1}})"},
        Case{"no_self", {}, R"({"group1": {"key": "self", "only1": 1, "own": 1}})"},
        Case{"no_self", {"group1=file2"}, R"({"group1": {"key": "self", "only2": 2, "own": 1}})"},
        Case{"placeholder", {}, "{}"},
        Case{"placeholder", {"group1=file3"}, R"({"group1": {"key": "file3"}})"},
        Case{"nested_placeholder", {}, R"({"group1": {}})"},
        Case{"nested_placeholder",
             {"group1/group2=file1"},
             R"({"group1": {"group2": {"deep": 1}}})"},
        Case{"missing", {"group1=file3"}, R"({"group1": {"key": "file3"}})"},
        Case{"optional", {}, R"({"a": 1})"},
        Case{"optional", {"group1=file3"}, R"({"group1": {"key": "file3"}, "a": 1})"},
        Case{"select_multi", {}, R"({"group1": {"key": "file2", "only1": 1, "only2": 2}})"},
        Case{"select_multi",
             {"group1=[file2,file1]"},
             R"({"group1": {"key": "file1", "only2": 2, "only1": 1}})"},
        Case{"select_multi", {"group1=file3"}, R"({"group1": {"key": "file3"}})"},
        Case{"select_multi_pkg", {}, R"({"foo": {"key": "file2", "only1": 1, "only2": 2}})"},
        Case{"base_list", {"group1.1=c"}, R"({"group1": ["a", "c"]})"},
        Case{"merges",
             {},
             R"({"db": {"host": "local", "port": 1, "tags": ["c"], "new": {"x": 1}}, )"
             R"("name": {"now": "a map"}, "nothing": null, "later": 5})"}));

INSTANTIATE_TEST_SUITE_P(
    Packages, Composes,
    testing::Values(
        Case{"pkg1", {}, R"({"pkg1": {"key": "file1", "only1": 1}})"},
        Case{"pkg1", {"group1@pkg1=file3"}, R"({"pkg1": {"key": "file3"}})"},
        Case{"two_packages",
             {"group1@b=file3"},
             R"({"a": {"key": "file1", "only1": 1}, "b": {"key": "file3"}})"},
        Case{"primary_header",
             {"group1@foo.group1=file3", "group1@foo.pkg=file3"},
             R"({"foo": {"group1": {"key": "file3"}, "pkg": {"key": "file3"}, "own": 1}})"},
        Case{"nested_here", {}, R"({"key": "file1", "only1": 1, "own": 1})"},
        Case{"group1/file1", {}, R"({"group1": {"key": "file1", "only1": 1}})"},
        Case{"group1/file_with_group_header", {}, R"({"group1": {"key": "header"}})"},
        Case{"group1/global_header", {}, R"({"key": "global"})"},
        Case{"group1/foo_header", {}, R"({"foo": {"bar": {"key": "foo"}}})"},
        Case{"group1/sibling", {}, R"({"group1": {"key": "file1", "only1": 1, "item": 10}})"},
        Case{"placeholder",
             {"group1=group_item1"},
             R"({"group1": {"group2": {"deep": 1}, "item": 1}})"},
        Case{"placeholder",
             {"group1=group_item1_pkg2", "group1/group2@group1.pkg2=file2"},
             R"({"group1": {"pkg2": {"deep": 2}, "item": 2}})"},
        Case{"placeholder",
             {"group1=group_item1_global_", "group1/group2@_global_=file2"},
             R"({"deep": 2, "group1": {"item": 3}})"},
        Case{"placeholder",
             {"group1=group_item1_global_foo"},
             R"({"foo": {"deep": 1}, "group1": {"item": 4}})"},
        Case{"placeholder", {"group1=group_item1_here"}, R"({"group1": {"deep": 1, "item": 5}})"},
        Case{"placeholder",
             {"group1=group_item1_group"},
             R"({"group1": {"group2": {"zoo": {"deep": 1}}, "item": 6}})"},
        Case{"placeholder",
             {"group1=group_item1_pkg_header_foo", "group1/group2@foo.group2=file2"},
             R"({"foo": {"group2": {"deep": 2}, "item": 7}})"},
        Case{"placeholder",
             {"group1=absolute"},
             R"({"group1": {"group2": {"g2": 1}, "item": 8}})"}));

INSTANTIATE_TEST_SUITE_P(
    OverridesInLists, Composes,
    testing::Values(
        Case{"override_same_level", {}, R"({"group1": {"key": "file2", "only2": 2}})"},
        Case{"override_same_level", {"group1=file3"}, R"({"group1": {"key": "file3"}})"},
        Case{"override_nested", {}, R"({"group1": {"group2": {"deep": 2}, "item": 1}})"},
        Case{"override_pkg", {}, R"({"a": {"key": "file2", "only2": 2}})"},
        Case{"override_hydra",
             {},
             R"({"a": "${hydra:job.name}", "c": "${hydra:runtime.choices.group1}", )"
             R"("group1": {"key": "file1", "only1": 1}})"},
        Case{"override_hydra",
             {"hydra/launcher=submitit", "hydra.run.dir=elsewhere", "~a", "~c"},
             R"({"group1": {"key": "file1", "only1": 1}})"},
        Case{"legacy_hydra", {}, R"({"group1": {"key": "file1", "only1": 1}})"},
        Case{"with_experiment",
             {"experiment=exp"},
             R"({"group1": {"key": "file2", "only2": 2}, "name": "exp", "group2": {"g2": 1}, )"
             R"("lr": 0.1})"},
        Case{"no_self",
             {"+experiment=exp"},
             R"({"group1": {"key": "self", "only2": 2, "own": 1}, "group2": {"g2": 1}, )"
             R"("name": "exp", "lr": 0.1})"}));

INSTANTIATE_TEST_SUITE_P(
    Interpolation, Composes,
    testing::Values(
        Case{"interpolation",
             {},
             R"({"group1": {"key": "file1", "only1": 1}, "group2": {"g2": 1}, )"
             R"("group1_group2": {"both": 11}})"},
        Case{"interpolation",
             {"group1=file2"},
             R"({"group1": {"key": "file2", "only2": 2}, "group2": {"g2": 1}, )"
             R"("group1_group2": {"both": 21}})"},
        Case{"interpolation_forward",
             {"group1=file2"},
             R"({"group1_group2": {"both": 21}, "group1": {"key": "file2", "only2": 2}, )"
             R"("group2": {"g2": 1}})"},
        Case{"interpolation_legacy",
             {},
             R"({"group1": {"key": "file1", "only1": 1}, "group2": {"g2": 1}, )"
             R"("group1_group2": {"both": 11}})"},
        Case{"interpolation_config",
             {"group1=file2"},
             R"({"group1": {"key": "file2", "only2": 2}, "group2": {"g2": 2}})"}));

INSTANTIATE_TEST_SUITE_P(
    CommandLine, Composes,
    testing::Values(
        Case{"", {}, "{}"}, Case{"", {"+group1=file3"}, R"({"group1": {"key": "file3"}})"},
        Case{"", {"+a.b=1", "a.b=2"}, R"({"a": {"b": 2}})"},
        Case{"", {"+group1@x.y=file3"}, R"({"x": {"y": {"key": "file3"}}})"},
        Case{"empty", {"+group1/group2=file1"}, R"({"group1": {"group2": {"deep": 1}}})"},
        Case{"empty",
             {"+group1=[file1,file2]"},
             R"({"group1": {"key": "file2", "only1": 1, "only2": 2}})"},
        Case{"no_self", {"~group1"}, R"({"group1": {"key": "self", "own": 1}})"},
        Case{"no_self", {"~group1=file1"}, R"({"group1": {"key": "self", "own": 1}})"},
        Case{"plain",
             {"db.port=1_000", "name='1'", "db.tags=[x,{y:z}]", "++new=1", "+nothing=2"},
             R"({"db": {"host": "local", "port": 1000, "tags": ["x", {"y": "z"}]}, "name": "1", )"
             R"("nothing": 2, "later": "???", "new": 1})"},
        Case{"plain",
             {"db={port: 5}", "~name=x", "+db={extra:1}", "++db={more:2}", "later="},
             R"({"db": {"host": "local", "port": 5, "tags": ["a", "b"], "extra": 1, "more": 2}, )"
             R"("nothing": null, "later": ""})"},
        Case{"plain",
             {"~db.tags", "+name.x=1", "+list=[]", "nothing=${db.port}"},
             R"({"db": {"host": "local", "port": 3306}, "name": {"x": 1}, )"
             R"("nothing": "${db.port}", "later": "???", "list": []})"}));

TEST(Compose, SaysWhatIsWrongAndWhere) {
  struct Refused {
    const char* name;
    Overrides overrides;
    const char* part;
  };
  const std::vector<Refused> cases = {
      {"two_selves", {}, "In 'two_selves': _self_ stands twice"},
      {"missing", {}, "missing.yaml:2: you must specify 'group1', e.g. group1=<option>; known: "},
      {"not_optional",
       {},
       "not_optional.yaml:2: could not find 'group1/fiel1'; did you mean 'file1'?"},
      {"unknown_group", {}, "there is no group 'gruop1'; did you mean 'group1'?"},
      {"interpolation_unknown", {}, "interpolation_unknown.yaml:2: cannot follow '${grp}'"},
      {"override_only", {}, "override_only.yaml:2: could not override 'group1'. No match"},
      {"override_wrong_order", {}, "Overrides must be at the end of the defaults list"},
      {"override_unknown", {}, "override_unknown.yaml:3: could not override 'group2'"},
      {"override_from_below", {}, "'group2@group1.group2'. Did you mean to override group2?"},
      {"interpolation", {"group2=file2"}, "overrides are not allowed below"},
      {"duplicate_group", {}, "group1 appears more than once in the final defaults list"},
      {"multiple_values", {}, "multiple values for group1"},
      {"circle", {}, "lead round in a circle"},
      {"bad_defaults", {}, "bad_defaults.yaml:1: defaults list: must be a list, not a mapping"},
      {"bad_item", {}, "bad_item.yaml:2: defaults list: an entry is a string"},
      {"bad_value", {}, "bad_value.yaml:2: defaults list: a choice must be a string"},
      {"bad_two", {}, "bad_two.yaml:2: defaults list: one group an entry"},
      {"bad_self", {}, "bad_self.yaml:2: defaults list: _self_ takes no package"},
      {"bad_header", {}, "bad_header.yaml:1: a header is '# @package NAME'"},
      {"searchpath_inside", {}, "may be set by the primary config only"},
      {"group1/list", {}, "list.yaml:1: the primary config must be a mapping, not a list"},
      {"plian", {}, "cannot find primary config 'plian'; did you mean 'plain'?"},
      {"./plain", {}, "must be a name within the folders of configs, not a path"},
      {"/x/plain", {}, "name its folder by --config-dir"},
      {"pkg1", {"group1@wrong=file2"}, "Did you mean to override group1@pkg1?"},
      {"pkg1", {"group1=file2"}, "To append to your default list use +group1=file2"},
      {"two_packages", {"group1=file2"}, "Did you mean to override one of group1@a, group1@b?"},
      {"empty", {"~group1"}, "could not delete 'group1'. No match in the defaults list"},
      {"no_self", {"~group1=file2"}, "could not delete 'group1=file2'. No match"},
      {"no_self", {"++group1=file2"}, "++ cannot add a group"},
      {"no_self", {"group1=1"}, "takes the name of an option or a list of names, not an int"},
      {"no_self", {"group1=null"}, "use '~group1'"},
      {"no_self", {"+group1=file2"}, "multiple values for group1"},
      {"plain",
       {"db.prot=1"},
       "Could not override 'db.prot'. Did you mean 'db.port'?\nTo append to "
       "your config use +db.prot=1"},
      {"plain",
       {"db={prot:1}"},
       "Could not override 'db': there is no key 'db.prot'. Did you mean 'db.port'?\n"
       "To append to your config use +db={prot:1}"},
      {"plain", {"name.x=1"}, "Could not override 'name.x'"},
      {"plain", {"+name=1"}, "'name' exists already"},
      {"plain", {"~nope"}, "could not delete 'nope', it does not exist"},
      {"plain", {"~nothing"}, "could not delete 'nothing', it does not exist"},
      {"plain", {"~name=y"}, "its value is x and not y"},
      {"plain", {"db.tags.7=1"}, "'7' is not the number of an item of a list of 2"},
      {"plain", {"db=[1]"}, "cannot merge a list into a mapping at 'db'"},
      {"plain", {"name@pkg=1"}, "there is no group 'name'"},
      {"plain", {"name=a,b"}, "'name=a,b' is ambiguous"},
      {"plain", {"name=choice(a,b)"}, "a sweep needs --multirun"},
      {"plain", {"name=${a"}, "cannot parse override"},
      {"plain", {"hydra.searchpath=5"}, "hydra.searchpath must be a list of strings"},
  };
  for (const auto& one : cases) {
    EXPECT_THAT(message_of([&] { composed(one.name, one.overrides); }), HasSubstr(one.part))
        << one.name << " " << (one.overrides.empty() ? "" : one.overrides[0]);
  }
}

TEST(Compose, RemovesWhatHoldsInterpolationsThatLeadNowhere) {
  const Tree tree({{"job.yaml", "a: {b: '${nope}'}\nc: 1\n"}, {"other.yaml", ""}});
  const auto job = compose({{{tree.folder(), false}}, "job", {"~a"}});
  EXPECT_EQ(to_json(job.config), R"({"c": 1})");
}

TEST(Compose, FollowsHydrasOwnSettings) {
  const auto config = composed("override_hydra").resolved();
  EXPECT_EQ(config.find("a")->text(), "manyfold");
  EXPECT_EQ(config.find("c")->text(), "file1");
}

TEST(Compose, SearchesTheFoldersInOrderAndWhatThePrimaryConfigAdds) {
  const Tree first(
      {{"job.yaml", "defaults: [{db: b}, _self_]\na: first\n"}, {"db/a.yaml", "x: 1\n"}});
  const Tree second({{"job.yaml", "a: second\n"}, {"db/b.yaml", "x: 2\n"}});
  const auto both = compose({{{first.folder(), false}, {second.folder(), true}}, "job", {}});
  EXPECT_EQ(to_json(both.config), R"({"db": {"x": 2}, "a": "first"})");
  const auto added = compose({{{first.folder(), false}},
                              "job",
                              {"hydra.searchpath=[file://" + second.folder().string() + "]"}});
  EXPECT_EQ(to_json(added.config), R"({"db": {"x": 2}, "a": "first"})");
}

TEST(Compose, TakesAnOverrideForAValueWhenOnlyAFallbackFolderHasSuchAGroup) {
  const Tree own({{"job.yaml", "data: x\nmodel: y\n"}, {"other.yaml", ""}});
  const Tree shipped({{"data/a.yaml", "x: 1\n"}, {"model/m.yaml", "x: 1\n"}});
  const auto with = [&](const Overrides& overrides) {
    return to_json(
        compose({{{own.folder(), false}, {shipped.folder(), true}}, "job", overrides}).config);
  };
  EXPECT_EQ(with({"data=z", "~model", "+model=5"}), R"({"data": "z", "model": 5})");
  EXPECT_EQ(with({"~data", "~model", "++b=1"}), R"({"b": 1})");
}

TEST(Compose, SaysWhichChoicesAGroupOfAFallbackFolderHas) {
  const Tree own({{"job.yaml", "tasks: {}\n"}, {"other.yaml", ""}});
  const Tree shipped({{"task/faces.yaml", "x: 1\n"}, {"task/gesture.yaml", "x: 2\n"}});
  const auto said = [&](const std::string& override) {
    return message_of([&] {
      compose({{{own.folder(), false}, {shipped.folder(), true}}, "job", {override}});
    });
  };
  EXPECT_EQ(said("+task@tasks.a=facse"),
            "override '+task@tasks.a=facse': the group 'task' has no choice 'facse'; did you mean "
            "'faces'? known: faces, gesture");
  EXPECT_EQ(said("task@tasks.a=faces"),
            "override 'task@tasks.a=faces': the defaults list has no 'task@tasks.a'; to add it, "
            "write +task@tasks.a=faces");
}

TEST(Recompose, ChangesAConfigThatWasComposedBefore) {
  const std::string yaml = "a: {b: 1, c: '${a.b}'}\n";
  const auto changed = recompose(yaml, "the config in x", {"a.b=2", "+a.d=3"});
  EXPECT_EQ(to_json(changed.resolved()), R"({"a": {"b": 2, "c": 2, "d": 3}})");
  EXPECT_EQ(
      message_of([&] { recompose(yaml, "the config in x", {"a=small"}); }),
      "override 'a=small': 'a' is a section of the config in x, which has no groups to choose "
      "from; give its keys; known: a.b, a.c");
  EXPECT_THAT(message_of([] { recompose("a: [\n", "the config in x", {}); }),
              HasSubstr("the config in x:"));
}

TEST(Compose, NamesTheOriginOfEveryValue) {
  const auto config = composed("with_experiment", {"experiment=exp", "group2.g2=7"}).config;
  EXPECT_THAT(config.find("name")->origin.text(), testing::EndsWith("experiment/exp.yaml:5"));
  EXPECT_EQ(config.find("group2")->find("g2")->origin.text(),
            "command line override 2 (group2.g2=7)");
}

}  // namespace
}  // namespace manyfold::config
