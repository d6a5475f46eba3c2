#include "cli/config.h"

#include <gmock/gmock.h>
#include <sys/wait.h>

#include <cstdio>
#include <sstream>

#include "cli/job/job_line.h"
#include "cli/job/job_options.h"
#include "common/config/describer.h"
#include "common/config/reader.h"
#include "common/config/resolve.h"
#include "tests/common/cases.h"
#include "tests/common/config_tree.h"

namespace manyfold::cli {
namespace {

using config::Tree;
using testing::HasSubstr;

struct Outcome {
  int code;
  std::string text;  // both streams
};

Outcome run(const std::string& arguments) {
  const std::string line = std::string(MANYFOLD_BINARY) + " " + arguments + " 2>&1";
  FILE* pipe = ::popen(line.c_str(), "r");
  Outcome outcome;
  char block[4096];
  while (const size_t n = std::fread(block, 1, sizeof block, pipe)) outcome.text.append(block, n);
  outcome.code = WEXITSTATUS(::pclose(pipe));
  return outcome;
}

class ConfigCommand : public testing::Test {
 protected:
  const Tree tree_{{{"job.yaml", "defaults: [{db: mysql}, _self_]\nport: ${db.port}\nrate: 1e-5\n"},
                    {"db/mysql.yaml", "port: 3306\nname: '1'\n"},
                    {"db/sub/x.yaml", ""}}};
  Outcome show(const std::string& rest) {
    return run("config show --config-dir " + tree_.folder().string() + " --config-name job " +
               rest);
  }
};

TEST_F(ConfigCommand, ShowsYamlAsOmegaConfDumpsIt) {
  const auto outcome = show("");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.text, "db:\n  port: 3306\n  name: '1'\nport: ${db.port}\nrate: 1.0e-05\n");
}

TEST_F(ConfigCommand, ShowsResolvedJson) {
  const auto outcome = show("--resolve --json -- db.port=1 +x=[.nan]");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.text,
            "{\n  \"db\": {\n    \"port\": 1,\n    \"name\": \"1\"\n  },\n  \"port\": 1,\n"
            "  \"rate\": 1e-05,\n  \"x\": [\n    \".nan\"\n  ]\n}\n");
}

// A fenced block of a page that is a job of its own.
TEST_F(ConfigCommand, ComposesTheJobThatThePageOnVideoShows) {
  std::ifstream page(MANYFOLD_SOURCE_DIR "/docs/video.md");
  const std::string text{std::istreambuf_iterator<char>(page), {}};
  const std::string fence = "```yaml\n";
  const auto begin = text.find(fence + "defaults:") + fence.size();
  const Tree own({{"mine.yaml", text.substr(begin, text.find("```", begin) - begin)}});
  const auto shown =
      run("config show --config-name mine schedule=gru_only --config-dir " + own.folder().string());
  EXPECT_EQ(shown.code, 0) << shown.text;
  EXPECT_THAT(shown.text, HasSubstr("memory:\n"));  // a phase of the schedule
}

TEST_F(ConfigCommand, ShowsEveryRunOfASweep) {
  EXPECT_EQ(show("-m --resolve ~db db.port=1").code, 2);
  EXPECT_EQ(show("-m --resolve rate=1,2 '~port' '~db.name'").text,
            "---\ndb:\n  port: 3306\nrate: 1\n---\ndb:\n  port: 3306\nrate: 2\n");
}

TEST_F(ConfigCommand, ShowsTheDefaultsList) {
  const auto outcome = show("--info defaults");
  EXPECT_THAT(outcome.text,
              HasSubstr("  db/mysql -> db  (from job)\n  job -> _global_  (_self_)\n"));
}

TEST_F(ConfigCommand, EndsWithTwoAndAMessageForAWrongConfig) {
  const auto outcome = show("db=mysq");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(
      outcome.text,
      HasSubstr("manyfold: command line override 1 (db=mysq): could not find 'db/mysq'; did "
                "you mean 'mysql'?"));
}

