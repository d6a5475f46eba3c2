#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/config/fields.h"
#include "data/data_options.h"
#include "distill/options.h"
#include "models/model_options.h"
#include "quantise/options.h"
#include "train/loop.h"
#include "train/task.h"

namespace manyfold::cli {

/// Where a run goes and what it runs on.
struct RunOptions {
  std::string name = "train";
  std::string dir;
  int64_t threads = 0;
  std::string device = "auto";
  void fields(config::Fields& f);
};

/// What `manyfold export` writes, and the export at the end of every training job.
struct ExportOptions {
  bool enabled = true;
  int64_t opset = 13;
  std::string batch = "dynamic";
  double tolerance = 1e-4;
  bool half_ends = false;
  bool nms = false;
  std::map<std::string, double> limits;
  int64_t pictures = 16;
  void fields(config::Fields& f);
};

/// Where a job's encoder comes from, when only the encoder does.
struct EncoderOptions {
  std::string init;
  std::string sha256;
  void fields(config::Fields& f);
};

/// A whole job: the keys at the top of a config.
struct JobOptions {
  int64_t seed = 0;
  std::string init;
  EncoderOptions encoder;
  std::string precision = "fp32";
  std::string calibration = "training";
  RunOptions run;
  models::ModelOptions model;
  train::Tasks tasks;
  data::DataOptions data;
  train::LoopOptions train;
  ExportOptions exporting;
  quantise::QuantiseOptions quantise;
  quantise::QatOptions qat;
  distill::DistillOptions distill;
  void fields(config::Fields& f);
};

}  // namespace manyfold::cli
