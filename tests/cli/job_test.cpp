// Runs the program as a user does: train, stop, resume, export, evaluate, predict.

#include <algorithm>
#include <opencv2/videoio.hpp>

#include "common/config/yaml_reader.h"
#include "tests/cli/job.h"

namespace manyfold::cli {
namespace {

using testing::AllOf;
using testing::Not;

/// Frames of 96 x 64 that get lighter.
void write_video(const std::string& path, int frames) {
  cv::VideoWriter video(path, cv::VideoWriter::fourcc('M', 'J', 'P', 'G'), 25, {96, 64});
  for (int i = 0; i < frames; ++i) video.write(cv::Mat(64, 96, CV_8UC3, cv::Scalar::all(40 * i)));
}

TEST_F(Job, AStoppedAndResumedRunEqualsAnUninterruptedOne) {
  const auto whole = run(job("whole", {"train.steps=20", "export.enabled=false"}));
  ASSERT_EQ(whole.exit_code, 0) << whole.output;

  auto arguments = job("parts", {"train.steps=20", "export.enabled=false"});
  const pid_t child = start(arguments, folder / "first.txt");
  while (log_of("parts").size() < 3 && !ended(child))
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  kill(child, SIGTERM);
  ASSERT_EQ(wait_for(child), 143) << read_file(folder / "first.txt");
  arguments.push_back("--resume");
  const auto resumed = run(arguments);
  ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
  expect_equal_runs("parts", "whole");
}

TEST_F(Job, AKilledRunGoesOnFromItsLastCheckpoint) {
  ASSERT_EQ(run(job("whole", {"train.steps=8", "export.enabled=false"})).exit_code, 0);
  auto arguments = job("parts", {"train.steps=8", "export.enabled=false"});
  const pid_t child = start(arguments, folder / "first.txt");
  while (!fs::exists(folder / "parts/checkpoints/last.safetensors") && !ended(child)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  kill(child, SIGKILL);
  wait_for(child);
  // By the run's own config: nothing of the first line has to be repeated.
  const auto resumed = run({"train", "--resume", "run.dir=" + (folder / "parts").string()});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
  expect_equal_runs("parts", "whole");
}

TEST_F(Job, ExportsWhatItTrainedAndBothAgree) {
  const auto trained = run(job("run", {"train.steps=6"}));
  ASSERT_EQ(trained.exit_code, 0) << trained.output;
  const auto dir = (folder / "run").string();
  const auto verify = nlohmann::json::parse(read_file(folder / "run/export/verify.json"));
  const auto& fp32 = verify["models"]["fp32"];
  EXPECT_TRUE(fp32["passed"]);
  EXPECT_LE(fp32["metrics"]["largest_difference"], 0.01);
  EXPECT_TRUE(fp32["metrics"]["gate"]["passed"]);
  EXPECT_TRUE(fs::exists(folder / "run/report.html"));

  ASSERT_EQ(run({"evaluate", dir, "--out", dir + "/torch.json"}).exit_code, 0);
  ASSERT_EQ(run({"evaluate", dir + "/export", "--out", dir + "/onnx.json"}).exit_code, 0);
  const auto torch = nlohmann::json::parse(read_file(dir + "/torch.json"))["figures"];
  const auto onnx = nlohmann::json::parse(read_file(dir + "/onnx.json"))["figures"];
  ASSERT_GT(torch.size(), 5u);
  for (const auto& [name, value] : torch.items()) EXPECT_NEAR(value, onnx[name], 0.01) << name;

  const auto group = run({"evaluate", dir, "model=edge_2m4"});
  EXPECT_EQ(group.exit_code, 2);
  EXPECT_THAT(group.output, HasSubstr("'model' is a section of the config in " + dir));
  const auto other = run({"evaluate", dir, "model.encoder=edge_2m4"});
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.output, HasSubstr("best.safetensors does not fit the model of its config"));

  const auto two = run({"evaluate", dir, "camera:0"});
  EXPECT_EQ(two.exit_code, 2);
  EXPECT_THAT(two.output, HasSubstr("'camera:0' is neither an option nor an override"));

  const auto again = run({"export", dir, "--out", dir + "/again"});
  ASSERT_EQ(again.exit_code, 0) << again.output;
  EXPECT_TRUE(read_file(dir + "/export/model.onnx") == read_file(dir + "/again/model.onnx"));

  ASSERT_EQ(run({"synth", "out=" + dir + "/scenes", "count=3", "scenes.picture_size=96"}).exit_code,
            0);
  write_file(dir + "/scenes/images/train/broken.jpg", std::string("\xff\xd8\xff\xe0 no picture"));
  for (const auto& model : {std::string(dir), dir + "/export", dir + "/export/model.onnx"}) {
    const auto predicted =
        run({"predict", model, dir + "/scenes/images", "--out", dir + "/predictions"});
    EXPECT_EQ(predicted.exit_code, 1) << "one picture is broken";
    EXPECT_THAT(predicted.output, HasSubstr("broken.jpg"));
    EXPECT_THAT(predicted.output, HasSubstr("4 inputs, 1 failed"));
  }
  write_video(dir + "/clip.avi", 5);
  const auto video = run({"predict", dir + "/export", dir + "/clip.avi", "--out", dir + "/clips"});
  EXPECT_EQ(video.exit_code, 0) << video.output;
  EXPECT_GT(fs::file_size(dir + "/clips/clip.avi"), 0u);
  const auto frames = read_file(dir + "/clips/clip.jsonl");
  EXPECT_EQ(std::count(frames.begin(), frames.end(), '\n'), 5);

  const auto into_file =
      run({"predict", "no_model", dir + "/clip.avi", "--out", dir + "/clip.avi"});
  EXPECT_EQ(into_file.exit_code, 2);
  EXPECT_THAT(into_file.output, HasSubstr("clip.avi is a file, expected a folder"));
  write_file(dir + "/none.avi", "no video");
  const auto none = run({"predict", dir + "/export", dir + "/none.avi", "camera:x", "--out", dir});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_THAT(none.output, AllOf(HasSubstr("none.avi: OpenCV cannot open this video"),
                                 HasSubstr("camera:x: expected a number, such as camera:0"),
                                 Not(HasSubstr("[ERROR:"))));

  EXPECT_TRUE(fs::exists(dir + "/predictions/000000.jpg"));
  EXPECT_FALSE(fs::exists(dir + "/predictions/000000-2.jpg")) << "a second command replaces";
  EXPECT_TRUE(fs::exists(dir + "/predictions/000000.segmentation.png"));
}

TEST_F(Job, StoppedPredictionsKeepWhatWasDone) {
  const auto trained = run(job("run", {"train.steps=2", "export.enabled=false"}));
  ASSERT_EQ(trained.exit_code, 0) << trained.output;
  const auto dir = folder.string();
  ASSERT_EQ(run({"synth", "out=" + dir + "/scenes", "count=1", "scenes.picture_size=96"}).exit_code,
            0);
  const auto picture = *fs::recursive_directory_iterator(folder / "scenes/images/train");
  fs::create_directory(folder / "many");
  constexpr int kMany = 20000;
  for (int i = 0; i < kMany; ++i) {
    const auto name = std::to_string(i) + picture.path().extension().string();
    fs::create_symlink(picture.path(), folder / "many" / name);
  }

  const auto lines = [&] {
    std::ifstream file(folder / "seen/predictions.jsonl");
    std::vector<std::string> all;
    for (std::string line; std::getline(file, line);) all.push_back(line);
    return all;
  };
  const pid_t child = start({"predict", dir + "/run", dir + "/many", "--out", dir + "/seen"},
                            folder / "stopped.txt");
  while (lines().size() < 2 && !ended(child))
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  kill(child, SIGTERM);
  EXPECT_EQ(wait_for(child), 143);
  EXPECT_THAT(read_file(folder / "stopped.txt"), HasSubstr("stopped by signal 15 after "));
  const auto kept = lines();
  EXPECT_GE(kept.size(), 2u);
  EXPECT_LT(kept.size(), static_cast<size_t>(kMany));
  for (const auto& line : kept) EXPECT_TRUE(nlohmann::json::accept(line)) << line;
}

TEST_F(Job, SweepsInFoldersOfTheirOwn) {
  const auto swept =
      run(job("sweep", {"--multirun", "train.steps=2", "export.enabled=false", "seed=1,2"}));
  ASSERT_EQ(swept.exit_code, 0) << swept.output;
  const auto rows = nlohmann::json::parse(read_file(folder / "sweep/sweep.json"));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_THAT(rows[0]["overrides"].get<std::string>(), HasSubstr("seed=1"));
  EXPECT_TRUE(fs::exists(folder / "sweep/1/metrics.json"));

  const std::vector<std::string> more = {"--multirun", "train.steps=2", "export.enabled=false",
                                         "seed=1,2,3"};
  const auto again = run(job("sweep", more));
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_THAT(again.output, HasSubstr("holds a sweep already"));
  auto arguments = job("sweep", more);
  arguments.push_back("--resume");
  const auto resumed = run(arguments);
  ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
  const auto all = nlohmann::json::parse(read_file(folder / "sweep/sweep.json"));
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0]["figures"], rows[0]["figures"]);
}

