#include "cli/job/job_model.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "cli/job/build_model.h"
#include "cli/job/calibration.h"
#include "cli/job/encoder_init.h"
#include "common/error.h"

namespace manyfold::cli {
namespace {

const std::string kQuantisers = std::string(quantise::QuantisedModel::kChild) + ".";

bool is_of_quantisers(const std::string& name) { return name.rfind(kQuantisers, 0) == 0; }

/// A device's graph has roundings where the encoder's maps are.
void refuse_map_losses(const JobOptions& job) {
  if (job.precision != "int8" && job.precision != "fp16_device") return;
  for (const auto& [name, loss] : job.distill.losses) {
    if (loss.type == "outputs" || loss.type == "channels") continue;
    throw ConfigError("distill.losses." + name + ".type = " + loss.type +
                      " reads the encoder's maps as they are in float, and precision = " +
                      job.precision + " rounds them: leave it out by '~distill.losses." + name +
                      "'; the types outputs and channels remain");
  }
}

/// Where there is nothing to be steady along.
void warn_of_no_clips(const JobOptions& job) {
  const auto& phases = job.train.phases;
  const bool clips = std::any_of(phases.begin(), phases.end(), [](const auto& entry) {
    return entry.second.first_clips() > 0 || entry.second.last_clips() > 0;
  });
  if (job.train.consistency.weight == 0 || clips) return;
  spdlog::warn(
      "train.consistency is about clips, and no phase draws them: it does nothing here; see "
      "train.phases, or schedule=stills_then_clips");
}

/// A device's graph holds as constants what was frozen when it was made.
void refuse_freezing_phases(const JobOptions& job) {
  if (job.precision != "int8" && job.precision != "fp16_device") return;
  for (const auto& [name, phase] : job.train.phases) {
    if (phase.freeze.empty()) continue;
    throw ConfigError("train.phases." + name + ".freeze with precision = " + job.precision +
                      ": what is frozen stands in the graph from the first step on; freeze for the "
                      "whole run by train.freeze");
  }
}

/// Whether a task with masks is to be steady in time.
bool asks_masks(const JobOptions& job) {
  const auto& wanted = job.train.consistency.tasks;
  return std::any_of(job.tasks.begin(), job.tasks.end(), [&](const auto& entry) {
    const bool asked = wanted.empty() || std::count(wanted.begin(), wanted.end(), entry.first) > 0;
    return asked && entry.second.task->label().kind == data::LabelSpec::Kind::mask;
  });
}

}  // namespace

std::map<std::string, double> task_weights(const JobOptions& job) {
  std::map<std::string, double> weights;
  for (const auto& [name, options] : job.tasks) weights[name] = options.weight;
  if (job.distill.reads_maps()) weights[train::kFeatureTerms] = 1;
  return weights;
}

data::TrainingNeeds needs_of(const JobOptions& job) {
  data::TrainingNeeds needs;
  const bool steady = job.train.consistency.weight > 0;
  if (steady) needs.unlabelled = data::Unlabelled::kept_clips;
  if (!job.distill.teachers.empty()) needs.unlabelled = data::Unlabelled::kept;
  needs.motion = steady && asks_masks(job);
  const auto steps = train::phase_steps(job.train.phases, job.train.steps);
  for (size_t i = 0; i < job.train.phases.size(); ++i) {
    const auto& [name, phase] = job.train.phases[i];
    needs.phases.push_back({steps[i], phase.mix, phase.first_clips(), phase.last_clips(),
                            phase.frames > 0 ? phase.frames : job.data.clips.frames,
                            phase.chunks > 0 ? phase.chunks : job.data.clips.chunks, name});
  }
  return needs;
}

models::StateDict memory_of(const models::StateDict& weights) {
  models::StateDict memory;
  for (const auto& entry : weights) {
    if (entry.first.rfind("temporal.", 0) == 0) memory.insert(entry);
  }
  return memory;
}

bool same_shapes(const models::StateDict& a, const models::StateDict& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.first == y.first && x.second.sizes() == y.second.sizes();
  });
}

models::StateDict without_quantisers(const models::StateDict& weights) {
  models::StateDict kept;
  for (const auto& [name, tensor] : weights) {
    if (!is_of_quantisers(name)) kept[name] = tensor;
  }
  return kept;
}

bool holds_quantisers(const models::StateDict& weights) {
  for (const auto& [name, tensor] : weights) {
    if (is_of_quantisers(name)) return true;
  }
  return false;
}

JobModel::JobModel(const JobOptions& job, torch::Device device,
                   const std::optional<train::RunFolder>& resumed)
    : job_(job), device_(device), model_(build_model(job, device)) {
  refuse_freezing_phases(job);
  train::check(job.train.consistency, job.tasks);
  warn_of_no_clips(job);
  for (const auto& part : job.train.freeze) model_->freeze(part);
  if (!resumed && !job.init.empty()) load_init();
  if (!resumed && !job.encoder.init.empty()) load_encoder(job.encoder, model_);
  if (!job.distill.teachers.empty()) {
    refuse_map_losses(job);
    teachers_ = open_teachers(job, model_, device);
    torch::manual_seed(static_cast<uint64_t>(job.seed));  // for adapters: teachers drew as well
    distillation_ =
        std::make_unique<distill::Distillation>(job.distill, job.tasks, cached(job, teachers_),
                                                model_->encoder().features(), job.train.steps);
    if (distillation_->adapters()) distillation_->adapters()->to(device);
  }
  prepare_memory();
  const auto precision = train::precision_of(job.precision);
  if (precision == train::Precision::int8) {
    prepare_int8(resumed);
  } else {
    forward_ = train::forward_in(precision, model_, job.data.network_size());
  }
}

