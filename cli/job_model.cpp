#include "cli/job_model.h"

#include <spdlog/spdlog.h>

#include "cli/build_model.h"
#include "cli/calibration.h"
#include "cli/encoder_init.h"
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

}  // namespace

std::map<std::string, double> task_weights(const JobOptions& job) {
  std::map<std::string, double> weights;
  for (const auto& [name, options] : job.tasks) weights[name] = options.weight;
  if (job.distill.reads_maps()) weights[train::kFeatureTerms] = 1;
  return weights;
}

data::Unlabelled unlabelled_of(const JobOptions& job) {
  return job.distill.teachers.empty() ? data::Unlabelled::dropped : data::Unlabelled::kept;
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
  for (const auto& part : job.train.freeze) model_->freeze(part);
  if (!resumed && !job.init.empty()) {
    const auto checkpoint = train::load_checkpoint(train::find_checkpoint(job.init));
    models::load_state(*model_, without_quantisers(checkpoint.deployed()),
                       "init = " + job.init + " does not fit the model of this config");
  }
  if (!resumed && !job.encoder.init.empty()) load_encoder(job.encoder, model_);
  if (!job.distill.teachers.empty()) {
    refuse_map_losses(job);
    teachers_ = open_teachers(job, model_, device);
    torch::manual_seed(static_cast<uint64_t>(job.seed));  // for adapters: teachers drew as well
    distillation_ =
        std::make_unique<distill::Distillation>(job.distill, job.tasks, cached(job, teachers_),
                                                model_->encoder().features(), job.train.steps);
    if (beside()) beside()->to(device);
  }
  const auto precision = train::precision_of(job.precision);
  if (precision == train::Precision::int8) {
    prepare_int8(resumed);
  } else {
    forward_ = train::forward_in(precision, model_, job.data.network_size());
  }
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
    quantised_->calibrate(calibration_pictures(job_, device_));
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
  return distillation_ ? distillation_->adapters() : nullptr;
}

train::Lessons JobModel::lessons(const data::Batch& batch, int64_t step) {
  auto lessons = distillation_ ? distillation_->lessons(batch, step) : train::Lessons();
  if (float_model_.is_empty()) return lessons;
  const auto imitation = train::imitation_lessons("float_model", float_forward_, job_.tasks, batch,
                                                  job_.qat.distill, job_.qat.temperature);
  for (const auto& [task, more] : imitation.by_task) {
    auto& all = lessons.by_task[task];
    all.insert(all.end(), more.begin(), more.end());
  }
  return lessons;
}

train::TaskTerms JobModel::terms(const data::Batch& batch, int64_t step) {
  const auto& forward = schedule_ ? schedule_->training(step) : forward_.training;
  auto terms = train::supervised_terms(forward, job_.tasks, batch, lessons(batch, step));
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
