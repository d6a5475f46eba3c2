#include "models/blocks/conv_gru.h"

#include <torch/nn/init.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/conv.h>

namespace manyfold::models {
namespace {

/// Gives the part of a gate's kernel that reads the state orthonormal rows.
void make_orthogonal(const torch::Tensor& kernel) {
  kernel.copy_(torch::nn::init::orthogonal_(torch::empty(kernel.sizes())));
}

}  // namespace

ConvGruImpl::ConvGruImpl(const ConvGruOptions& options) : options_(options) {
  TORCH_CHECK(options.channels() > 0, "ConvGru: needs channels, got ", options.channels());
  TORCH_CHECK(options.kernel() == 1 || options.kernel() == 3 || options.kernel() == 5,
              "ConvGru: kernel must be 1, 3 or 5, got ", options.kernel());
  reset();
}

void ConvGruImpl::reset() {
  const auto c = options_.channels();
  const auto conv = [&](int64_t out) {
    return torch::nn::Conv2d(
        torch::nn::Conv2dOptions(2 * c, out, options_.kernel()).padding(options_.kernel() / 2));
  };
  const auto gates = conv(2 * c), candidate = conv(c);
  ih_ = register_module("ih", torch::nn::Sequential(gates, torch::nn::Sigmoid()));
  hh_ = register_module("hh", torch::nn::Sequential(candidate, torch::nn::Tanh()));

  const torch::NoGradGuard no_grad;
  make_orthogonal(gates->weight.slice(0, 0, c).slice(1, c));  // r
  make_orthogonal(gates->weight.slice(0, c).slice(1, c));     // z
  make_orthogonal(candidate->weight.slice(1, c));
  gates->bias.slice(0, c).fill_(-1);
}

torch::Tensor ConvGruImpl::forward(const torch::Tensor& x, const torch::Tensor& state) {
  const auto h = state.defined() ? state : torch::zeros_like(x, torch::kFloat);
  TORCH_CHECK(h.sizes() == x.sizes(), "ConvGru: the state must have the input's shape ", x.sizes(),
              ", got ", h.sizes());
  const auto gates = ih_->forward(torch::cat({x, h}, 1)).chunk(2, 1);
  const auto &r = gates[0], &z = gates[1];
  const auto c = hh_->forward(torch::cat({x, r * h}, 1));
  return h + z * (c - h);
}

}  // namespace manyfold::models
