#include "distill/distillation.h"

#include <torch/types.h>

#include <algorithm>

namespace manyfold::distill {

Distillation::Distillation(const DistillOptions& options, const train::Tasks& tasks,
                           std::vector<std::shared_ptr<Teacher>> teachers,
                           const std::vector<models::FeatureInfo>& encoder, int64_t steps)
    : steps_(steps), adapters_(std::make_shared<torch::nn::Module>("Adapters")) {
  TORCH_CHECK(teachers.size() == options.teachers.size(), "Distillation: ", teachers.size(),
              " teachers for ", options.teachers.size(), " entries");
  teachers_.all = std::move(teachers);
  for (const auto& entry : options.teachers) teachers_.weights.push_back(entry.second.weight);
  teachers_.by_confidence = options.ensemble == "confidence";
  for (const auto& [name, loss] : options.losses) {
    if (loss.type == "outputs" || loss.type == "channels") {
      output_losses_.emplace_back(loss, OutputLoss(name, loss, tasks, teachers_));
    } else {
      map_losses_.emplace_back(loss, MapLoss(name, loss, encoder, teachers_, *adapters_));
    }
  }
}

train::Lessons Distillation::lessons(const data::Batch& batch, int64_t step) const {
  const double share = static_cast<double>(step) / static_cast<double>(steps_);
  const auto counts = [&](const auto& loss) { return loss.first.weight_at(share) > 0; };
  if (std::none_of(output_losses_.begin(), output_losses_.end(), counts) &&
      std::none_of(map_losses_.begin(), map_losses_.end(), counts)) {
    return {};
  }
  const auto answers = ask(teachers_, batch.pictures.flatten(0, 1));
  train::Lessons lessons;
  for (const auto& [options, loss] : output_losses_) {
    const double weight = options.weight_at(share);
    if (weight > 0) loss.teach(lessons, weight, teachers_, answers, batch);
  }
  for (const auto& [options, loss] : map_losses_) {
    const double weight = options.weight_at(share);
    if (weight > 0) loss.teach(lessons, weight, teachers_, answers);
  }
  return lessons;
}

std::shared_ptr<torch::nn::Module> Distillation::adapters() const {
  return adapters_->children().empty() ? nullptr : adapters_;
}

}  // namespace manyfold::distill
