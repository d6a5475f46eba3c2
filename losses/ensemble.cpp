#include "losses/ensemble.h"

#include <ATen/ATen.h>

#include "losses/imitation.h"

namespace manyfold::losses {
namespace {

using at::Tensor;

/// One shape for all, one weight for each. Returns the answers as [M, N, ...], without gradients.
Tensor stacked(const char* who, const std::vector<Tensor>& answers,
               const std::vector<double>& weights) {
  TORCH_CHECK(!answers.empty() && answers.size() == weights.size(), who, ": ", answers.size(),
              " answers with ", weights.size(), " weights");
  for (const auto& answer : answers) {
    TORCH_CHECK(answer.sizes() == answers[0].sizes() && answer.dim() >= 2, who,
                ": answers must have one shape [N, C, ...], got ", answers[0].sizes(), " and ",
                answer.sizes());
  }
  return at::stack(answers).detach();
}

/// The weights as [M, 1, 1, ...], to be multiplied with the stacked answers.
Tensor along(const Tensor& answers, const std::vector<double>& weights) {
  std::vector<int64_t> shape(static_cast<size_t>(answers.dim()), 1);
  shape[0] = answers.size(0);
  return at::tensor(weights, answers.options()).view(shape);
}

/// What all say of one stride.
Tensor blend_level(const std::vector<Tensor>& answers, const std::vector<double>& weights,
                   const DetectorOptions& options) {
  const auto end = 4 + options.classes;
  // [M, N, A, D, Sh, Sw]
  const auto raw = stacked("blend_objects", answers, weights)
                       .unflatten(2, {options.anchors_per_level(), options.depth()});
  const auto weight = along(raw, weights);
  const auto score = raw.slice(3, 4, end);
  const auto yes = (score.sigmoid() * weight).sum(0), no = ((-score).sigmoid() * weight).sum(0);
  // Of a cell that nobody is sure of, numbers count nowhere: a cache has not kept them.
  const auto sure = score.sigmoid().amax(3, /*keepdim=*/true);
  const auto share = sure.masked_fill(sure < kLeastConfidence, 0) * weight;
  auto blended = (raw * share).sum(0) / share.sum(0).clamp_min(1e-12);
  blended.slice(2, 4, end).copy_((yes / no.clamp_min(1e-12)).clamp_min(1e-12).log());
  return blended.flatten(1, 2);
}

}  // namespace

Tensor blend_scores(const std::vector<Tensor>& answers, const std::vector<double>& weights,
                    double temperature, bool by_confidence) {
  const auto logits = stacked("blend_scores", answers, weights) / temperature;
  const bool binary = logits.size(2) == 1;
  const auto log_p = binary ? at::cat({at::log_sigmoid(logits), at::log_sigmoid(-logits)}, 2)
                            : logits.log_softmax(2);
  auto log_weight = along(logits, weights).log();
  if (by_confidence) log_weight = log_weight + log_p.amax(2, /*keepdim=*/true);
  const auto mean = (log_p + log_weight).logsumexp(0) - log_weight.logsumexp(0);
  return (binary ? mean.slice(1, 0, 1) - mean.slice(1, 1, 2) : mean) * temperature;
}

std::vector<Tensor> blend_objects(const std::vector<std::vector<Tensor>>& answers,
                                  const std::vector<double>& weights,
                                  const DetectorOptions& options) {
  std::vector<Tensor> blended;
  for (size_t level = 0; level < options.strides.size(); ++level) {
    std::vector<Tensor> of_level;
    for (const auto& answer : answers) {
      TORCH_CHECK(answer.size() == options.strides.size(), "blend_objects: an answer of ",
                  answer.size(), " outputs, needs one for each of ", options.strides.size(),
                  " strides");
      of_level.push_back(answer[level]);
    }
    blended.push_back(blend_level(of_level, weights, options));
  }
  return blended;
}

}  // namespace manyfold::losses
