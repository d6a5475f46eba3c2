#pragma once
// One step's forward and backward, to compare a module with its graph.

#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>

#include "graph/trace.h"

namespace manyfold::graph {

struct Pass {
  Tensors outputs, gradients, buffers;
};

/// Buffers are put back. A parameter that got no gradient has an empty one.
template <class F>
Pass train_pass(torch::nn::Module& module, F forward) {
  Tensors before;
  for (const auto& buffer : module.buffers()) before.push_back(buffer.clone());
  module.zero_grad();
  Pass pass;
  pass.outputs = forward();
  auto loss = torch::zeros({});
  for (const auto& output : pass.outputs) {
    // No result of BatchNorm is at a minimum of it, as it would be of a sum of squares.
    loss = loss + (output * torch::arange(output.numel()).sin().view(output.sizes())).sum();
  }
  loss.backward();
  for (const auto& p : module.parameters()) {
    pass.gradients.push_back(p.grad().defined() ? p.grad().clone() : torch::zeros({0}));
  }
  for (const auto& buffer : module.buffers()) pass.buffers.push_back(buffer.clone());
  const torch::NoGradGuard no_grad;
  for (size_t i = 0; i < before.size(); ++i) module.buffers()[i].copy_(before[i]);
  return pass;
}

inline Tensors tensors_of(const NamedTensors& named) {
  Tensors tensors;
  for (const auto& each : named) tensors.push_back(each.second);
  return tensors;
}

inline void expect_equal(const Tensors& a, const Tensors& b, const char* what) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(a[i].equal(b[i])) << what << " " << i;
}

/// The largest difference is at most `tolerance`, or that part of the largest expected value.
inline void expect_close(const Tensors& found, const Tensors& expected, double tolerance,
                         const char* what) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(found[i].sizes(), expected[i].sizes()) << what << " " << i;
    if (found[i].numel() == 0) continue;
    const auto difference = (found[i] - expected[i]).abs().max().item<double>();
    const auto largest = expected[i].abs().max().item<double>();
    // Written so that a NaN fails.
    EXPECT_TRUE(difference <= tolerance * std::max(1.0, largest))
        << what << " " << i << " differs by " << difference << " of " << largest;
  }
}

inline void expect_close(const Pass& found, const Pass& expected, double tolerance) {
  expect_close(found.outputs, expected.outputs, tolerance, "output");
  expect_close(found.gradients, expected.gradients, tolerance, "gradient");
  expect_close(found.buffers, expected.buffers, tolerance, "buffer");
}

}  // namespace manyfold::graph
