// Runs the program as a user does: train, stop, resume, export, evaluate, predict.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <opencv2/videoio.hpp>
#include <thread>

#include "common/atomic_file.h"
#include "common/config/yaml_reader.h"

namespace manyfold::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// Frames of 96 x 64 that get lighter.
void write_video(const std::string& path, int frames) {
  cv::VideoWriter video(path, cv::VideoWriter::fourcc('M', 'J', 'P', 'G'), 25, {96, 64});
  for (int i = 0; i < frames; ++i) video.write(cv::Mat(64, 96, CV_8UC3, cv::Scalar::all(40 * i)));
}

struct Result {
  int exit_code;
  std::string output;  // both streams
};

/// Starts the program with its output going to a file.
pid_t start(const std::vector<std::string>& arguments, const fs::path& log) {
  const pid_t child = fork();
  if (child != 0) return child;
  if (!freopen(log.c_str(), "w", stdout) || dup2(1, 2) < 0) _exit(127);
  std::vector<char*> argv = {const_cast<char*>(MANYFOLD_BINARY)};
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execv(MANYFOLD_BINARY, argv.data());
  _exit(127);
}

int wait_for(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool ended(pid_t child) {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == child;
}

class Job : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "manyfold_job_XXXXXX").string();
    folder = mkdtemp(name.data());
  }
  void TearDown() override { fs::remove_all(folder); }

  Result run(const std::vector<std::string>& arguments) {
    const auto log = folder / "log.txt";
    const int code = wait_for(start(arguments, log));
    return {code, read_file(log)};
  }

  /// A small job on scenes: 64 pixels, batches of 8.
  std::vector<std::string> job(const std::string& dir, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"train",
                                          "run.dir=" + (folder / dir).string(),
                                          "run.threads=1",
                                          "model.input_size=[64,64]",
                                          "data.batch=8",
                                          "data.augment.enabled=true",
                                          "data.validation.scenes.size=16",
                                          "data.validation.hands.size=16",
                                          "train.schedule.warmup_steps=2",
                                          "train.evaluate_every=4",
                                          "train.checkpoint_every=4"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  std::vector<nlohmann::json> log_of(const std::string& dir) const {
    std::vector<nlohmann::json> records;
    std::ifstream file(folder / dir / "metrics.jsonl");
    for (std::string line; std::getline(file, line);) {
      const auto record = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
      if (record.is_object()) records.push_back(record);  // the last line may be half there
    }
    return records;
  }

  /// The tensors' bytes alone: the config in the metadata names the run's folder.
  std::string tensors_of(const std::string& dir) const {
    const auto bytes = read_file(folder / dir / "checkpoints/last.safetensors");
    uint64_t header = 0;
    std::memcpy(&header, bytes.data(), sizeof header);
    return bytes.substr(8 + header);
  }

  void expect_equal_runs(const std::string& a, const std::string& b) const {
    EXPECT_EQ(log_of(a), log_of(b));
    EXPECT_EQ(read_file(folder / a / "metrics.json"), read_file(folder / b / "metrics.json"));
    EXPECT_TRUE(tensors_of(a) == tensors_of(b));
  }

  fs::path folder;
};

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

  EXPECT_TRUE(fs::exists(dir + "/predictions/000000.jpg"));
  EXPECT_FALSE(fs::exists(dir + "/predictions/000000-2.jpg")) << "a second command replaces";
  EXPECT_TRUE(fs::exists(dir + "/predictions/000000.segmentation.png"));
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
