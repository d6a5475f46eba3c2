#include "models/heads/projection_head.h"

#include <torch/nn/functional/normalization.h>
#include <torch/nn/init.h>

#include <cmath>

namespace manyfold::models {
namespace {

using torch::Tensor;

/// The reference truncates at 2, a hundred deviations out, which is no truncation.
torch::nn::Linear linear(int64_t in, int64_t out) {
  torch::nn::Linear layer(in, out);
  torch::nn::init::normal_(layer->weight, 0, 0.02);
  torch::nn::init::zeros_(layer->bias);
  return layer;
}

/// Rows of length 1.
Tensor directions(const Tensor& rows) {
  return torch::nn::functional::normalize(rows,
                                          torch::nn::functional::NormalizeFuncOptions().dim(1));
}

}  // namespace

ProjectionHeadOptions::ProjectionHeadOptions(const std::vector<FeatureInfo>& features,
                                             int64_t prototypes)
    : in_(features.back().channels), prototypes_(prototypes) {}

ProjectionHeadImpl::ProjectionHeadImpl(const ProjectionHeadOptions& options) : options_(options) {
  TORCH_CHECK(options.prototypes() > 1 && options.hidden() > 0 && options.bottleneck() > 0,
              "ProjectionHead: needs 2 prototypes or more and layers that are not empty, got ",
              options.prototypes(), " prototypes, hidden ", options.hidden(), ", bottleneck ",
              options.bottleneck());
  reset();
}

void ProjectionHeadImpl::reset() {
  first_ = register_module("first", linear(options_.in(), options_.hidden()));
  second_ = register_module("second", linear(options_.hidden(), options_.hidden()));
  if (options_.batch_norm()) {
    first_norm_ = register_module("first_norm", torch::nn::BatchNorm1d(options_.hidden()));
    second_norm_ = register_module("second_norm", torch::nn::BatchNorm1d(options_.hidden()));
  }
  bottleneck_ = register_module("bottleneck", linear(options_.hidden(), options_.bottleneck()));
  prototypes_ = register_parameter("prototypes",
                                   torch::empty({options_.prototypes(), options_.bottleneck()}));
  // As a linear layer of LibTorch begins. The length decides how far a step turns a prototype.
  const double bound = 1 / std::sqrt(static_cast<double>(options_.bottleneck()));
  torch::nn::init::uniform_(prototypes_, -bound, bound);
}

Tensor ProjectionHeadImpl::hidden(const Tensor& pooled) {
  if (!options_.batch_norm())
    return torch::gelu(second_->forward(torch::gelu(first_->forward(pooled))));
  const auto first = torch::gelu(first_norm_->forward(first_->forward(pooled)));
  return torch::gelu(second_norm_->forward(second_->forward(first)));
}

std::vector<Tensor> ProjectionHeadImpl::forward(const std::vector<Tensor>& features) {
  const auto pooled = torch::adaptive_avg_pool2d(features.back(), {1, 1}).flatten(1);
  const auto prototypes = last_frozen_ ? prototypes_.detach() : prototypes_;
  return {torch::linear(directions(bottleneck_->forward(hidden(pooled))), directions(prototypes))};
}

}  // namespace manyfold::models
