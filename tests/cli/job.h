#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/atomic_file.h"

// The program, run as a user does, on a small job.
namespace manyfold::cli {

namespace fs = std::filesystem;
using testing::HasSubstr;

struct Result {
  int exit_code;
  std::string output;  // both streams
};

/// Starts the program with its output going to a file.
inline pid_t start(const std::vector<std::string>& arguments, const fs::path& log) {
  const pid_t child = fork();
  if (child != 0) return child;
  if (!freopen(log.c_str(), "w", stdout) || dup2(1, 2) < 0) _exit(127);
  std::vector<char*> argv = {const_cast<char*>(MANYFOLD_BINARY)};
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execv(MANYFOLD_BINARY, argv.data());
  _exit(127);
}

inline int wait_for(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

inline bool ended(pid_t child) {
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

}  // namespace manyfold::cli
