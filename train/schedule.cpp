#include "train/schedule.h"

#include <algorithm>
#include <cmath>

namespace manyfold::train {

void ScheduleOptions::fields(config::Fields& f) {
  f.field("type", type, "How the learning rate falls after the warm-up.",
          {"cosine", "poly", "constant"});
  f.field("warmup_steps", warmup_steps,
          "Steps over which the learning rate rises linearly to its peak.", config::at_least(0));
  f.field("final_ratio", final_ratio, "Learning rate of the last step, as a share of the peak.",
          config::between(0, 1));
  f.field("power", power, "Exponent of `poly`.", config::positive());
  f.field(
      "weight_decay_ratio", weight_decay_ratio,
      "Weight decay of the last step, as a share of train.optimizer.weight_decay; half a cosine "
      "leads there. 10 in DINO.",
      config::at_least(0));
}

double lr_factor(const ScheduleOptions& o, int64_t step, int64_t steps) {
  if (step < o.warmup_steps)
    return static_cast<double>(step + 1) / static_cast<double>(o.warmup_steps);
  if (o.type == "constant") return 1;
  const double length = static_cast<double>(std::max<int64_t>(1, steps - o.warmup_steps));
  const double t = std::min(1.0, static_cast<double>(step - o.warmup_steps) / length);
  const double shape = o.type == "poly" ? std::pow(1 - t, o.power) : 0.5 * (1 + std::cos(M_PI * t));
  return o.final_ratio + (1 - o.final_ratio) * shape;
}

double decay_factor(const ScheduleOptions& o, int64_t step, int64_t steps) {
  const double t = static_cast<double>(step) / static_cast<double>(std::max<int64_t>(1, steps));
  return o.weight_decay_ratio + (1 - o.weight_decay_ratio) * 0.5 * (1 + std::cos(M_PI * t));
}

}  // namespace manyfold::train
