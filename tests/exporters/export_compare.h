#pragma once

#include <gmock/gmock.h>

#include "exporters/onnx_writer.h"
#include "exporters/runtime.h"
#include "graph/replay.h"
#include "tests/graph/modules.h"

namespace manyfold::exporters {

namespace nn = torch::nn;
namespace F = torch::nn::functional;
using graph::Tensors;

/// Exports `graph` and compares ONNX Runtime with LibTorch on `batch` rows.
inline void expect_same(const graph::Graph& graph, const OnnxOptions& options, int64_t batch,
                        double tolerance = 1e-5) {
  const auto session = Session::from_bytes(write_onnx(graph, options));
  std::map<std::string, at::Tensor> inputs;
  graph::TensorMap feeds;
  for (const auto* input : graph.inputs()) {
    const auto sizes = graph::sizes_at(input->shape, batch);
    feeds[input->name] = inputs[input->name] = input->dtype == torch::kUInt8
                                                   ? torch::randint(256, sizes, torch::kUInt8)
                                                   : torch::randn(sizes).to(input->dtype);
  }
  const torch::NoGradGuard no_grad;
  const auto expected = graph::Replay(graph).run(feeds);
  const auto results = session.run(inputs);
  for (size_t i = 0; i < expected.size(); ++i) {
    const auto& name = graph.outputs()[i].first;
    const auto& result = results.at(name);
    ASSERT_EQ(result.sizes(), expected[i].sizes()) << name;
    ASSERT_EQ(result.scalar_type(), expected[i].scalar_type()) << name;
    // Of the largest value, as verify() has it: errors of sums grow with what is summed.
    const auto largest = expected[i].to(torch::kFloat).abs().max().item<double>();
    EXPECT_TRUE(torch::allclose(result.to(torch::kFloat), expected[i].to(torch::kFloat), 1e-5,
                                tolerance * std::max(1.0, largest)))
        << name << " differs by "
        << (result.to(torch::kFloat) - expected[i].to(torch::kFloat)).abs().max().item<float>();
  }
}

/// At batch sizes other than the traced ones, dynamic and static, at the oldest and newest opset.
inline void expect_exports(const graph::Graph& graph, int oldest = 11, double tolerance = 1e-5) {
  for (const int opset : {oldest, 13, 17}) {
    if (opset < oldest) continue;
    SCOPED_TRACE("opset " + std::to_string(opset));
    OnnxOptions options;
    options.opset = opset;
    expect_same(graph, options, 5, tolerance);
    options.batch = 1;
    expect_same(graph, options, 1, tolerance);
  }
}

}  // namespace manyfold::exporters