TEST_F(Job, AResumedRunTakesNewOverridesAndNotesThem) {
  const auto first = run(job("run", {"train.steps=2", "export.enabled=false",
                                     "+train.optimizer.lr_scale={encoder: 0.5}"}));
  ASSERT_EQ(first.exit_code, 0) << first.output;
  const auto more =
      run({"train", "--resume", "run.dir=" + (folder / "run").string(), "train.steps=3"});
  ASSERT_EQ(more.exit_code, 0) << more.output;
  EXPECT_EQ(log_of("run").back()["step"], 3);
  const auto overrides = config::load_yaml(folder / "run/overrides.yaml").list();
  EXPECT_EQ(overrides.back().text(), "train.steps=3");
  const auto typed = [](const config::Value& line) {
    return line.text() == "+train.optimizer.lr_scale={encoder: 0.5}";
  };
  EXPECT_EQ(std::count_if(overrides.begin(), overrides.end(), typed), 1);
  EXPECT_THAT(read_file(folder / "run/config.yaml"), HasSubstr("steps: 3"));
}

TEST_F(Job, RefusesBeforeItStarts) {
  for (const std::string size : {"100", "[100,160]"}) {
    const auto refused = run({"train", "model.input_size=" + size});
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_THAT(refused.output, HasSubstr("model.input_size = "));
    EXPECT_THAT(refused.output, HasSubstr("multiples of 32: instead of 100 use 96 or 128"));
  }
  const auto unknown = run({"train", "+train.stepz=3"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.output, HasSubstr("did you mean 'steps'"));
  const auto missing = run({"train", "--config-name", "real"});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.output, HasSubstr("data.root"));
  const auto weight = run({"train", "train.weighting=uncertainty", "tasks.gesture.weight=0"});
  EXPECT_EQ(weight.exit_code, 2);
  EXPECT_THAT(weight.output, HasSubstr("gesture.weight must be > 0"));
  // Nothing labels gestures.
  const std::vector<std::string> untaught = {
      "~data.sources.hands", "~data.mix.hands",
      "data.validation.hands.labels={gesture: {from: gesture}}", "train.steps=2",
      "export.enabled=false"};
  const auto refused = run(job("run", untaught));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr("task 'gesture': no source of data.sources labels it; add "
                                        "labels.gesture to a source"));
  EXPECT_FALSE(fs::exists(folder / "run"));
  auto frozen = untaught;
  frozen.emplace_back("train.freeze=[heads.gesture]");
  EXPECT_EQ(run(job("run", frozen)).exit_code, 0) << "it is kept as it is";
  const auto resume = run({"train", "--resume", "run.dir=" + (folder / "none").string()});
  EXPECT_EQ(resume.exit_code, 1);
  EXPECT_THAT(resume.output, HasSubstr("cannot resume"));
}

