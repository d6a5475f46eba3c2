#pragma once
// Pictures that are easily told apart, as batches of views, and the smallest encoder.

#include <torch/types.h>

#include "data/loading/batch.h"
#include "models/encoders.h"
#include "pretrain/objective.h"

namespace manyfold::pretrain {

/// A 4x4 pattern of colours for each of `count` pictures, and noise that is each view's own.
inline torch::Tensor patterns(int64_t count, int64_t views, int64_t side) {
  torch::manual_seed(5);
  const auto pattern = torch::randint(0, 256, {count, 1, 3, 4, 4}, torch::kFloat)
                           .repeat_interleave(side / 4, 3)
                           .repeat_interleave(side / 4, 4);
  const auto noise = torch::randint(-20, 21, {count, views, 3, side, side}, torch::kFloat);
  return (pattern + noise).clamp(0, 255).to(torch::kByte);
}

inline data::Batch batch_of(const torch::Tensor& pictures, const torch::Tensor& crops = {}) {
  data::Batch batch;
  batch.pictures = pictures;
  batch.crops = crops;
  batch.origins.resize(static_cast<size_t>(pictures.size(0)));
  return batch;
}

/// edge_200k with the method's head, drawn with a seed.
inline models::MultiTaskModel student_of(const PretrainOptions& options, uint64_t seed) {
  torch::manual_seed(seed);
  return make_student(options, models::encoders().at("edge_200k")(models::Stem::conv));
}

/// A head of some thousands of weights.
inline PretrainOptions small(const std::string& method) {
  PretrainOptions options;
  options.method = method;
  options.dino.prototypes = 64;
  options.dino.teacher_temperature = options.dino.first_teacher_temperature = 0.04;
  options.dino.hidden = 64;
  options.dino.bottleneck = 64;
  options.barlow_twins.hidden = 32;
  options.barlow_twins.out = 16;
  return options;
}

/// The terms of the one task, by name.
inline std::map<std::string, double> values_of(const train::TaskTerms& terms) {
  std::map<std::string, double> values;
  for (const auto& term : terms.at(0).second) values[term.name] = term.value.item<double>();
  return values;
}

}  // namespace manyfold::pretrain
