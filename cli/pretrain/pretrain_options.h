#pragma once

#include <string>

#include "cli/job/job_options.h"
#include "cli/pretrain/probing.h"
#include "data/augment/crops.h"
#include "pretrain/options.h"

namespace manyfold::cli {

/// A job that trains an encoder without labels: the keys of configs/pretrain.yaml.
struct PretrainJob {
  int64_t seed = 0;
  RunOptions run;
  models::ModelOptions model;
  EncoderOptions encoder;
  data::DataOptions data;
  data::CropOptions crops;
  pretrain::PretrainOptions pretrain;
  train::LoopOptions train;
  ProbeOptions probe;
  ExportOptions exporting;
  void fields(config::Fields& f);
};

/// The keys of configs/probe.yaml.
struct ProbeJob {
  int64_t seed = 0;
  RunOptions run;
  models::ModelOptions model;
  EncoderOptions encoder;
  ProbeOptions probe;
  void fields(config::Fields& f);
};

}  // namespace manyfold::cli
