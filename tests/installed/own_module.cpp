// Exports a module that is not manyfold's, and runs it in ONNX Runtime.

#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>

#include <cstdio>

#include "exporters/package.h"
#include "graph/trace.h"

using namespace manyfold;

int main() {
  torch::nn::Sequential model(
      torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 8, 3).stride(2).padding(1)), torch::nn::ReLU());
  const auto forward = [&](const graph::Tensors& in) {
    return graph::NamedTensors{{"maps", model->forward(in[0])}};
  };
  const auto batch = torch::rand({2, 3, 32, 32});
  const auto traced =
      graph::trace(*model, forward, {{"pictures", torch::rand({1, 3, 32, 32})}}, graph::Mode::eval);
  exporters::export_package("export", traced, {{{"pictures", batch}}}, {});

  const auto maps =
      exporters::Package::open("export").session().run({{"pictures", batch}}).at("maps");
  const bool same = torch::allclose(maps, forward({batch})[0].second, 1e-4, 1e-5);
  std::puts(same ? "own_module: ONNX Runtime gives what the module gives" : "own_module: differs");
  return same ? 0 : 1;
}
