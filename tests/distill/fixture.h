#pragma once

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "distill/model_teacher.h"
#include "tests/errors.h"
#include "tests/train/tasks/options.h"

namespace manyfold::distill {

/// Tasks out of the YAML of each.
inline train::Tasks job_tasks(const std::vector<std::pair<std::string, std::string>>& yaml) {
  train::Tasks tasks;
  for (const auto& [name, text] : yaml) {
    tasks.emplace_back(name, config::read<train::TaskOptions>(config::parse_yaml(text, "t.yaml")));
  }
  return tasks;
}

/// A teacher's entry of a config.
inline TeacherOptions teacher_options(const std::string& yaml) {
  return config::read<TeacherOptions>(config::parse_yaml(yaml, "job.yaml"));
}

/// A teacher called 'big' of a job with pictures of 64 x 64 pixels.
inline TeacherSetup setup_of(const train::Tasks& tasks, const std::string& yaml) {
  return {"big", teacher_options(yaml), tasks, {64, 64}};
}

inline torch::Tensor some_pictures(int64_t count, uint64_t seed = 1) {
  torch::manual_seed(seed);
  return torch::randint(0, 256, {count, 3, 64, 64}, torch::kByte);
}

/// A teacher that says what a function says, and counts how often it is asked.
class FakeTeacher : public Teacher {
 public:
  using Say = std::function<Answer(const torch::Tensor& pictures)>;
  explicit FakeTeacher(Say say, std::vector<models::FeatureInfo> features = {},
                       std::string name = "fake")
      : say_(std::move(say)), features_(std::move(features)), name_(std::move(name)) {}

  Answer answer(const torch::Tensor& pictures) override {
    ++calls;
    pictures_asked += pictures.size(0);
    return say_(pictures);
  }
  std::string name() const override { return name_; }
  std::string hash() const override { return hash_value; }
  std::vector<std::string> tasks() const override {
    std::vector<std::string> names;
    for (const auto& entry : say_(some_pictures(1)).outputs) names.push_back(entry.first);
    return names;
  }
  std::vector<models::FeatureInfo> features() const override { return features_; }

  int calls = 0;
  int64_t pictures_asked = 0;
  std::string hash_value = std::string(64, 'a');

 private:
  Say say_;
  std::vector<models::FeatureInfo> features_;
  std::string name_;
};

/// Deleted with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name =
        (std::filesystem::temp_directory_path() / "manyfold_distill_XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    path = name;
  }
  ~TemporaryFolder() {
    std::error_code error;
    std::filesystem::remove_all(path, error);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::filesystem::path path;
};

}  // namespace manyfold::distill