TEST_F(Job, ALearningRateThatDivergesFailsAndSaysWhatToDo) {
  const auto diverged =
      run(job("run", {"train.steps=60", "train.optimizer.type=sgd", "train.optimizer.lr=1e30",
                      "train.clip_norm=0", "train.max_skipped_steps=2"}));
  EXPECT_EQ(diverged.exit_code, 1);
  EXPECT_THAT(diverged.output, HasSubstr("train.optimizer.lr"));
}

TEST_F(Job, ASkippedStepIsKeptAndRunAgain) {
  const auto diverged =
      run(job("run", {"train.steps=60", "train.optimizer.type=sgd", "train.optimizer.lr=1e30",
                      "train.clip_norm=0", "train.max_skipped_steps=5"}));
  ASSERT_EQ(diverged.exit_code, 1);
  std::vector<fs::path> kept;
  for (const auto& entry : fs::directory_iterator(folder / "run/skipped"))
    kept.push_back(entry.path());
  ASSERT_EQ(kept.size(), 3u) << "six steps were skipped, and three are kept";
  const auto first = std::min_element(kept.begin(), kept.end())->string();
  EXPECT_THAT(first, HasSubstr("step-0000"));

  const auto replayed = run({"train", "--replay", first});
  ASSERT_EQ(replayed.exit_code, 0) << replayed.output;
  EXPECT_THAT(replayed.output, HasSubstr("the first value that is not finite: encoder."));
  EXPECT_THAT(replayed.output, HasSubstr("largest finite values by layer"));
  EXPECT_THAT(replayed.output, HasSubstr("% of 65504"));
  const auto other = run({"train", "--replay", first, "precision=fp16_device"});
  EXPECT_EQ(other.exit_code, 0) << other.output;
  EXPECT_THAT(other.output, HasSubstr("precision fp16_device"));

  const auto both = run({"train", "--replay", first, "--resume"});
  EXPECT_EQ(both.exit_code, 2);
  EXPECT_THAT(both.output, HasSubstr("leave --resume and --multirun out"));
  const auto none = run({"train", "--replay", (folder / "none").string()});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_THAT(none.output, HasSubstr("none"));
}

