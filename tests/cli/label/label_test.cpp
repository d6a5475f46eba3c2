// Runs the program as a user does who lets a trained model label pictures, and trains on them.

#include <opencv2/videoio.hpp>

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

TEST_F(Label, LabelsEveryFrameOfClipsAndWritesClips) {
  fs::create_directories(folder / "films");
  {
    cv::VideoWriter film(at("films/walk.avi"), cv::VideoWriter::fourcc('M', 'J', 'P', 'G'), 25,
                         {96, 64});
    for (int t = 0; t < 5; ++t) film.write(cv::Mat(64, 96, CV_8UC3, cv::Scalar(40, 20 * t, 90)));
  }
  const auto film = "+data.validation.films={type: clips, root: " + at("films") + "}";
  auto arguments = label("set", kEverything);
  arguments[2] = film;
  arguments.insert(arguments.end(), {"--source", "validation.films", "--format", "png"});
  const auto labelled = run(arguments);
  ASSERT_EQ(labelled.exit_code, 0) << labelled.output;
  const auto set = set_of("set");
  ASSERT_EQ(set["images"].size(), 5u);
  EXPECT_EQ(set["images"][3]["file_name"], "walk.avi/frames/000003.png");
  EXPECT_EQ(set["images"][3]["mask_file"], "walk.avi/masks/000003.png");
  EXPECT_EQ(set["images"][3]["source"], at("films/walk.avi"));
  EXPECT_FALSE(fs::exists(folder / "set/gesture")) << "class folders hold stills";

  // The lines that it prints are a config of clips, of which every frame is labelled.
  const auto yaml = labelled.output.find("data:\n");
  ASSERT_NE(yaml, std::string::npos) << labelled.output;
  write_file(folder / "configs/mine.yaml",
             "defaults: [quickstart, _self_]\n" + labelled.output.substr(yaml));
  const auto checked = run(
      {"data", "check", "--config-dir", at("configs"), "--config-name", "mine", "--scenes", "2"});
  EXPECT_EQ(checked.exit_code, 0) << checked.output;
  EXPECT_THAT(checked.output,
              AllOf(HasSubstr("sources.labelled: 1 clips, 1 usable with 5 frames, 96 to 96 px"),
                    HasSubstr("  segmentation: 1 of 1 clips and 5 of 5 frames labelled; pixels"),
                    HasSubstr("  gesture: 1 of 1 clips and 5 of 5 frames labelled; frames: ")));
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
  ASSERT_NO_FATAL_FAILURE(draw());
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
  EXPECT_THAT(refusal({at("nosuch")}, 1),
              HasSubstr(at("nosuch") + " does not exist; expected a picture or a folder"));
  // Before the model is looked at, which is not there.
  write_file(folder / "file", "text");
  const auto file = run({"label", at("none"), pictures, "--out", at("file")});
  EXPECT_EQ(file.exit_code, 2);
  EXPECT_THAT(file.output, HasSubstr("--out " + at("file") + " is a file, expected a folder"));
  const auto unmade = run(label("file/set", {}));
  EXPECT_EQ(unmade.exit_code, 1);
  EXPECT_THAT(unmade.output, HasSubstr("--out " + at("file/set") + ": cannot make this folder"));
  fs::create_directories(folder / "old/images/train");
  const auto old = run(label("old", {}));
  EXPECT_EQ(old.exit_code, 1);
  EXPECT_THAT(old.output, AllOf(HasSubstr("is there already"), HasSubstr("--split")));
  const auto clips = run({"label", at("big"), "--source", "validation.hands", "--out", at("old"),
                          "+data.validation.hands.length=4"});
  EXPECT_EQ(clips.exit_code, 1);
  EXPECT_THAT(clips.output, HasSubstr("is there already, and what is in it would mix with the "
                                      "clips"));
}

}  // namespace
}  // namespace manyfold::cli
