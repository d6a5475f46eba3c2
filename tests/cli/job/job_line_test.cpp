#include "cli/job/job_line.h"

#include <gmock/gmock.h>

#include "tests/common/cases.h"
#include "tests/common/config_tree.h"

namespace manyfold::cli {
namespace {

namespace po = boost::program_options;
using config::message_of;
using config::Tree;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(JobLine, TakesOptionsAndOverridesInAnyOrder) {
  const auto line = parse_job_line(
      "train", {"a=1", "--config-name", "job", "~b", "-m", "+c=-5", "--config-dir=/x", "++d="}, "q",
      Sweeps::allowed);
  EXPECT_EQ(line.config_name, "job");
  EXPECT_EQ(line.config_dir, "/x");
  EXPECT_TRUE(line.multirun);
  EXPECT_THAT(line.overrides, ElementsAre("a=1", "~b", "+c=-5", "++d="));
}

TEST(JobLine, EndsTheOptionsAtTwoDashes) {
  const auto line = parse_job_line("train", {"--resolve", "--", "a=1", "b=--help"}, "quickstart",
                                   Sweeps::allowed);
  EXPECT_EQ(line.config_name, "quickstart");
  EXPECT_TRUE(line.resolve);
  EXPECT_FALSE(line.help);
  EXPECT_THAT(line.overrides, ElementsAre("a=1", "b=--help"));
}

TEST(JobLine, ReadsOptionsOfTheCommandsOwn) {
  po::options_description own;
  own.add_options()("resume", "go on")("fold", po::value<int>()->default_value(3), "which");
  const auto line = parse_job_line("train", {"--resume", "x=1"}, "q", Sweeps::allowed, own);
  EXPECT_TRUE(line.options.count("resume"));
  EXPECT_EQ(line.options["fold"].as<int>(), 3);
  EXPECT_THAT(line.usage, HasSubstr("--resume"));
}

TEST(JobLine, RefusesUnknownOptionsAndNamesTheNearest) {
  EXPECT_THAT(message_of([] {
                parse_job_line("train", {"--config-nam", "x"}, "q", Sweeps::allowed);
              }),
              HasSubstr("did you mean '--config-name'?"));
  EXPECT_THAT(message_of([] {
                parse_job_line("train", {"--cfg", "jbo"}, "q", Sweeps::allowed);
              }),
              HasSubstr("did you mean 'job'?"));
  EXPECT_THROW(parse_job_line("train", {"--config-name"}, "q", Sweeps::allowed), ConfigError);
}

TEST(JobLine, RefusesASweepWhereThereIsNone) {
  EXPECT_THAT(message_of([] { parse_job_line("synth", {"-m"}, "synth", Sweeps::refused); }),
              HasSubstr("unknown option '-m'"));
}

TEST(JobLine, TellsAConfigFromAnOverride) {
  const Tree tree({{"job.yaml", "a: 0\n"}, {"other.yaml", ""}});
  const std::vector<std::string> arguments = {"-d", tree.folder().string(), "other"};
  EXPECT_THAT(
      message_of([&] { compose(parse_job_line("train", arguments, "job", Sweeps::refused)); }),
      HasSubstr("'other' is a config, not an override: --config-name other"));
}

TEST(JobLine, ComposesEveryRunOfASweep) {
  const Tree tree({{"job.yaml", "a: 0\nb: 0\n"}, {"other.yaml", ""}});
  const auto line = parse_job_line(
      "train", {"-m", "--config-dir", tree.folder().string(), "-n", "job", "a=1,2", "b=range(2)"},
      "q", Sweeps::allowed);
  std::string all;
  for (const auto& overrides : runs(line)) all += compose(line, overrides).config.text() + "\n";
  EXPECT_EQ(all, "{'a': 1, 'b': 0}\n{'a': 1, 'b': 1}\n{'a': 2, 'b': 0}\n{'a': 2, 'b': 1}\n");
}

TEST(JobLine, IsOneRunWithoutMultirun) {
  EXPECT_THAT(runs(parse_job_line("train", {"a=1"}, "q", Sweeps::allowed)),
              ElementsAre(ElementsAre("a=1")));
}

}  // namespace
}  // namespace manyfold::cli
