#include "pretrain/knn.h"

#include <torch/nn/functional/normalization.h>
#include <torch/types.h>

#include <algorithm>

namespace manyfold::pretrain {
namespace {

using at::Tensor;

constexpr int64_t kSimilarities = 1 << 24;  // at a time

Tensor directions(const Tensor& rows) {
  return torch::nn::functional::normalize(rows,
                                          torch::nn::functional::NormalizeFuncOptions().dim(1));
}

}  // namespace

Tensor knn_predict(const Tensor& bank, const Tensor& bank_labels, const Tensor& queries,
                   int64_t classes, int64_t k, double temperature) {
  TORCH_CHECK(bank.dim() == 2 && queries.dim() == 2 && bank.size(1) == queries.size(1) &&
                  bank_labels.dim() == 1 && bank_labels.size(0) == bank.size(0),
              "knn_predict: needs a bank [M, D], labels [M] and queries [Q, D], got ", bank.sizes(),
              ", ", bank_labels.sizes(), " and ", queries.sizes());
  TORCH_CHECK(bank.size(0) > 0 && k > 0 && temperature > 0,
              "knn_predict: needs a row in the bank, k > 0 and temperature > 0, got ", bank.size(0),
              " rows, k = ", k, " and temperature = ", temperature);
  if (queries.size(0) == 0) return torch::empty({0}, bank_labels.options());
  const torch::NoGradGuard no_grad;
  const auto known = directions(bank).t();
  const auto chunk = std::max<int64_t>(1, kSimilarities / bank.size(0));
  std::vector<Tensor> predicted;
  for (const auto& rows : queries.split(chunk)) {
    const auto similar = directions(rows).matmul(known);
    const auto [nearest, index] = similar.topk(std::min(k, bank.size(0)), 1);
    // Of a difference to 1, so that a low temperature does not overflow; the factor is all votes'.
    const auto votes = ((nearest - 1) / temperature).exp();
    const auto scores = torch::zeros({rows.size(0), classes}, votes.options())
                            .scatter_add_(1, bank_labels.take(index), votes);
    predicted.push_back(scores.argmax(1));
  }
  return torch::cat(predicted);
}

}  // namespace manyfold::pretrain
