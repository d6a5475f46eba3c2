// Runs the program as a user does who has a trained model and wants another one taught by it.

#include "tests/cli/stop_early.h"

namespace manyfold::cli {
namespace {

using testing::AllOf;
using testing::Not;

class Distill : public Job {
 protected:
  void SetUp() override {
    Job::SetUp();
    const auto trained = run(job("big", {"train.steps=6", "export.enabled=false"}));
    ASSERT_EQ(trained.exit_code, 0) << trained.output;
  }
  std::string at(const std::string& name) const { return (folder / name).string(); }

  /// A small job whose model the run "big" teaches.
  std::vector<std::string> taught(const std::string& dir,
                                  const std::vector<std::string>& more = {}) const {
    auto arguments = job(dir, {"--config-name", "quickstart", "train.steps=4",
                               "export.enabled=false", "+distill.teachers.big.model=" + at("big"),
                               "+distill.losses.imitation.type=outputs"});
    arguments.front() = "distill";
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  /// What a job says that must not begin.
  std::string refusal(const std::vector<std::string>& more, int exit_code) {
    const auto refused = run(taught("refused", more));
    EXPECT_EQ(refused.exit_code, exit_code) << refused.output;
    EXPECT_FALSE(fs::exists(folder / "refused/metrics.jsonl")) << "refused before it starts";
    return refused.output;
  }

  nlohmann::json json_of(const std::string& name) const {
    return nlohmann::json::parse(read_file(folder / name));
  }
};

TEST_F(Distill, TeachesATaskWithoutLabelsToo) {
  // Without hands nothing labels gestures.
  const auto trained =
      run(taught("student", {"~data.sources.hands", "~data.mix.hands",
                             "data.validation.hands.labels={gesture: {from: gesture}}"}));
  ASSERT_EQ(trained.exit_code, 0) << trained.output;
  for (const auto& record : log_of("student")) {
    if (record.contains("val/score")) continue;
    EXPECT_TRUE(record.contains("loss/segmentation.imitation"));
    EXPECT_TRUE(record.contains("loss/segmentation.cross_entropy"));
    EXPECT_FALSE(record.contains("loss/gesture.cross_entropy"));
    EXPECT_GT(record["loss/gesture.imitation"], 0);
    EXPECT_EQ(record["loss/gesture"], record["loss/gesture.imitation"]);
  }
  const auto teachers = json_of("student/teachers.json");
  ASSERT_EQ(teachers.size(), 1u);
  EXPECT_EQ(teachers[0]["name"], "big");
  EXPECT_EQ(teachers[0]["hash"].get<std::string>().size(), 64u);
  EXPECT_EQ(teachers[0]["tasks"].size(), 3u);
  EXPECT_GT(teachers[0]["score"], 0);
  // As a teacher a model is what it was when its own run ended.
  const auto own = json_of("big/metrics.json");
  for (const auto& [name, value] : teachers[0]["figures"].items())
    EXPECT_NEAR(value, own.at(name), 1e-6) << name;
}

TEST_F(Distill, AStoppedAndResumedRunEqualsAnUninterruptedOne) {
  // Adapters stand in the checkpoint, and answers in the cache: cold for the first run, then warm.
  const std::vector<std::string> more = {"train.steps=16",
                                         "+distill.losses.maps={type: hint, strides: [16, 32]}",
                                         "distill.cache=" + at("cache"),
                                         "data.augment.views=2",
                                         "data.sources.scenes.size=6",
                                         "data.sources.hands.size=6"};
  const auto whole = run(taught("whole", more));
  ASSERT_EQ(whole.exit_code, 0) << whole.output;
  EXPECT_GT(log_of("whole").front()["loss/encoder.maps"], 0);
  auto arguments = taught("parts", more);
  ASSERT_EQ(stop_early(arguments, folder / "parts"), 143) << read_file(at("parts.stopped.txt"));
  const auto resumed = run({"distill", "--resume", "run.dir=" + at("parts")});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
  expect_equal_runs("parts", "whole");
}

TEST_F(Distill, AResumedRunRefusesAnotherTeacher) {
  ASSERT_EQ(run(taught("student")).exit_code, 0);
  fs::copy(folder / "student/checkpoints", folder / "big/checkpoints",
           fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  const auto refused = run({"distill", "--resume", "run.dir=" + at("student"), "train.steps=8"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.output,
              AllOf(HasSubstr("the teachers are not those that the run began with; 'big' has hash"),
                    HasSubstr("init=" + at("student"))));
  EXPECT_EQ(log_of("student").back()["step"], 4);
}

TEST_F(Distill, ADamagedEntryOfTheCacheIsComputedAnew) {
  const std::vector<std::string> more = {"distill.cache=" + at("cache"), "data.augment.views=1",
                                         "data.sources.scenes.size=8", "data.sources.hands.size=8"};
  ASSERT_EQ(run(taught("sound", more)).exit_code, 0);
  std::vector<fs::path> entries;
  for (const auto& entry : fs::recursive_directory_iterator(folder / "cache")) {
    if (entry.is_regular_file()) entries.push_back(entry.path());
  }
  ASSERT_EQ(entries.size(), 16u) << "8 of either source in 16 draws of each";
  auto bytes = read_file(entries.front());
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
  write_file(entries.front(), bytes);
  const auto again = run(taught("again", more));
  ASSERT_EQ(again.exit_code, 0) << again.output;
  EXPECT_THAT(again.output, HasSubstr(entries.front().string() + " is damaged"));
  // Computed in another batch, it may differ in its last bits.
  const double expected = log_of("sound").front()["loss/total"];
  EXPECT_NEAR(log_of("again").front()["loss/total"], expected, 1e-4 * expected);
  const auto third = run(taught("third", more));
  EXPECT_THAT(third.output, Not(HasSubstr("damaged;"))) << "it was replaced";
  expect_equal_runs("third", "again");
}

TEST_F(Distill, SaysAtOnceThatACacheCannotWork) {
  write_file(folder / "file", "text");
  EXPECT_THAT(refusal({"distill.cache=" + at("file/cache"), "data.augment.views=1"}, 1),
              HasSubstr("distill.cache = " + at("file/cache") + ": cannot make this folder"));
  const auto useless = run(taught("student", {"distill.cache=" + at("cache")}));
  EXPECT_EQ(useless.exit_code, 0) << useless.output;
  EXPECT_THAT(useless.output, HasSubstr("with data.augment.views = 0 an augmented picture never "
                                        "comes again"));
}

TEST_F(Distill, RefusesFilesThatCannotTeach) {
  const auto of_model = [&](const std::string& name) {
    return refusal({"distill.teachers.big.model=" + at(name)}, 1);
  };
  EXPECT_THAT(of_model("nowhere"),
              AllOf(HasSubstr("teacher 'big' (" + at("nowhere") + "): there is no such file"),
                    HasSubstr("distill.teachers.big.model")));
  write_file(folder / "net.pt", "no network");
  EXPECT_THAT(of_model("net.pt"), AllOf(HasSubstr("teacher 'big'"), HasSubstr("no TorchScript"),
                                        Not(HasSubstr("frame #"))));
  write_file(folder / "net.onnx", "no network");
  EXPECT_THAT(of_model("net.onnx"), AllOf(HasSubstr("teacher 'big'"), HasSubstr("net.onnx")));
  fs::create_directory(folder / "empty");
  EXPECT_THAT(of_model("empty"),
              AllOf(HasSubstr("teacher 'big'"), HasSubstr("holds no checkpoint")));
}

TEST_F(Distill, RefusesTeachersThatDoNotFit) {
  EXPECT_THAT(refusal({"tasks.gesture.classes=[none, fist, index_up, victory, three, four, "
                       "open_hand, thumb_up, ok_ring, call, i_love_you, pinch, round_o, "
                       "three_with_thumb, ring_on_thumb, middle_on_thumb, thanks, paper]"},
                      2),
              AllOf(HasSubstr("teacher 'big'"), HasSubstr("task 'gesture'"),
                    HasSubstr("no class 'paper'"), HasSubstr("leave the task out of `tasks`")));
  EXPECT_THAT(refusal({"tasks.faces.detector.anchors=[0.05, 0.06, 0.1, 0.1, 0.3, 0.4]"}, 2),
              AllOf(HasSubstr("teacher 'big'"), HasSubstr("task 'faces'"),
                    HasSubstr("anchors = [0.037,0.041,0.095,0.104,0.371,0.363], expected [0.05,")));
  EXPECT_THAT(refusal({"model.input_size=[96, 96]"}, 2),
              AllOf(HasSubstr("teacher 'big'"), HasSubstr("task 'faces'"),
                    HasSubstr("[2, 423, 8, 8], expected [2, 423, 12, 12]")));
  const auto score = nlohmann::json::parse(read_file(folder / "big/metrics.json")).at("score");
  char text[16];
  std::snprintf(text, sizeof text, "%.4f", score.get<double>());
  EXPECT_THAT(refusal({"+distill.teachers.big.least_score=0.99"}, 1),
              AllOf(HasSubstr("teacher 'big'"), HasSubstr("scores " + std::string(text)),
                    HasSubstr("below least_score = 0.99"), HasSubstr("compare data.size, data.fit"),
                    Not(HasSubstr("deviation"))));
  EXPECT_THAT(refusal({"+distill.teachers.big.tasks=[gesture, segmentatoin]"}, 2),
              AllOf(HasSubstr("is to teach 'segmentatoin', which is no task of this job"),
                    HasSubstr("did you mean 'segmentation'")));
}

TEST_F(Distill, AnInt8StudentKeepsItsTeacher) {
  ASSERT_EQ(run(taught("student")).exit_code, 0);
  const std::vector<std::string> qat = {"qat", at("student"), "run.dir=" + at("int8"),
                                        "train.steps=2", "quantise.pictures=16"};
  auto with_maps = qat;
  with_maps.push_back("+distill.losses.maps.type=hint");
  const auto refused = run(with_maps);
  EXPECT_EQ(refused.exit_code, 2) << refused.output;
  EXPECT_THAT(refused.output,
              AllOf(HasSubstr("distill.losses.maps"), HasSubstr("precision = int8")));
  EXPECT_FALSE(fs::exists(folder / "int8"));

  const auto trained = run(qat);
  ASSERT_EQ(trained.exit_code, 0) << trained.output;
  EXPECT_EQ(json_of("int8/teachers.json")[0]["name"], "big");
  const auto record = log_of("int8").front();
  std::vector<std::string> terms;
  for (const auto& [name, value] : record.items()) {
    if (name.rfind("loss/segmentation.", 0) == 0) terms.push_back(name);
  }
  EXPECT_EQ(terms.size(), 4u) << "cross entropy, dice, of the teacher, and of the float model: "
                              << testing::PrintToString(terms);
}

}  // namespace
}  // namespace manyfold::cli
