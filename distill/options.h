#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/config/fields.h"

namespace manyfold::distill {

/// How a foreign model takes its pictures: the keys under a teacher's `input`. Numbers go through
/// (x * scale - mean) / deviation, of each colour in the teacher's order.
struct InputOptions {
  config::PictureSize size;  // 0: that of the file, or of the job
  std::string layout = "nchw";
  std::string colour = "rgb";
  std::string type = "float32";
  double scale = 1.0 / 255;
  std::vector<double> mean = {0, 0, 0};
  std::vector<double> deviation = {1, 1, 1};

  void fields(config::Fields& f);
};

/// What one output of a teacher means: the keys under `outputs.<task>`.
struct OutputOptions {
  std::string name;
  std::string layout = "nchw";
  std::string activation = "logits";
  std::map<std::string, std::string> classes;

  void fields(config::Fields& f);
};

/// One model that is asked: an entry of `distill.teachers`.
struct TeacherOptions {
  std::string model;
  std::vector<std::string> tasks;
  double weight = 1;
  double least_score = 0;
  InputOptions input;
  std::vector<std::pair<std::string, OutputOptions>> outputs;  // by task
  std::map<std::string, std::string> features;                 // stride -> output

  void fields(config::Fields& f);
  /// What is said of a task's output; null for nothing.
  const OutputOptions* output(const std::string& task) const;
};

/// One term that is learnt from the teachers: an entry of `distill.losses`.
struct LossOptions {
  std::string type = "outputs";
  double weight = 1;
  double start = 0;
  double ramp = 0;
  double stop = 1;
  std::vector<std::string> tasks;
  std::string rows = "all";
  std::vector<std::string> sources;
  double temperature = 1;
  std::vector<int64_t> strides = {32};
  double distances = 1;
  double angles = 2;

  void fields(config::Fields& f);
  /// The weight when `share` of the run, in [0, 1), is done.
  double weight_at(double share) const;
};

/// Learning from other models: the section `distill` of a job. Without teachers it does nothing.
struct DistillOptions {
  std::vector<std::pair<std::string, TeacherOptions>> teachers;
  std::vector<std::pair<std::string, LossOptions>> losses;
  std::string ensemble = "mean";
  std::string cache;

  void fields(config::Fields& f);
  /// Whether a loss reads the encoder's maps.
  bool reads_maps() const { return !strides(1).empty(); }
  /// The strides of the encoder's maps that the losses read; `coarsest` is that of its last one.
  std::vector<int64_t> strides(int64_t coarsest) const;
};

}  // namespace manyfold::distill
