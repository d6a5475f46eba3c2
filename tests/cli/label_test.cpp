// Runs the program as a user does who lets a trained model label pictures, and trains on them.

#include "tests/cli/job.h"

namespace manyfold::cli {
namespace {

using testing::AllOf;
using testing::Not;
using Words = std::vector<std::string>;

class Label : public Job {
 protected:
  void SetUp() override {
    Job::SetUp();
    const auto trained = run(job("big", {"train.steps=6", "export.enabled=false"}));
    ASSERT_EQ(trained.exit_code, 0) << trained.output;
    pictures = at("drawn/images/train");
  }
  void draw() {
    const auto drawn = run({"synth", "out=" + at("drawn"), "count=6", "scenes.picture_size=80"});
    ASSERT_EQ(drawn.exit_code, 0) << drawn.output;
  }
  std::string at(const std::string& name) const { return (folder / name).string(); }

  /// Of the drawn pictures by the run "big".
  Words label(const std::string& out, const Words& more) const {
    Words arguments = {"label", at("big"), pictures, "--out", at(out), "run.threads=1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  nlohmann::json set_of(const std::string& out) const {
    return nlohmann::json::parse(read_file(folder / out / "train.json"));
  }

  std::string pictures;
};

/// A model that saw six batches is certain of nothing: whatever it says becomes a label.
const Words kEverything = {
    "--threshold", "segmentation=0.5", "--threshold", "gesture=0", "--threshold",
    "faces=0",     "--lowest",         "0",           "--no-flip", "+tasks.faces.lowest_score=0"};

/// Even a saturated model is not this certain of every pixel.
const Words kNothing = {"--threshold", "segmentation=1",   "--share",     "1",
                        "--threshold", "gesture=0.999999", "--threshold", "faces=0.999999"};

TEST_F(Label, WritesASetThatTrains) {
  ASSERT_NO_FATAL_FAILURE(draw());
  write_file(fs::path(pictures) / "broken.jpg", std::string("\xff\xd8\xff\xe0 no picture"));
  const auto labelled = run(label("set", kEverything));
  EXPECT_EQ(labelled.exit_code, 1) << "one picture is broken";
  EXPECT_THAT(labelled.output, AllOf(HasSubstr(pictures + "/broken.jpg"),
                                     HasSubstr("6 pictures in " + at("set") + ", 1 failed")));
  const auto set = set_of("set");
  const auto& provenance = set["info"]["provenance"];
  EXPECT_EQ(provenance["thresholds"]["segmentation"], 0.5);
  ASSERT_EQ(provenance["models"].size(), 1u);
  EXPECT_EQ(provenance["models"][0]["tasks"].size(), 3u);
  EXPECT_EQ(provenance["models"][0]["sha256"].get<std::string>().size(), 64u);
  ASSERT_EQ(set["images"].size(), 6u);
  for (const auto& image : set["images"]) {
    EXPECT_TRUE(fs::exists(folder / "set" / image["file_name"].get<std::string>()));
    EXPECT_TRUE(fs::exists(folder / "set" / image["mask_file"].get<std::string>()));
    EXPECT_TRUE(fs::exists(image["source"].get<std::string>()));
    for (const auto* score : {"gesture_score", "segmentation_score", "faces_score"}) {
      EXPECT_GT(image.at(score), 0) << score;
      EXPECT_LE(image.at(score), 1) << score;
    }
  }
  ASSERT_GT(set["annotations"].size(), 0u);
  EXPECT_EQ(set["annotations"][0]["keypoints"].size(), 3u * 68);
  EXPECT_TRUE(set["annotations"][0].contains("score"));

  // The lines that it prints are a config.
  const auto yaml = labelled.output.find("data:\n");
  ASSERT_NE(yaml, std::string::npos) << labelled.output;
  write_file(folder / "configs/mine.yaml",
             "defaults: [quickstart, _self_]\n" + labelled.output.substr(yaml));
  const auto trained = run(job(
      "run", {"--config-dir", at("configs"), "--config-name", "mine", "data.mix.people=0",
              "data.mix.hands=0", "+data.mix.real=1", "train.steps=2", "export.enabled=false"}));
  ASSERT_EQ(trained.exit_code, 0) << trained.output;
  const auto record = log_of("run").front();
  for (const auto* term : {"segmentation.dice", "gesture.cross_entropy", "faces.landmarks"})
    EXPECT_GT(record.at("loss/" + std::string(term)), 0) << term;
}

TEST_F(Label, WhatIsUncertainIsNotLearntAsAbsent) {
  ASSERT_NO_FATAL_FAILURE(draw());
  const auto labelled = run(label("set", kNothing));
  ASSERT_EQ(labelled.exit_code, 0) << labelled.output;
  EXPECT_THAT(labelled.output, Not(HasSubstr("To train on it")));
  const auto set = set_of("set");
  EXPECT_EQ(set["annotations"].size(), 0u);
  for (const auto& image : set["images"]) EXPECT_TRUE(image.at("labelled").empty());

  const auto trained_on = [&](const std::string& labels) {
    return run(job("run", {"train.steps=2", "export.enabled=false", "+data.mix.real=1",
                           "+data.sources.labelled={type: coco, root: " + at("set") +
                               ", labels: {" + labels + "}}"}));
  };
  const std::pair<const char*, const char*> rules[] = {
      {"faces", "faces: {from: boxes, categories: [face], landmarks: true}"},
      {"gesture", "gesture: {from: image}"},
      {"segmentation", "segmentation: {from: mask}"}};
  for (const auto& [task, rule] : rules) {
    const auto refused = trained_on(rule);
    EXPECT_EQ(refused.exit_code, 1) << task;
    EXPECT_THAT(refused.output, AllOf(HasSubstr("source labelled: " + at("set/train.json")),
                                      HasSubstr("has the task '" + std::string(task) + "'")));
  }
  EXPECT_FALSE(fs::exists(folder / "run")) << "refused before it starts";
}

TEST_F(Label, LabelsASourceOfTheModelsOwnConfig) {
  const auto labelled =
      run({"label", at("big"), "--source", "validation.hands", "--out", at("set"), "--task",
           "gesture", "--threshold", "gesture=0", "data.validation.hands.size=5"});
  ASSERT_EQ(labelled.exit_code, 0) << labelled.output;
  const auto set = set_of("set");
  ASSERT_EQ(set["images"].size(), 5u);
  for (const auto& image : set["images"]) {
    EXPECT_FALSE(image.contains("mask_file"));
    // In a folder of its class, too.
    const fs::path file = image["file_name"].get<std::string>();
    EXPECT_TRUE(fs::exists(folder / "set/gesture/train" / image["gesture"].get<std::string>() /
                           file.filename()));
  }
}

TEST_F(Label, TeachersOfAConfigLabelTogether) {
  ASSERT_NO_FATAL_FAILURE(draw());
  const auto student = run(job(
      "student", {"train.steps=1", "export.enabled=false", "+distill.losses.taught.type=outputs",
                  "+distill.teachers.first.model=" + at("big"),
                  "+distill.teachers.second.model=" + at("big/checkpoints/last.safetensors")}));
  ASSERT_EQ(student.exit_code, 0) << student.output;
  auto arguments = label("set", kEverything);
  arguments[1] = at("student/config.yaml");
  const auto labelled = run(arguments);
  ASSERT_EQ(labelled.exit_code, 0) << labelled.output;
  const auto models = set_of("set")["info"]["provenance"]["models"];
  ASSERT_EQ(models.size(), 2u);
  EXPECT_THAT(models[0]["model"].get<std::string>(), HasSubstr("'first'"));
  EXPECT_THAT(models[1]["model"].get<std::string>(), HasSubstr("'second'"));
}

TEST_F(Label, RefusesBeforeItLabels) {
  const auto refusal = [&](const Words& more, int exit_code) {
    const auto refused = run(label("set", more));
    EXPECT_EQ(refused.exit_code, exit_code) << refused.output;
    EXPECT_FALSE(fs::exists(folder / "set"));
    return refused.output;
  };
  EXPECT_THAT(refusal({"--threshold", "gestur=0.5"}, 2),
              AllOf(HasSubstr("task 'gestur'"), HasSubstr("did you mean 'gesture'")));
  EXPECT_THAT(refusal({"--threshold", "nosuchtask=0.5"}, 2),
              AllOf(HasSubstr("task 'nosuchtask'"), HasSubstr("faces, gesture, segmentation")));
  EXPECT_THAT(refusal({"--task", "face"}, 2), HasSubstr("did you mean 'faces'"));
  EXPECT_THAT(refusal({"--source", "hands"}, 2), HasSubstr("one of the two"));
  const auto clips = run({"label", at("big"), "--source", "validation.hands", "--out", at("set"),
                          "+data.validation.hands.length=4"});
  EXPECT_EQ(clips.exit_code, 2) << clips.output;
  EXPECT_THAT(clips.output, AllOf(HasSubstr("--source validation.hands: holds clips"),
                                  HasSubstr("draw stills with `length: 1`")));
  EXPECT_FALSE(fs::exists(folder / "set"));
  fs::create_directories(folder / "old/images/train");
  const auto old = run(label("old", {}));
  EXPECT_EQ(old.exit_code, 1);
  EXPECT_THAT(old.output, AllOf(HasSubstr("is there already"), HasSubstr("--split")));
}

}  // namespace
}  // namespace manyfold::cli
