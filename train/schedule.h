#pragma once

#include <cstdint>
#include <string>

#include "common/config/fields.h"

namespace manyfold::train {

/// The learning rate over the steps of a run: a linear warm-up, then a decay to `final_ratio` of
/// the peak.
struct ScheduleOptions {
  std::string type = "cosine";
  int64_t warmup_steps = 100;
  double final_ratio = 0.005;
  double power = 0.9;
  double weight_decay_ratio = 1;

  void fields(config::Fields& f);
};

/// The factor on the peak learning rate at `step` of `steps`, in (0, 1]:
///   warm-up, step < W:   (step + 1) / W
///   cosine (SGDR, arXiv:1608.03983, one period), poly (1 - t)^power (arXiv:1606.00915) or constant
///   after it, t = (step - W) / (steps - W).
double lr_factor(const ScheduleOptions& options, int64_t step, int64_t steps);

/// The factor on the weight decay: from 1 to `weight_decay_ratio` by half a cosine over the run.
double decay_factor(const ScheduleOptions& options, int64_t step, int64_t steps);

}  // namespace manyfold::train