TEST_F(Job, TrainsForADeviceThatComputesInHalfPrecision) {
  const auto trained =
      run(job("run", {"train.steps=4", "precision=fp16_device", "export.enabled=false"}));
  ASSERT_EQ(trained.exit_code, 0) << trained.output;
  EXPECT_EQ(log_of("run").back()["step"], 4);
  const auto refused = run(job("other", {"train.steps=4", "precision=fp16", "run.device=cpu"}));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.output, HasSubstr("precision=fp16_device"));
  EXPECT_FALSE(fs::exists(folder / "other")) << "refused before it starts";
  const auto replayed =
      run({"train", "--replay", (folder / "run/checkpoints/last.safetensors").string()});
  EXPECT_EQ(replayed.exit_code, 1);
  EXPECT_THAT(replayed.output, HasSubstr("is a checkpoint without a batch"));
}

TEST_F(Job, ADamagedCheckpointIsNotUsed) {
  ASSERT_EQ(run(job("run", {"train.steps=2", "export.enabled=false"})).exit_code, 0);
  const auto path = folder / "run/checkpoints/best.safetensors";
  auto bytes = read_file(path);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
  write_file(path, bytes);
  const auto evaluated = run({"evaluate", (folder / "run").string()});
  EXPECT_EQ(evaluated.exit_code, 1);
  EXPECT_THAT(evaluated.output, HasSubstr("is damaged"));
}

}  // namespace
}  // namespace manyfold::cli
