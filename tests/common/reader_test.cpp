#include "common/config/reader.h"

#include <gmock/gmock.h>

#include "cases.h"
#include "common/config/yaml_reader.h"

namespace manyfold::config {
namespace {

struct Sgd {
  double lr = 0.1;
  int64_t warmup = 5;
  void fields(Fields& f) {
    f.field("lr", lr, "Peak learning rate.", positive());
    f.field("warmup", warmup, "Steps.", at_least(0));
  }
};

struct Task {
  double weight = 1;
  void fields(Fields& f) { f.field("weight", weight, "Of its loss.", at_least(0)); }
};

struct Job {
  std::string name;
  std::string mode = "fast";
  bool ema = false;
  int64_t steps = 100;
  std::string kind = "list";
  std::string folder;
  int64_t count = 0;
  std::vector<int64_t> counts = {1, 2};
  PictureSize size = {1, 2};
  PictureSize square;
  std::vector<double> means;
  std::vector<std::string> words;
  std::map<std::string, double> shares;
  std::map<std::string, std::string> names;
  Sgd train;
  std::vector<std::pair<std::string, Task>> tasks;

  void fields(Fields& f) {
    f.field("name", name, "Of the run.");
    f.required("name");
    f.field("mode", mode, "How.", {"fast", "slow"});
    f.field("ema", ema, "Average the weights.");
    f.field("steps", steps, "How many.", between(1, 1000));
    f.variant("kind", kind, "Where pictures come from.",
              {{"folder", [&](Fields& g) { g.field("folder", folder, "Path."); }},
               {"list", [&](Fields& g) { g.field("count", count, "Pictures."); }}});
    f.field("counts", counts, "Of each.", positive());
    f.field("size", size, "Pixels.", positive());
    f.field("square", square, "Pixels.");
    f.field("means", means, "By channel.", between(0, 1));
    f.field("words", words, "Any.");
    f.field("shares", shares, "By source.", between(0, 1));
    f.field("names", names, "By id.");
    f.section("train", train, "The optimiser.");
    f.entries("tasks", tasks, "What is learnt.");
    f.require(train.warmup < steps, "steps", "must be more than train.warmup");
  }
};

Job job(const std::string& yaml) { return read<Job>(parse_yaml(yaml, "job.yaml")); }
std::string mistake(const std::string& yaml) {
  return message_of([&] { job(yaml); });
}

TEST(Reader, ReadsEveryTypeAndKeepsDefaults) {
  const auto read =
      job("name: n\nmode: slow\nema: true\nsteps: 7\nkind: folder\nfolder: /x\nsize: [3, "
          "4]\nsquare: 5\ncounts: [3]\n"
          "means: [0, 0.5]\nwords: [a, b]\nshares: {real: 1, drawn: 0.25}\nnames: {a: b}\n"
          "train: {lr: 1}\ntasks: {seg: {weight: 2}, off: null, face: {}}\n");
  EXPECT_EQ(read.mode, "slow");
  EXPECT_TRUE(read.ema);
  EXPECT_EQ(read.steps, 7);
  EXPECT_EQ(read.folder, "/x");
  EXPECT_THAT(read.counts, testing::ElementsAre(3));
  EXPECT_EQ(read.size.height, 3);
  EXPECT_EQ(read.size.width, 4);
  EXPECT_EQ(read.square.height, 5);
  EXPECT_EQ(read.square.width, 5);
  EXPECT_THAT(read.means, testing::ElementsAre(0, 0.5));
  EXPECT_THAT(read.words, testing::ElementsAre("a", "b"));
  EXPECT_EQ(read.shares.at("drawn"), 0.25);
  EXPECT_EQ(read.names.at("a"), "b");
  EXPECT_EQ(read.train.lr, 1);
  EXPECT_EQ(read.train.warmup, 5);
  ASSERT_EQ(read.tasks.size(), 2u);  // in the order of the config, without the null one
  EXPECT_EQ(read.tasks[0].first, "seg");
  EXPECT_EQ(read.tasks[0].second.weight, 2);
  EXPECT_EQ(read.tasks[1].second.weight, 1);
}

TEST(Reader, SaysWhatIsWrongWithAValue) {
  EXPECT_EQ(mistake("name: n\ntrain:\n  lr: -0.1\n"), "job.yaml:3: train.lr = -0.1, must be > 0");
  EXPECT_EQ(mistake("name: n\nsteps: 0\n"), "job.yaml:2: steps = 0, must be in [1, 1000]");
  EXPECT_EQ(mistake("name: n\nsteps: 1.0\n"),
            "job.yaml:2: steps = 1.0, must be an int, not a float");
  EXPECT_EQ(mistake("name: n\nsteps: true\n"),
            "job.yaml:2: steps = true, must be an int, not a bool");
  EXPECT_EQ(mistake("name: n\ntrain: {lr: '1'}\n"),
            "job.yaml:2: train.lr = '1', must be a float, not a string");
  EXPECT_EQ(mistake("name: n\ntrain: {lr: .nan}\n"), "job.yaml:2: train.lr = nan, must be > 0");
  EXPECT_EQ(mistake("name: 5\n"), "job.yaml:1: name = 5, must be a string, not an int");
  EXPECT_EQ(mistake("name: n\nema: 1\n"), "job.yaml:2: ema = 1, must be a bool, not an int");
  EXPECT_EQ(mistake("name: n\nsize: [1, a]\n"),
            "job.yaml:2: size[1] = 'a', must be an int, not a string");
  EXPECT_EQ(mistake("name: n\ncounts: [1, a]\n"),
            "job.yaml:2: counts[1] = 'a', must be an int, not a string");
  EXPECT_EQ(mistake("name: n\nsize: 0\n"), "job.yaml:2: size = 0, must be > 0");
  EXPECT_EQ(mistake("name: n\nsize: [1]\n"),
            "job.yaml:2: size = [1], must be [height, width], or one int for a square");
  EXPECT_EQ(mistake("name: n\nwords: 1\n"), "job.yaml:2: words = 1, must be a list, not an int");
  EXPECT_EQ(mistake("name: n\nshares: {a: 2}\n"), "job.yaml:2: shares.a = 2, must be in [0, 1]");
  EXPECT_EQ(mistake("name: n\ntrain: 5\n"), "job.yaml:2: train = 5, must be a mapping, not an int");
  EXPECT_EQ(mistake("name: n\ntasks:\n  seg: {weight: -1}\n"),
            "job.yaml:3: tasks.seg.weight = -1, must be >= 0");
}

TEST(Reader, RefusesUnknownKeysAndNamesTheNearest) {
  EXPECT_EQ(mistake("name: n\ntrain: {lrr: 1}\n"),
            "job.yaml:2: train.lrr = 1, which is an unknown key; did you mean 'lr'? known: lr, "
            "warmup");
  EXPECT_EQ(mistake("name: n\nmode: fats\n"),
            "job.yaml:2: mode = 'fats', which is unknown; did you mean 'fast'? known: fast, slow");
}

TEST(Reader, KnowsTheKeysOfTheChosenAlternativeOnly) {
  EXPECT_EQ(job("name: n\ncount: 3\n").count, 3);
  EXPECT_THAT(mistake("name: n\nkind: folder\ncount: 3\n"),
              testing::StartsWith("job.yaml:3: count = 3, which is an unknown key"));
  // With a wrong word nobody knows which keys belong: one mistake, not two.
  EXPECT_EQ(mistake("name: n\nkind: foler\nfolder: /x\n"),
            "job.yaml:2: kind = 'foler', which is unknown; did you mean 'folder'? known: folder, "
            "list");
}

TEST(Reader, AsksForWhatMustBeGiven) {
  EXPECT_EQ(mistake("steps: 7\n"), "job.yaml:1: name must be given");
  EXPECT_EQ(mistake("name: ???\n"), "job.yaml:1: name = '?\?\?', must be given");
}

TEST(Reader, ReportsAllMistakesTogether) {
  EXPECT_EQ(mistake("steps: 0\ntrain: {lr: 0, x: 1}\n"),
            "job.yaml:1: steps = 0, must be in [1, 1000]\n"
            "job.yaml:2: train.lr = 0, must be > 0\n"
            "job.yaml:2: train.x = 1, which is an unknown key; known: lr, warmup\n"
            "job.yaml:1: name must be given");
}

TEST(Reader, ChecksConditionsBetweenKeys) {
  EXPECT_EQ(mistake("name: n\nsteps: 4\n"),
            "job.yaml:2: steps = 4, must be more than train.warmup");
  EXPECT_EQ(mistake("name: n\ntrain: {warmup: 100}\n"),
            "job.yaml:1: steps (not given), must be more than train.warmup");
}

}  // namespace
}  // namespace manyfold::config
