#include "models/blocks/stdc.h"

#include <algorithm>
#include <string>

namespace manyfold::models {

StdcImpl::StdcImpl(const StdcOptions& options) : options_(options) {
  TORCH_CHECK(options.stride() == 1 || options.stride() == 2, "Stdc: stride must be 1 or 2, got ",
              options.stride());
  TORCH_CHECK(options.blocks() >= 2, "Stdc: needs at least 2 blocks, got ", options.blocks());
  const auto divisor = int64_t{1} << (options.blocks() - 1);
  TORCH_CHECK(options.out() % divisor == 0, "Stdc: ", options.out(), " channels cannot be halved ",
              options.blocks() - 1, " times");
  TORCH_CHECK(!options.residual() || (options.in() == options.out() && options.stride() == 1),
              "Stdc: a residual needs in == out and stride == 1, got ", options.in(), " -> ",
              options.out(), " with stride ", options.stride());
  reset();
}

void StdcImpl::reset() {
  blocks_.clear();
  auto in = options_.in();
  for (int64_t i = 0; i < options_.blocks(); ++i) {
    const auto out = options_.out() >> std::min(i + 1, options_.blocks() - 1);
    const auto block = ConvBnActOptions(in, out).kernel(i == 0 ? 1 : 3);
    blocks_.push_back(register_module("block" + std::to_string(i), ConvBnAct(block)));
    in = out;
  }
  if (options_.stride() == 2) {
    const auto half = options_.out() / 2;
    down_ = register_module(
        "down", ConvBnAct(ConvBnActOptions(half, half).stride(2).groups(half).activation(false)));
  }
}

torch::Tensor StdcImpl::forward(const torch::Tensor& x) {
  auto y = blocks_[0]->forward(x);
  std::vector<torch::Tensor> parts{y};
  if (down_) {
    parts[0] = torch::avg_pool2d(y, /*kernel_size=*/3, /*stride=*/2, /*padding=*/1,
                                 /*ceil_mode=*/false, /*count_include_pad=*/true);
    y = down_->forward(y);
  }
  for (size_t i = 1; i < blocks_.size(); ++i) {
    y = blocks_[i]->forward(y);
    parts.push_back(y);
  }
  y = torch::cat(parts, 1);
  return options_.residual() ? x + y : y;
}

}  // namespace manyfold::models
