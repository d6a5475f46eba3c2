#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/config/fields.h"

namespace manyfold::quantise {

/// How a model becomes int8: the section `quantise` of a config. Read by the export of a float
/// model (post-training) and by quantisation-aware training alike.
struct QuantiseOptions {
  std::string observer = "moving_average";
  double percentile = 99.99;
  int64_t pictures = 256;
  std::string activations = "uint8";
  std::string weights = "minmax";
  bool per_channel = true;
  std::string target = "onnxruntime";
  bool equalise = false;
  bool correct_bias = false;
  std::vector<std::string> keep_float;
  bool sensitivity = false;

  void fields(config::Fields& f);
};

/// The schedule of quantisation-aware training: the section `qat`.
struct QatOptions {
  int64_t observe_steps = 0;
  double freeze_ranges = 0.5;
  double momentum = 0.01;
  std::string batch_norm = "folded";
  double freeze_norms = 0.4;
  bool learned_steps = false;
  double distill = 0.5;
  double temperature = 2;

  void fields(config::Fields& f);
};

}  // namespace manyfold::quantise
