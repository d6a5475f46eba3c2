#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/config/fields.h"
#include "data/loading/batch.h"
#include "losses/weighting.h"
#include "models/multitask.h"
#include "train/checkpoint.h"
#include "train/consistency.h"
#include "train/ema.h"
#include "train/grad_scaler.h"
#include "train/optimizer.h"
#include "train/phases.h"
#include "train/schedule.h"
#include "train/supervised.h"

namespace manyfold::train {

struct LoopOptions {
  int64_t steps = 1000;
  int64_t evaluate_every = 500;
  int64_t checkpoint_every = 500;
  double clip_norm = 5;
  std::string clip = "joint";
  double ema_decay = 0.998;
  std::string ema_schedule = "warmup";
  int64_t max_skipped_steps = 10;
  std::string weighting = "fixed";
  std::vector<std::string> freeze;
  PhaseList phases;
  ConsistencyOptions consistency;
  OptimizerOptions optimizer;
  ScheduleOptions schedule;

  void fields(config::Fields& f);
};

/// What happened in one step.
struct StepRecord {
  int64_t step = 0;                       // counted from 0
  double loss = 0;                        // the weighted sum that was differentiated
  std::map<std::string, double> terms;    // "<task>.<term>", unweighted, of the tasks that were run
  std::map<std::string, double> losses;   // by task: the weighted sum of its terms
  std::map<std::string, double> weights;  // of the tasks, as the weighting has them now
  double lr = 0;
  double grad_norm = 0;   // before clipping
  bool skipped = false;   // the loss or a gradient was not finite: nothing was changed by this step
  double loss_scale = 0;  // of this step; 0 without a scaler
  /// Skipped, and a smaller loss scale is tried from here on: no reason to worry.
  bool rescaled = false;
  int64_t pictures = 0;
};

/// What the loop needs from outside.
struct LoopHooks {
  /// Batch of a step; called once a step, in order.
  std::function<data::Batch(int64_t step)> batch;
  /// The terms to learn from, in a step counted from 0.
  std::function<TaskTerms(const data::Batch&, int64_t step)> objective;
  /// What the objective learns or keeps beside the model: its parameters are trained, and all of it
  /// stands in checkpoints. May be null.
  std::shared_ptr<torch::nn::Module> beside;
  std::function<void(const StepRecord&)> logged;
  /// Before `logged`, of a step that was skipped and not for its loss scale. Model, buffers,
  /// optimiser and `snapshot()` are as before the step; where the loss was finite, the parameters
  /// hold the gradients that were not. May be empty.
  std::function<void(const StepRecord&, const data::Batch&)> skipped;
  /// Scores the model as it stands (weights averaged if so configured), in evaluation mode; higher
  /// is better.
  std::function<double(int64_t steps_done)> evaluate;
  /// Writes a checkpoint; `best` if its score is the highest so far in its phase.
  std::function<void(const Checkpoint&, bool best)> save;
  /// True when the run should save and end after the current step.
  std::function<bool()> stop;
};

/// What LibTorch's generator is seeded with at a step, so that what it draws (dropout) is a
/// function of the step as well.
uint64_t step_seed(uint64_t seed, int64_t step);

/// The one training loop: supervised learning, distillation and pre-training are objectives of it.
/// The state between two steps is what `snapshot` returns, so a resumed run repeats an
/// uninterrupted one bit for bit.
class Loop {
 public:
  /// `task_weights` by name of the task. The device is that of the model's parameters. `scaler`:
  /// scales the loss for gradients in half precision; a step that it skips on the way to a fitting
  /// scale does not count for `max_skipped_steps`.
  /// Throws ConfigError for a part in `freeze` or `lr_scale` that the model does not have.
  Loop(const LoopOptions& options, uint64_t seed, models::MultiTaskModel model,
       const std::map<std::string, double>& task_weights, LoopHooks hooks,
       std::optional<GradScaler> scaler = {});

  /// Trains up to `options.steps`; returns false if it was stopped before.
  /// Throws UserError when too many steps in a row had to be skipped.
  bool run();

  /// The tensors are the live ones: save or copy them before the next step.
  Checkpoint snapshot() const;
  /// Goes on from a snapshot. Throws UserError when it does not fit the model or the options.
  void restore(const Checkpoint& checkpoint);

  int64_t steps_done() const { return step_; }
  /// The averaged weights as they stand; null without averaging.
  const WeightAverage* average() const { return average_ ? &*average_ : nullptr; }

 private:
  void check_phases();
  void enter_phase();
  void set_up(size_t phase);
  StepRecord train_step();
  void update(const torch::Tensor& loss, StepRecord& record);
  void backward(const torch::Tensor& loss);
  void guard_against_skips(const StepRecord& record);
  void evaluate_and_save(bool last);

  LoopOptions options_;
  uint64_t seed_;
  models::MultiTaskModel model_;
  LoopHooks hooks_;
  std::shared_ptr<losses::LossWeighting> weighting_;
  std::unique_ptr<Optimizer> optimizer_;
  std::optional<WeightAverage> average_;
  std::optional<GradScaler> scaler_;
  std::vector<int64_t> phase_steps_;
  PhasePlace place_;                    // of the step in hand
  std::optional<size_t> entered_;       // the phase that the model is set up for
  std::set<std::string> thawed_later_;  // parts that are frozen for this phase alone
  int64_t step_ = 0;
  int64_t skipped_in_a_row_ = 0;
  double best_ = -1;
};

}  // namespace manyfold::train
