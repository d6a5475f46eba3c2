// From stills to video, as a user does it: schedules, stop and resume, the exported state,
// prediction along videos.

#include <cmath>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/videoio.hpp>

#include "tests/cli/stop_early.h"
#include "tests/cli/video_job.h"

namespace manyfold::cli {
namespace {

using testing::AllOf;

class Video : public VideoJob {
 protected:
  /// Four steps of stills, four of which clips come to be all; clips are two steps long.
  std::vector<std::string> video(const std::string& dir,
                                 const std::vector<std::string>& more = {}) const {
    return VideoJob::video(
        dir,
        {"schedule=stills_then_clips", "train.phases.mixed.clips=[0.5,1]", "data.clips.chunks=2"},
        more);
  }

  void write_video(const std::string& name, int frames) const {
    cv::VideoWriter writer(at(name), cv::VideoWriter::fourcc('M', 'J', 'P', 'G'), 25, {96, 64});
    for (int t = 0; t < frames; ++t)
      writer.write(cv::Mat(64, 96, CV_8UC3, cv::Scalar(40 + t, 90, 200 - 2 * t)));
  }

  int64_t lines_of(const std::string& name) const {
    const auto text = read_file(folder / name);
    return std::count(text.begin(), text.end(), '\n');
  }
};

TEST_F(Video, ARunWithPhasesStoppedAndResumedEqualsAnUninterruptedOne) {
  ASSERT_EQ(run(video("whole", {"export.enabled=false"})).exit_code, 0);
  auto arguments = video("parts", {"export.enabled=false"});
  ASSERT_EQ(stop_early(arguments, folder / "parts"), 143);
  arguments.push_back("--resume");
  const auto resumed = run(arguments);
  ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
  expect_equal_runs("whole", "parts");
  const auto figures = nlohmann::json::parse(read_file(folder / "whole/metrics.json"));
  EXPECT_TRUE(figures.contains("clips/segmentation/flicker"));
  EXPECT_FALSE(figures.contains("scenes/segmentation/flicker"));
}

// The only clip of a source has a frame that cannot be read.
TEST_F(Video, ARunThatTooManyBadFilesEndedGoesOnWhereItWas) {
  fs::create_directories(folder / "rooms/hall/masks");
  for (int t = 10; t < 30; ++t) {
    const auto name = std::to_string(t) + ".png";
    cv::imwrite(at("rooms/hall/" + name), cv::Mat(64, 96, CV_8UC3, cv::Scalar(3 * t, 90, 9)));
    cv::imwrite(at("rooms/hall/masks/" + name), cv::Mat::zeros(64, 96, CV_8UC1));
  }
  write_file(folder / "rooms/hall/29.png", "no picture");
  const auto rooms = "+data.sources.rooms={type: clips, root: " + at("rooms") +
                     ", group: people, labels: {segmentation: {from: mask}}}";
  const std::vector<std::string> more = {"export.enabled=false", rooms, "train.steps=40",
                                         "train.checkpoint_every=0", "train.evaluate_every=0"};
  auto patient = more;
  patient.emplace_back("data.max_bad_share=0.5");
  ASSERT_EQ(run(video("whole", patient)).exit_code, 0);
  const auto ended = run(video("parts", more));
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.output, AllOf(HasSubstr("1 of 20 files are bad so far"),
                                  HasSubstr(" is saved: `manyfold train --resume run.dir=")));
  const auto resumed =
      run({"train", "--resume", "run.dir=" + at("parts"), "data.max_bad_share=0.5"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
  expect_equal_runs("whole", "parts");
}

TEST_F(Video, TheExportedModelCarriesItsState) {
  const auto trained = run(video("run"));
  ASSERT_EQ(trained.exit_code, 0) << trained.output;
  const auto manifest = nlohmann::json::parse(read_file(folder / "run/export/manifest.json"));
  const auto& pair = manifest.at("states").at("pairs").at(0);
  EXPECT_EQ(pair.at("input"), "state_in_stride32");
  EXPECT_EQ(pair.at("output"), "state_out_stride32");
  const auto verified = nlohmann::json::parse(read_file(folder / "run/export/verify.json"));
  const auto& found = verified.at("models").at("fp32");
  EXPECT_TRUE(found.at("passed").get<bool>());
  EXPECT_GE(found.at("samples").get<int>(), 64);
  EXPECT_LE(found.at("outputs").at("state_out_stride32").at("max_abs_difference").get<double>(),
            1e-4);

  ASSERT_EQ(run({"evaluate", at("run"), "--out", at("torch.json")}).exit_code, 0);
  ASSERT_EQ(run({"evaluate", at("run/export"), "--out", at("onnx.json")}).exit_code, 0);
  const auto torch = nlohmann::json::parse(read_file(folder / "torch.json")).at("figures");
  const auto onnx = nlohmann::json::parse(read_file(folder / "onnx.json")).at("figures");
  for (const auto* name : {"clips/segmentation/flicker", "clips/segmentation/person_iou"}) {
    ASSERT_TRUE(torch.contains(name)) << torch;
    EXPECT_NEAR(torch.at(name).get<double>(), onnx.at(name).get<double>(), 1e-3) << name;
  }

  write_video("film.avi", 9);
  for (const auto* model : {"run", "run/export"}) {
    const auto seen = run({"predict", at(model), at("film.avi"), "--out", at("seen")});
    ASSERT_EQ(seen.exit_code, 0) << seen.output;
    EXPECT_THAT(seen.output, HasSubstr("9 frames"));
    EXPECT_EQ(lines_of("seen/film.jsonl"), 9);
    EXPECT_TRUE(fs::exists(folder / "seen/film.avi"));
  }
  ASSERT_EQ(
      run({"predict", at("run"), at("film.avi"), "--frames", "4", "--out", at("few")}).exit_code,
      0);
  EXPECT_EQ(lines_of("few/film.jsonl"), 4);
  EXPECT_THAT(
      read_file(folder / "run/report.html"),
      AllOf(HasSubstr("<td>temporal</td>"),
            HasSubstr("clips, segmentation: clip 90, frame 6")));  // of eight, four are shown

  write_video("cut.avi", 40);
  fs::resize_file(folder / "cut.avi", fs::file_size(folder / "cut.avi") / 2);
  const auto cut = run({"predict", at("run"), at("cut.avi"), "--out", at("cut")});
  EXPECT_EQ(cut.exit_code, 1);
  if (cv::VideoCapture(at("cut.avi")).isOpened()) {  // not every build of OpenCV opens it
    EXPECT_THAT(cut.output, AllOf(HasSubstr("cut.avi ends after "), HasSubstr(" of 40 frames"),
                                  HasSubstr("what was read is in ")));
    EXPECT_GT(lines_of("cut/cut.jsonl"), 5);
  }

  const auto nobody = run({"predict", at("run"), "camera:97", "--out", at("seen")});
  EXPECT_EQ(nobody.exit_code, 1);
  EXPECT_THAT(nobody.output, HasSubstr("finds no such camera"));
}

// An image of each frame of a folder that is a video, too, without loss: the memory must make of
// both the same.
TEST_F(Video, AFolderOfNumberedFramesIsSeenAsAVideo) {
  ASSERT_EQ(run(video("run", {"export.enabled=false"})).exit_code, 0);
  fs::create_directories(folder / "clip/frames");
  cv::VideoWriter writer(at("film.avi"), cv::VideoWriter::fourcc('F', 'F', 'V', '1'), 30, {96, 64});
  for (int t = 0; t < 6; ++t) {
    const cv::Mat frame(64, 96, CV_8UC3, cv::Scalar(40 + 20 * t, 90, 200 - 10 * t));
    writer.write(frame);
    cv::imwrite(at("clip/frames/00000" + std::to_string(t) + ".png"), frame);
  }
  writer.release();
  const auto seen =
      run({"predict", at("run"), at("clip") + "/", at("film.avi"), "--clips", "--out", at("seen")});
  ASSERT_EQ(seen.exit_code, 0) << seen.output;
  EXPECT_THAT(seen.output, HasSubstr("clip: 6 frames"));
  EXPECT_EQ(lines_of("seen/clip.jsonl"), 6);
  EXPECT_TRUE(fs::exists(folder / "seen/clip.avi"));
  EXPECT_EQ(read_file(folder / "seen/clip.jsonl"), read_file(folder / "seen/film.jsonl"));

  write_file(folder / "clip/frames/000004.png", "no picture");
  const auto broken = run({"predict", at("run"), at("clip"), "--clips", "--out", at("part")});
  EXPECT_EQ(broken.exit_code, 1);
  EXPECT_THAT(broken.output, AllOf(HasSubstr("000004.png"), HasSubstr("what was read is in")));
  EXPECT_EQ(lines_of("part/clip.jsonl"), 4);
  cv::imwrite(at("clip/frames/000004.png"), cv::Mat::zeros(48, 96, CV_8UC3));
  const auto other = run({"predict", at("run"), at("clip"), "--clips", "--out", at("other")});
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.output,
              AllOf(HasSubstr("clip: frame 4 is 96x48 pixels, and those before it are 96x64"),
                    HasSubstr("what was read is in")));
  EXPECT_EQ(lines_of("other/clip.jsonl"), 4);
  fs::remove(folder / "clip/frames/000002.png");
  const auto gap = run({"predict", at("run"), at("clip"), "--clips", "--out", at("gap")});
  EXPECT_EQ(gap.exit_code, 1);
  EXPECT_THAT(gap.output, HasSubstr("frame 2 is missing before 000003.png"));
  const auto above = run({"predict", at("run"), folder.string(), "--clips", "--out", at("none")});
  EXPECT_EQ(above.exit_code, 1);
  EXPECT_THAT(above.output,
              AllOf(HasSubstr("holds no picture; a clip is a folder of numbered ones"),
                    HasSubstr("; folders below it do: clip")));
}

TEST_F(Video, SaysWhatBecomesOfTheMemoryOfARunThatItBeginsFrom) {
  const std::vector<std::string> short_run = {"train.steps=1", "export.enabled=false"};
  ASSERT_EQ(run(video("run", short_run)).exit_code, 0);
  auto words = short_run;
  words.push_back("init=" + at("run"));
  const auto none = run(job("none", words));
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_THAT(none.output, AllOf(HasSubstr("has another temporal layer than this config: set "
                                           "model.temporal as in its config.yaml"),
                                 HasSubstr("encoder.init")));
  words.push_back("model.temporal.channels=0.5");
  EXPECT_THAT(run(video("half", words)).output, HasSubstr("has another temporal layer"));

  words = short_run;
  words.insert(words.end(), {"encoder.init=" + at("run"), "train.consistency.weight=1"});
  const auto encoder = run(job("encoder", words));
  EXPECT_EQ(encoder.exit_code, 0) << encoder.output;
  EXPECT_THAT(encoder.output,
              AllOf(HasSubstr("left there: heads.faces, heads.gesture, heads.segmentation, "
                              "temporal; begin anew here: heads.faces"),
                    HasSubstr("train.consistency is about clips, and no phase draws them")));
}

TEST_F(Video, RefusesWhatDoesNotFit) {
  const auto without = run(job("run", {"schedule=stills_then_clips", "train.steps=4"}));
  EXPECT_EQ(without.exit_code, 2);
  EXPECT_THAT(without.output, HasSubstr("no source with a share there holds clips"));
  const auto longer = run(video("run", {"data.clips.frames=16"}));
  EXPECT_EQ(longer.exit_code, 1);
  EXPECT_THAT(longer.output,
              AllOf(HasSubstr("its longest clip has 16 frames"), HasSubstr("training draws 32")));
  const auto still = run(video("run", {"model.temporal.type=none"}));
  EXPECT_EQ(still.exit_code, 2);
  EXPECT_THAT(still.output,
              AllOf(HasSubstr("no part 'temporal'"), HasSubstr("take schedule=no_memory")));
  EXPECT_FALSE(fs::exists(folder / "run")) << "refused before it starts";
}

}  // namespace
}  // namespace manyfold::cli