TEST_F(ConfigCommand, ListsTheChoicesOfAGroup) {
  const std::string where = " --config-dir " + tree_.folder().string();
  EXPECT_EQ(run("config list db" + where).text, "sub/\nmysql\n");
  EXPECT_EQ(run("config list db/sub" + where).text, "x\n");
  EXPECT_THAT(run("config list dbb" + where).text,
              HasSubstr("there is no group 'dbb'; did you mean 'db'?"));
}

TEST_F(ConfigCommand, HelpsAndNamesTheNearestCommand) {
  EXPECT_EQ(run("--help").code, 0);
  EXPECT_THAT(run("--help").text, HasSubstr("config"));
  EXPECT_EQ(run("--version").code, 0);
  EXPECT_EQ(run("").code, 2);
  EXPECT_EQ(run("confg").code, 2);
  EXPECT_THAT(run("confg").text, HasSubstr("unknown command 'confg'; did you mean 'config'?"));
  EXPECT_THAT(run("config shw").text, HasSubstr("did you mean 'show'?"));
}

// The table of names and the library of commands are two files.
TEST_F(ConfigCommand, EveryCommandOfTheHelpCanBeRun) {
  std::istringstream lines(run("--help").text);
  std::string line;
  while (std::getline(lines, line) && line != "Commands:") {
  }
  int commands = 0;
  while (std::getline(lines, line) && !line.empty()) {
    std::string name;
    std::istringstream(line) >> name;
    const auto outcome = run(name + " --help");
    EXPECT_EQ(outcome.code, 0) << line;
    EXPECT_THAT(outcome.text, HasSubstr("manyfold " + name));
    ++commands;
  }
  EXPECT_GE(commands, 7);
}

TEST_F(ConfigCommand, FailsWhenItCannotWrite) { EXPECT_EQ(run("--help > /dev/full").code, 1); }

/// The keys of a section as its options describe them, with the values in `options`.
template <class Options>
std::map<std::string, std::string> described(Options options) {
  std::map<std::string, std::string> values;
  for (const auto& doc : config::describe([&](config::Fields& f) { options.fields(f); })) {
    const bool named = doc.path.find('<') != std::string::npos || doc.type == "sections by name";
    if (doc.type != "section" && !named) values[doc.path] = doc.initial;
  }
  return values;
}

template <class Options>
void expect_all_defaults(const config::Value& section) {
  const auto options = config::read<Options>(section);
  EXPECT_EQ(described(options), described(Options()));
  config::Resolver resolver(section);
  for (const auto& [path, value] : described(Options())) {
    if (path == "root" || path == "mix") continue;  // of the sets
    EXPECT_TRUE(resolver.peek(path)) << path << " is not in job.yaml: its override would need a +";
  }
}

TEST(JobConfig, ListsEveryKeyWithItsDefault) {
  const auto line = parse_job_line("train", {"-d", MANYFOLD_SOURCE_DIR "/configs", "data.size=160"},
                                   "job", Sweeps::refused);
  const auto config = compose(line).resolved();
  expect_all_defaults<RunOptions>(*config.find("run"));
  expect_all_defaults<data::DataOptions>(*config.find("data"));
  expect_all_defaults<train::LoopOptions>(*config.find("train"));
  expect_all_defaults<ExportOptions>(*config.find("export"));
}

struct Options {
  double lr = 0.1;
  void fields(config::Fields& f) { f.field("lr", lr, "Peak learning rate.", config::positive()); }
};

TEST(ConfigDoc, DescribesTheRootOptions) {
  const auto root = [](config::Fields& f) { Options().fields(f); };
  EXPECT_EQ(doc_text(root, "lr"), "lr: float, > 0, default 0.1\n    Peak learning rate.\n");
  EXPECT_THROW(doc_text(root, "lrr"), ConfigError);
}

}  // namespace
}  // namespace manyfold::cli
