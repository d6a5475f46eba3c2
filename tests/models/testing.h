#pragma once

#include <gtest/gtest.h>
#include <torch/types.h>

#include "models/weights.h"

namespace manyfold::models {

/// Weights that learn, BatchNorm's gamma and beta included.
inline int64_t parameter_count(const torch::nn::Module& module) {
  int64_t count = 0;
  for (const auto& parameter : module.parameters()) count += parameter.numel();
  return count;
}

inline bool same(const torch::Tensor& a, const torch::Tensor& b) { return torch::equal(a, b); }
inline bool same(const std::vector<torch::Tensor>& a, const std::vector<torch::Tensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return torch::equal(x, y); });
}
inline bool same(const std::map<std::string, std::vector<torch::Tensor>>& a,
                 const std::map<std::string, std::vector<torch::Tensor>>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.first == y.first && same(x.second, y.second);
  });
}

/// A clone has equal tensors of its own under the same names, and gives the same output.
template <class Impl, class Input>
void expect_independent_clone(Impl& module, const Input& input) {
  module.eval();
  const auto copy = std::dynamic_pointer_cast<Impl>(module.clone());
  ASSERT_TRUE(copy);
  const auto expected = module.forward(input);
  const auto mine = state_dict(module), theirs = state_dict(*copy);
  ASSERT_EQ(mine.size(), theirs.size());
  const torch::NoGradGuard no_grad;
  for (const auto& [name, tensor] : mine) {
    ASSERT_TRUE(theirs.count(name)) << name;
    EXPECT_TRUE(torch::equal(tensor, theirs.at(name))) << name;
    EXPECT_NE(tensor.data_ptr(), theirs.at(name).data_ptr()) << name;
    tensor.zero_();
  }
  const auto got = copy->forward(input);
  EXPECT_TRUE(same(got, expected));
}

}  // namespace manyfold::models
