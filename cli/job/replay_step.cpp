#include "cli/job/replay_step.h"

#include <cmath>
#include <cstdio>

#include "cli/job/build_model.h"
#include "cli/job/job_model.h"
#include "cli/job/saved_job.h"
#include "train/diagnosis.h"
#include "train/kept_buffers.h"
#include "train/saved_step.h"

namespace manyfold::cli {
namespace {

using train::Diagnosis;

/// A saved step with all it needs, on its device.
struct Step {
  JobOptions job;
  train::Precision precision;
  train::Checkpoint checkpoint;
  data::Batch batch;
  std::unique_ptr<JobModel> model;
  std::shared_ptr<losses::LossWeighting> weighting;

  torch::Tensor pictures() const { return batch.pictures.flatten(0, 1); }
};

std::shared_ptr<losses::LossWeighting> make_weighting(const JobOptions& job, torch::Device device) {
  auto weighting = losses::make_weighting(job.train.weighting, task_weights(job));
  weighting->to(device);
  return weighting;
}

Step open_step(const std::filesystem::path& file, const std::vector<std::string>& overrides) {
  auto saved = train::load_step(file);
  Step step;
  step.job = saved_job(saved.checkpoint.config, file.string(), overrides).job;
  const train::RunFolder run{file.parent_path().parent_path()};
  if (step.job.precision == "int8" && step.job.qat.distill > 0 &&
      !std::filesystem::exists(run.init())) {
    std::printf("without %s there is no teacher: its terms are left out\n", run.init().c_str());
    step.job.qat.distill = 0;
  }
  step.precision = train::precision_of(step.job.precision);
  const auto device = prepare_compute(step.job.run);
  step.checkpoint = std::move(saved.checkpoint);
  step.batch = train::to_device(std::move(saved.batch), device);
  step.model = std::make_unique<JobModel>(step.job, device, run);
  models::load_state(*step.model->model(), step.checkpoint.weights,
                     file.string() + " does not fit the model of its config");
  if (step.model->beside()) {
    models::load_state(*step.model->beside(), step.checkpoint.objective,
                       file.string() + " does not fit the objective of its config");
  }
  step.weighting = make_weighting(step.job, device);
  models::load_state(*step.weighting, step.checkpoint.weighting,
                     file.string() + " does not fit train.weighting");
  return step;
}

torch::Tensor run_forward(Step& step) {
  step.model->model()->train();
  torch::manual_seed(train::step_seed(static_cast<uint64_t>(step.job.seed), step.checkpoint.step));
  std::map<std::string, torch::Tensor> losses;
  std::printf("\n%-36s %14s %8s\n", "term", "value", "weight");
  for (const auto& [task, terms] : step.model->terms(step.batch, step.checkpoint.step)) {
    for (const auto& term : terms) {
      std::printf("%-36s %14.6g %8.4g\n", (task + "." + term.name).c_str(),
                  term.value.item<double>(), term.weight);
      const auto weighted = term.value * term.weight;
      auto& loss = losses[task];
      loss = loss.defined() ? loss + weighted : weighted;
    }
  }
  return losses.empty() ? torch::Tensor() : step.weighting->forward(losses);
}

/// As the loop does: a loss that is not finite has no backward pass.
void run_backward(const Step& step, const torch::Tensor& loss) {
  if (!loss.defined()) {
    std::printf("\nno task has a label in this batch\n");
    return;
  }
  const double value = loss.item<double>();
  std::printf("%-36s %14.6g\n", "total", value);
  if (!std::isfinite(value)) {
    std::printf("\nthe loss is not finite: there is no backward pass\n");
    return;
  }
  if (!train::scales_loss(step.precision)) return loss.backward();
  const auto& saved = step.checkpoint;
  const auto scaler = saved.loss_scale > 0 ? train::GradScaler(saved.loss_scale, saved.good_steps)
                                           : train::GradScaler();
  std::printf("\nloss scale %g\n", scaler.scale());
  scaler.scaled(loss).backward();
  scaler.unscale(step.model->model()->parameters());
}

void print_values(const Diagnosis& diagnosis) {
  constexpr size_t kLayers = 10;
  const auto* broken = diagnosis.first_broken();
  std::printf(
      "\nforward pass: %s\n",
      broken ? ("the first value that is not finite: " + train::describe_broken(*broken)).c_str()
             : "all finite");
  std::printf("\nlargest finite values by layer\n");
  for (const auto& value : diagnosis.largest(kLayers)) {
    std::printf("  %-48s %12.5g   %s\n", value.name.c_str(), value.largest,
                train::share_of_half(value.largest).c_str());
  }
  for (const auto& value : diagnosis.vanishing()) {
    std::printf("  %-48s %lld of %lld become 0 in half precision\n", value.name.c_str(),
                static_cast<long long>(value.vanishing), static_cast<long long>(value.count));
  }
}

void print_gradients(const Diagnosis& diagnosis, models::MultiTaskModel& model) {
  bool any = false;
  for (const auto& parameter : model->parameters()) any = any || parameter.grad().defined();
  if (!any) return;
  std::printf("\ngradients: %s\n", diagnosis.gradients.empty() ? "all finite" : "not finite");
  const auto parameters = model->named_parameters();
  for (const auto& each : diagnosis.gradients) {
    std::printf("  %-48s norm %g, %lld of %lld not finite\n", each.parameter.c_str(),
                parameters[each.parameter].grad().norm().item<double>(),
                static_cast<long long>(each.broken), static_cast<long long>(each.count));
  }
}

}  // namespace

void replay_step(const std::filesystem::path& file, const std::vector<std::string>& overrides) {
  auto step = open_step(file, overrides);
  std::printf("step %lld of %s: %lld pictures, precision %s\n",
              static_cast<long long>(step.checkpoint.step), file.c_str(),
              static_cast<long long>(step.batch.size()), step.job.precision.c_str());
  auto& model = step.model->model();
  train::KeptBuffers buffers(*model);
  run_backward(step, run_forward(step));
  buffers.restore();
  // Rounding to whole numbers hides no infinity: int8 is looked at in float.
  const bool int8 = step.precision == train::Precision::int8;
  const auto diagnosis =
      train::diagnose(int8 ? train::Precision::fp32 : step.precision, model, step.pictures());
  print_values(diagnosis);
  print_gradients(diagnosis, model);
}

}  // namespace manyfold::cli
