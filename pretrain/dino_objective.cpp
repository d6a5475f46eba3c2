#include "pretrain/dino_objective.h"

#include <algorithm>

#include "common/error.h"
#include "losses/dino.h"
#include "models/heads/projection_head.h"
#include "pretrain/health.h"
#include "pretrain/held_statistics.h"
#include "pretrain/views.h"

namespace manyfold::pretrain {
namespace {

using torch::Tensor;

models::ProjectionHeadImpl* head_of(models::MultiTaskModel& model) {
  for (const auto& module : model->modules(/*include_self=*/false)) {
    if (auto* head = dynamic_cast<models::ProjectionHeadImpl*>(module.get())) return head;
  }
  TORCH_CHECK(false, "DinoObjective: the student has no ProjectionHead; see make_student");
}

/// A copy that never learns by itself.
models::MultiTaskModel teacher_of(const models::MultiTaskModel& student) {
  auto teacher = std::dynamic_pointer_cast<models::MultiTaskModelImpl>(student->clone());
  for (auto& parameter : teacher->parameters()) parameter.requires_grad_(false);
  return teacher;
}

}  // namespace

double teacher_temperature(const DinoOptions& options, int64_t step, int64_t steps) {
  const double length = options.temperature_warmup * static_cast<double>(steps);
  const double done = length > 0 ? std::min(1.0, static_cast<double>(step) / length) : 1;
  const double first = options.first_teacher_temperature;
  return first + (options.teacher_temperature - first) * done;
}

DinoObjective::DinoObjective(const DinoOptions& options, models::MultiTaskModel student,
                             train::Forward forward, int64_t steps, Average average)
    : options_(options),
      head_(head_of(student)),
      student_(student),
      teacher_(teacher_of(student)),
      forward_(std::move(forward)),
      steps_(steps),
      average_(std::move(average)),
      own_(std::make_shared<torch::nn::Module>("Dino")) {
  const auto device = student->parameters().front().device();
  centre_ = own_->register_buffer("centre", torch::zeros({options.prototypes}, device));
}

train::TaskTerms DinoObjective::terms(const data::Batch& batch, int64_t step) {
  head_->freeze_last(static_cast<double>(step) <
                     options_.freeze_last * static_cast<double>(steps_));
  const auto large = large_views(batch);
  const auto raw = teacher_logits(large).view({batch.pictures.size(0), 2, -1});
  const auto targets =
      losses::dino_targets(raw, centre_, teacher_temperature(options_, step, steps_));
  const auto features = pooled_features(forward_, large);
  const auto loss =
      losses::dino_loss(student_logits(features, batch), targets, options_.student_temperature);
  const auto entropy = losses::mean_entropy(targets);
  train::Terms terms = {{"loss", loss},
                        {"entropy", entropy, 0},
                        {"divergence", loss.detach() - entropy, 0},
                        {"spread", feature_spread(features), 0},
                        {"used", used_share(targets), 0}};
  move_centre(raw);
  return {{"dino", std::move(terms)}};
}

/// [2 N, K]. In training mode the teacher's BatchNorm takes the batch's statistics; what it makes
/// of its own buffers is overwritten by the next average.
Tensor DinoObjective::teacher_logits(const Tensor& large) {
  const auto& weights = average_();
  if (weights.empty()) {
    throw ConfigError(
        "pretrain.method = dino: its teacher is the average of the weights, and there is none; set "
        "train.ema_decay > 0 (0.996 with train.ema_schedule=cosine is usual), or use "
        "pretrain.method=barlow_twins");
  }
  models::load_state(*teacher_, weights, "the teacher of dino");
  teacher_->train(options_.teacher_norm == "batch");
  const torch::NoGradGuard no_grad;
  return teacher_->head(kHead, teacher_->encode(large)).at(0);
}

/// The encoder's statistics stay those of large views, which are more like what it will see.
Tensor DinoObjective::small_features(const Tensor& crops) {
  const HeldStatistics held(student_->encoder());
  return pooled_features(forward_, crops);
}

/// [N, 2 + L, K]: views of one size are one batch of the encoder, all of them one of the head.
Tensor DinoObjective::student_logits(const Tensor& features, const data::Batch& batch) {
  const auto pictures = batch.pictures.size(0);
  if (!batch.crops.defined() || batch.crops.size(1) == 0)
    return forward_.head(kHead, {features}, {}).at(0).view({pictures, 2, -1});
  const auto small = small_features(batch.crops.flatten(0, 1));
  const auto logits = forward_.head(kHead, {torch::cat({features, small})}, {}).at(0);
  const auto by_picture = [&](int64_t from, int64_t to) {
    return logits.slice(0, from, to).reshape({pictures, -1, logits.size(1)});
  };
  return torch::cat({by_picture(0, 2 * pictures), by_picture(2 * pictures, logits.size(0))}, 1);
}

void DinoObjective::move_centre(const Tensor& logits) {
  const torch::NoGradGuard no_grad;
  centre_.copy_(losses::next_centre(centre_, logits, options_.centre_momentum));
}

}  // namespace manyfold::pretrain
