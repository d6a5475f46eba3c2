#pragma once

#include <cstdint>
#include <string>

#include "common/config/fields.h"

namespace manyfold::pretrain {

/// Self-distillation (arXiv:2104.14294).
struct DinoOptions {
  int64_t prototypes = 1024;
  int64_t hidden = 512;
  int64_t bottleneck = 256;
  bool head_batch_norm = true;
  double student_temperature = 0.1;
  double teacher_temperature = 0.02;
  double first_teacher_temperature = 0.02;
  double temperature_warmup = 0;
  double centre_momentum = 0.9;
  double freeze_last = 0;
  std::string teacher_norm = "batch";

  void fields(config::Fields& f);
};

/// Redundancy reduction (arXiv:2103.03230).
struct BarlowTwinsOptions {
  int64_t hidden = 512;
  int64_t out = 1024;
  double off_diagonal = 0.0051;

  void fields(config::Fields& f);
};

/// When a run counts as collapsed; see CollapseWatch.
struct AlarmOptions {
  int64_t patience = 200;
  int64_t grace = 500;
  double uniform = 0.98;
  double constant = 0.02;
  double spread = 0.2;

  void fields(config::Fields& f);
};

/// How an encoder learns from pictures without labels: the section `pretrain` of a config.
struct PretrainOptions {
  std::string method = "dino";
  DinoOptions dino;
  BarlowTwinsOptions barlow_twins;
  AlarmOptions alarms;

  void fields(config::Fields& f);
};

}  // namespace manyfold::pretrain
