#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "data/loading/batch.h"
#include "distill/map_loss.h"
#include "distill/options.h"
#include "distill/output_loss.h"
#include "distill/teacher.h"
#include "train/lessons.h"
#include "train/task.h"

namespace manyfold::distill {

/// Makes lessons out of what teachers say of a batch. What counts in a step is a function of the
/// step alone, so that a resumed run goes on as an uninterrupted one.
class Distillation {
 public:
  /// `teachers`: one for each of the options', in their order. `encoder`: the student's maps.
  /// `steps`: of the whole run. The adapters of hints are drawn from LibTorch's generator.
  /// Throws ConfigError for a loss that no teacher serves.
  Distillation(const DistillOptions& options, const train::Tasks& tasks,
               std::vector<std::shared_ptr<Teacher>> teachers,
               const std::vector<models::FeatureInfo>& encoder, int64_t steps);

  /// The lessons of a batch in a step counted from 0; those with weight 0 are left out, and where
  /// none is left nobody is asked. Each teacher is asked once. They must not outlive this object.
  /// Throws UserError, naming the teacher and the task, for an answer that is not finite.
  train::Lessons lessons(const data::Batch& batch, int64_t step) const;

  /// What is learnt beside the student and dropped afterwards; null when nothing is.
  std::shared_ptr<torch::nn::Module> adapters() const;

 private:
  Teachers teachers_;
  int64_t steps_;
  std::shared_ptr<torch::nn::Module> adapters_;
  std::vector<std::pair<LossOptions, OutputLoss>> output_losses_;
  std::vector<std::pair<LossOptions, MapLoss>> map_losses_;
};

}  // namespace manyfold::distill
