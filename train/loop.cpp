#include "train/loop.h"

#include <algorithm>
#include <cmath>

#include "common/error.h"
#include "train/kept_buffers.h"

namespace manyfold::train {
namespace {

using torch::Tensor;

Tensor weighted_sum(const Terms& terms) {
  Tensor sum = terms.front().value * terms.front().weight;
  for (size_t i = 1; i < terms.size(); ++i) sum = sum + terms[i].value * terms[i].weight;
  return sum;
}

NamedParameters trained_parameters(const models::MultiTaskModel& model,
                                   const losses::LossWeighting& weighting,
                                   const torch::nn::Module* beside) {
  NamedParameters parameters;
  const auto add = [&](const std::string& prefix, const torch::nn::Module& module) {
    for (const auto& entry : module.named_parameters())
      parameters.emplace_back(prefix + entry.key(), entry.value());
  };
  add("", *model);
  add("weighting.", weighting);
  if (beside) add("objective.", *beside);
  return parameters;
}

/// What only the options of the run that made the checkpoint can go on with.
void refuse_other_options(const Checkpoint& checkpoint, const LoopOptions& options) {
  const auto& made_by = checkpoint.optimizer_type;
  if (!made_by.empty() && made_by != options.optimizer.type) {
    throw UserError("cannot resume: the checkpoint was made with train.optimizer.type=" + made_by +
                    ", not " + options.optimizer.type + "; set train.optimizer.type=" + made_by +
                    " as in that run");
  }
  const bool averaged = !checkpoint.average.empty();
  if (averaged == (options.ema_decay > 0)) return;
  throw UserError(averaged ? "cannot resume: the checkpoint has a weight average, which "
                             "train.ema_decay=0 would lose; set train.ema_decay as in that run"
                           : "cannot resume: the checkpoint has no weight average; set "
                             "train.ema_decay=0 as in that run");
}

/// The learning-rate scales of every phase.
std::vector<std::map<std::string, double>> scales_of(const LoopOptions& options) {
  std::vector<std::map<std::string, double>> scales;
  for (const auto& [name, phase] : options.phases) {
    scales.push_back(options.optimizer.lr_scale);
    for (const auto& [part, scale] : phase.lr_scale) scales.back()[part] = scale;
  }
  if (scales.empty()) scales.push_back(options.optimizer.lr_scale);
  return scales;
}

/// A learnt weight would undo a phase's.
void refuse_weights(const LoopOptions& options) {
  for (const auto& [name, phase] : options.phases) {
    if (phase.weights.empty()) continue;
    throw ConfigError("train.phases." + name +
                      ".weights with train.weighting = " + options.weighting +
                      ", which learns weights of its own and would undo them; use "
                      "train.weighting=fixed, or leave them out");
  }
}

AverageSchedule average_schedule(const LoopOptions& options) {
  return {options.ema_decay, options.ema_schedule == "cosine", options.steps};
}

std::string unfinite_terms(const StepRecord& record) {
  std::string names;
  for (const auto& [name, value] : record.terms) {
    if (!std::isfinite(value)) names += (names.empty() ? "" : ", ") + name;
  }
  return names.empty() ? "the losses are finite, the gradient is not" : "not finite: " + names;
}

}  // namespace

void LoopOptions::fields(config::Fields& f) {
  f.field("steps", steps,
          "Optimiser steps of the whole run; a resumed run goes on up to this number.",
          config::positive());
  f.field("evaluate_every", evaluate_every,
          "Steps between evaluations on the validation sets; 0 = only at the end.",
          config::at_least(0));
  f.field("checkpoint_every", checkpoint_every, "Steps between checkpoints; 0 = only at the end.",
          config::at_least(0));
  f.field("clip_norm", clip_norm, "Largest joint norm of the gradients; 0 = no clipping.",
          config::at_least(0));
  f.field("clip", clip, "Whether clip_norm limits the joint norm, or that of each tensor.",
          {"joint", "each"});
  f.field("ema_decay", ema_decay,
          "Decay of the weight average that is evaluated and exported; 0 = evaluate the weights "
          "themselves.",
          config::between(0, 0.999999));
  f.field("ema_schedule", ema_schedule,
          "warmup: the decay grows to ema_decay in the first steps; cosine: from ema_decay to 1 "
          "over the run, as teachers of self-distillation have it.",
          {"warmup", "cosine"});
  f.field("max_skipped_steps", max_skipped_steps,
          "Steps in a row whose loss or gradient may be NaN or infinite (each is skipped) before "
          "the run fails.",
          config::at_least(0));
  f.field("weighting", weighting, "How the tasks' losses are balanced.", {"fixed", "uncertainty"});
  f.field("freeze", freeze,
          "Parts that do not learn, BatchNorm statistics included, by name: [encoder] trains heads "
          "only.");
  f.entries("phases", phases,
            "Stretches of the run by name, in order: what each draws, what learns in it, and how "
            "fast; none: one of stills.");
  f.section("consistency", consistency, "Steadiness in time, as an objective.");
  f.section("optimizer", optimizer, "The update rule.");
  f.section("schedule", schedule, "The learning rate over the run.");
}

uint64_t step_seed(uint64_t seed, int64_t step) {
  return seed * 1000003 + static_cast<uint64_t>(step);
}

Loop::Loop(const LoopOptions& options, uint64_t seed, models::MultiTaskModel model,
           const std::map<std::string, double>& task_weights, LoopHooks hooks,
           std::optional<GradScaler> scaler)
    : options_(options),
      seed_(seed),
      model_(std::move(model)),
      hooks_(std::move(hooks)),
      weighting_(losses::make_weighting(options.weighting, task_weights)),
      scaler_(scaler),
      phase_steps_(phase_steps(options.phases, options.steps)) {
  weighting_->to(model_->parameters().front().device());
  for (const auto& part : options_.freeze) model_->freeze(part);
  optimizer_ = std::make_unique<Optimizer>(
      options_.optimizer, trained_parameters(model_, *weighting_, hooks_.beside.get()),
      scales_of(options_));
  for (const auto& [name, phase] : options_.phases) {
    for (const auto& [task, ramp] : phase.weights) {
      if (task_weights.count(task)) continue;
      std::vector<std::string> known;
      for (const auto& entry : task_weights) known.push_back(entry.first);
      throw ConfigError("train.phases." + name + ".weights." + task + " is of no task of this job" +
                        known_names(task, known));
    }
  }
  if (options_.weighting != "fixed") refuse_weights(options_);
  check_phases();
  if (options_.ema_decay > 0) average_.emplace(*model_, average_schedule(options_));
}

bool Loop::run() {
  while (step_ < options_.steps) {
    const auto record = train_step();
    hooks_.logged(record);
    guard_against_skips(record);
    const bool stopped = hooks_.stop && hooks_.stop();
    evaluate_and_save(stopped || step_ == options_.steps);
    if (stopped && step_ < options_.steps) return false;
  }
  return true;
}

/// Sets the model up for each phase in turn: that finds parts that it does not have, and phases in
/// which nothing learns.
void Loop::check_phases() {
  for (size_t phase = 0; phase < options_.phases.size(); ++phase) {
    const auto& name = options_.phases[phase].first;
    try {
      set_up(phase);
    } catch (const ConfigError& error) {
      throw ConfigError("train.phases." + name + ".freeze: " + error.what());
    }
    const auto parameters = model_->parameters();
    if (std::none_of(parameters.begin(), parameters.end(),
                     [](const Tensor& parameter) { return parameter.requires_grad(); })) {
      throw ConfigError("train.phases." + name + ": nothing learns, every part is frozen");
    }
  }
}

void Loop::enter_phase() {
  place_ = place_in(phase_steps_, step_);
  // What an earlier phase reached is what this one begins with, not what it has to beat.
  if (place_.done == 0) best_ = -1;
  if (!options_.phases.empty() && entered_ != place_.phase) set_up(place_.phase);
}

/// Freezes what does not learn in a phase, and thaws what did not in the one before.
void Loop::set_up(size_t phase) {
  for (const auto& part : thawed_later_) model_->unfreeze(part);
  thawed_later_.clear();
  for (const auto& part : options_.phases[phase].second.freeze) {
    if (model_->frozen().count(part)) continue;
    model_->freeze(part);
    thawed_later_.insert(part);
  }
  // A part that was thawed may hold one that never learns.
  for (const auto& part : options_.freeze) model_->freeze(part);
  entered_ = phase;
}

StepRecord Loop::train_step() {
  StepRecord record;
  enter_phase();
  record.step = step_;
  record.loss_scale = scaler_ ? scaler_->scale() : 0;
  const double phase_lr = options_.phases.empty() ? 1 : options_.phases[place_.phase].second.lr;
  record.lr = optimizer_->set_lr_factor(
      phase_lr * lr_factor(options_.schedule, step_, options_.steps), place_.phase);
  optimizer_->set_decay_factor(decay_factor(options_.schedule, step_, options_.steps));
  const auto batch = hooks_.batch(step_);
  record.pictures = batch.size() * batch.pictures.size(1);

  model_->train();
  torch::manual_seed(step_seed(seed_, step_));
  KeptBuffers buffers(*model_);
  std::optional<KeptBuffers> beside;
  if (hooks_.beside) beside.emplace(*hooks_.beside);
  std::map<std::string, Tensor> task_losses;
  for (const auto& [task, terms] : hooks_.objective(batch, step_)) {
    for (const auto& term : terms) {
      const double value = term.value.item<double>();
      if (!record.terms.emplace(task + "." + term.name, value).second) {
        throw ConfigError("two terms of " + task + " are called " + term.name +
                          "; give the entry of distill.losses another name");
      }
      record.losses[task] += value * term.weight;
    }
    const double factor = weight_factor(options_.phases, place_, task);
    task_losses[task] = factor == 1 ? weighted_sum(terms) : weighted_sum(terms) * factor;
    record.weights[task] = weighting_->weight(task) * factor;
  }
  if (!task_losses.empty()) {
    const auto loss = weighting_->forward(task_losses);
    record.loss = loss.item<double>();
    update(loss, record);
  }
  if (record.skipped) buffers.restore();
  if (record.skipped && beside) beside->restore();
  if (record.skipped && !record.rescaled && hooks_.skipped) hooks_.skipped(record, batch);
  // A loss that is not finite says nothing of its scale: there was no backward pass.
  if (scaler_ && !task_losses.empty() && std::isfinite(record.loss))
    scaler_->update(!record.skipped);
  ++step_;
  return record;
}

void Loop::update(const Tensor& loss, StepRecord& record) {
  record.skipped = !std::isfinite(record.loss);
  // Nothing that learns in this phase had a part in the loss.
  if (record.skipped || !loss.requires_grad()) return;
  backward(loss);
  record.grad_norm = options_.clip == "each" ? optimizer_->clip_each_grad_norm(options_.clip_norm)
                                             : optimizer_->clip_grad_norm(options_.clip_norm);
  record.skipped = !std::isfinite(record.grad_norm);
  record.rescaled = record.skipped && scaler_ && !scaler_->at_floor();
  if (record.skipped) return;
  optimizer_->step();
  if (average_) average_->update(*model_);
}

void Loop::backward(const Tensor& loss) {
  optimizer_->zero_grad();
  if (!scaler_) return loss.backward();
  scaler_->scaled(loss).backward();
  auto parameters = model_->parameters();
  for (const auto& parameter : weighting_->parameters()) parameters.push_back(parameter);
  if (hooks_.beside) {
    for (const auto& parameter : hooks_.beside->parameters()) parameters.push_back(parameter);
  }
  scaler_->unscale(parameters);
}

void Loop::guard_against_skips(const StepRecord& record) {
  if (record.rescaled) return;
  skipped_in_a_row_ = record.skipped ? skipped_in_a_row_ + 1 : 0;
  if (skipped_in_a_row_ <= options_.max_skipped_steps) return;
  throw UserError(
      "training diverged: " + std::to_string(skipped_in_a_row_) + " steps in a row up to step " +
      std::to_string(record.step) + " gave no usable gradient (" + unfinite_terms(record) +
      "). Lower train.optimizer.lr (now " + std::to_string(options_.optimizer.lr) +
      "), set train.clip_norm, or raise train.max_skipped_steps; the last checkpoint is kept");
}

void Loop::evaluate_and_save(bool last) {
  const auto due = [&](int64_t every) { return every > 0 && step_ % every == 0; };
  const bool finished = step_ == options_.steps;
  if (hooks_.evaluate && (due(options_.evaluate_every) || finished)) {
    std::optional<WeightAverage::Applied> applied;
    if (average_) applied.emplace(*average_, *model_);
    model_->eval();
    const double score = hooks_.evaluate(step_);
    applied.reset();
    if (score > best_) {
      best_ = score;
      hooks_.save(snapshot(), /*best=*/true);
    }
  }
  if (due(options_.checkpoint_every) || last) hooks_.save(snapshot(), /*best=*/false);
}

Checkpoint Loop::snapshot() const {
  Checkpoint checkpoint;
  checkpoint.weights = models::state_dict(*model_);
  checkpoint.weighting = models::state_dict(*weighting_);
  if (hooks_.beside) checkpoint.objective = models::state_dict(*hooks_.beside);
  checkpoint.optimizer = optimizer_->state();
  checkpoint.optimizer_type = options_.optimizer.type;
  if (average_) checkpoint.average = average_->weights();
  checkpoint.step = step_;
  checkpoint.average_updates = average_ ? average_->updates() : 0;
  checkpoint.skipped_in_a_row = skipped_in_a_row_;
  checkpoint.best = best_;
  if (scaler_) {
    checkpoint.loss_scale = scaler_->scale();
    checkpoint.good_steps = scaler_->good_steps();
  }
  return checkpoint;
}

void Loop::restore(const Checkpoint& checkpoint) {
  refuse_other_options(checkpoint, options_);
  models::load_state(*model_, checkpoint.weights,
                     "cannot resume: the checkpoint does not fit the model");
  models::load_state(*weighting_, checkpoint.weighting,
                     "cannot resume: the checkpoint does not fit train.weighting");
  if (hooks_.beside) {
    models::load_state(*hooks_.beside, checkpoint.objective,
                       "cannot resume: the checkpoint does not fit the objective");
  }
  if (average_) average_->load(checkpoint.average, checkpoint.average_updates);
  optimizer_->load_state(checkpoint.optimizer);
  step_ = checkpoint.step;
  skipped_in_a_row_ = checkpoint.skipped_in_a_row;
  best_ = checkpoint.best;
  if (scaler_ && checkpoint.loss_scale > 0)
    scaler_.emplace(checkpoint.loss_scale, checkpoint.good_steps);
}

}  // namespace manyfold::train
