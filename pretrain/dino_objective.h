#pragma once

#include "pretrain/objective.h"

namespace manyfold::models {
class ProjectionHeadImpl;
}

namespace manyfold::pretrain {

/// The teacher's temperature at a step: linear from the first to the last over the warm-up.
double teacher_temperature(const DinoOptions& options, int64_t step, int64_t steps);

/// Self-distillation (DINO, arXiv:2104.14294): from every view of a picture the student foretells
/// what a teacher says of another one, and the teacher is the average of the student's weights.
class DinoObjective : public Objective {
 public:
  DinoObjective(const DinoOptions& options, models::MultiTaskModel student, train::Forward forward,
                int64_t steps, Average average);

  train::TaskTerms terms(const data::Batch& batch, int64_t step) override;
  /// `centre`, a buffer: [K].
  std::shared_ptr<torch::nn::Module> own() override { return own_; }

 private:
  torch::Tensor teacher_logits(const torch::Tensor& large);
  torch::Tensor small_features(const torch::Tensor& crops);
  torch::Tensor student_logits(const torch::Tensor& features, const data::Batch& batch);
  void move_centre(const torch::Tensor& logits);

  DinoOptions options_;
  models::ProjectionHeadImpl* head_;  // the student's, which `student_` owns
  models::MultiTaskModel student_;
  models::MultiTaskModel teacher_{nullptr};
  train::Forward forward_;
  int64_t steps_;
  Average average_;
  std::shared_ptr<torch::nn::Module> own_;
  torch::Tensor centre_;
};

}  // namespace manyfold::pretrain