/// A model of stills may be given a memory: it begins as one that changes nothing.
void JobModel::load_init() {
  auto weights =
      without_quantisers(train::load_checkpoint(train::find_checkpoint(job_.init)).deployed());
  const auto memory = memory_of(models::state_dict(*model_)), held = memory_of(weights);
  if (held.empty() && !memory.empty()) {
    spdlog::info("init: {} has no temporal layer; the one here is new", job_.init);
    weights.insert(memory.begin(), memory.end());
  } else if (!same_shapes(held, memory)) {
    throw UserError("init = " + job_.init + " has another temporal layer than this config: " +
                    "set model.temporal as in its config.yaml" +
                    (memory.empty() ? ", or begin with its encoder alone (encoder.init)" : ""));
  }
  models::load_state(*model_, weights,
                     "init = " + job_.init + " does not fit the model of this config");
}

void JobModel::prepare_memory() {
  int64_t clips = 0;
  const auto needs = needs_of(job_);
  for (const auto& phase : needs.phases) {
    const bool goes_on = phase.chunks > 1 && (phase.clips > 0 || phase.last_clips > 0);
    if (goes_on) clips = std::max(clips, data::clips_in_batch(job_.data, phase));
  }
  if (clips == 0 || !model_->temporal()) return;
  const auto size = job_.data.network_size();
  memory_ = std::make_shared<train::ClipMemory>(model_->temporal()->states(), clips, size.height,
                                                size.width);
  memory_->to(device_);
}

void JobModel::prepare_int8(const std::optional<train::RunFolder>& resumed) {
  if (job_.init.empty()) {
    throw ConfigError(
        "precision = int8 trains a float model on, and init does not name one: set init=RUN, or "
        "say manyfold qat RUN");
  }
  const auto size = job_.data.network_size();
  if (job_.qat.distill > 0) {
    float_model_ = models::MultiTaskModel(
        std::dynamic_pointer_cast<models::MultiTaskModelImpl>(model_->clone()));
    if (resumed) load_float_model(*resumed);
    float_model_->eval();
    float_forward_ = train::forward_of(float_model_);
  }
  quantised_ =
      train::make_quantised(model_, job_.tasks, size, job_.quantise, job_.qat.learned_steps);
  if (!resumed) {
    spdlog::info("calibrating on {} pictures ({})", job_.quantise.pictures, job_.calibration);
    model_->eval();
    quantised_->calibrate(calibration_inputs(job_, quantised_->float_graph(), device_));
  }
  schedule_ =
      std::make_unique<train::QatSchedule>(model_, quantised_, size, job_.qat, job_.train.steps);
}

void JobModel::load_float_model(const train::RunFolder& run) {
  if (!std::filesystem::exists(run.init())) {
    throw UserError(
        "cannot resume: qat.distill needs the float weights that the run began with, and " +
        run.init().string() + " is not there; set qat.distill=0 as in that run");
  }
  models::load_weights(run.init(), *float_model_);
}

std::shared_ptr<torch::nn::Module> JobModel::beside() const {
  const auto adapters = distillation_ ? distillation_->adapters() : nullptr;
  if (!memory_ || !adapters) return memory_ ? memory_ : adapters;
  auto both = std::make_shared<torch::nn::Module>("Beside");
  both->register_module("adapters", adapters);
  both->register_module("memory", memory_);
  return both;
}

train::Lessons JobModel::lessons(const data::Batch& batch, int64_t step,
                                 const models::State& state) {
  auto lessons = distillation_ ? distillation_->lessons(batch, step) : train::Lessons();
  append(lessons, train::consistency_lessons(job_.tasks, batch, job_.train.consistency));
  if (float_model_.is_empty()) return lessons;
  append(lessons, train::imitation_lessons("float_model", float_forward_, job_.tasks, batch,
                                           job_.qat.distill, job_.qat.temperature, state));
  return lessons;
}

train::TaskTerms JobModel::terms(const data::Batch& batch, int64_t step) {
  const auto& forward = schedule_ ? schedule_->training(step) : forward_.training;
  auto state = memory_ ? memory_->before(batch) : models::State();
  auto terms =
      train::supervised_terms(forward, job_.tasks, batch, lessons(batch, step, state), &state);
  if (memory_ && batch.frames() > 1) memory_->keep(state);
  if (schedule_) schedule_->follow();
  return terms;
}

train::Predictor JobModel::predictor() {
  const auto forward =
      quantised_ ? train::forward_of(std::make_shared<const graph::Replay>(quantised_->integer()))
                 : forward_.evaluation;
  return train::predictor(forward, model_->tasks(), model_->parameters().front().device());
}

}  // namespace manyfold::cli
