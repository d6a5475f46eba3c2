#pragma once
// Small modules that between them use what the project's models are built from.

#include <torch/nn/functional/pooling.h>
#include <torch/nn/functional/upsampling.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <string>

#include "graph/trace.h"

namespace manyfold::graph {

namespace nn = torch::nn;
namespace F = torch::nn::functional;

/// Convolution (grouped, transposed or plain), BatchNorm with statistics that are not 0 and 1,
/// ReLU.
struct ConvBnImpl : nn::Module {
  ConvBnImpl(int64_t in, int64_t out, int64_t kernel, int64_t stride = 1, int64_t groups = 1)
      : conv(nn::Conv2dOptions(in, out, kernel)
                 .stride(stride)
                 .padding(kernel / 2)
                 .groups(groups)
                 .bias(false)),
        bn(out) {
    register_module("conv", conv);
    register_module("bn", bn);
    const torch::NoGradGuard no_grad;
    bn->weight.uniform_(0.5, 1.5);
    bn->bias.normal_();
    bn->running_mean.normal_();
    bn->running_var.uniform_(0.5, 2);
  }
  torch::Tensor forward(const torch::Tensor& x) { return bn(conv(x)).relu_(); }
  nn::Conv2d conv;
  nn::BatchNorm2d bn;
};
TORCH_MODULE(ConvBn);

/// Squeeze and excite.
struct ExciteImpl : nn::Module {
  explicit ExciteImpl(int64_t channels)
      : down(nn::Conv2dOptions(channels, 4, 1)), up(nn::Conv2dOptions(4, channels, 1)) {
    register_module("down", down);
    register_module("up", up);
  }
  torch::Tensor forward(const torch::Tensor& x) {
    return x * torch::sigmoid(up(down(x.mean({2, 3}, true)).relu()));
  }
  nn::Conv2d down, up;
};
TORCH_MODULE(Excite);

/// Stem by pixel unshuffle, depthwise and grouped stages, a concatenation, a residual, two heads.
struct TwoHeadsImpl : nn::Module {
  TwoHeadsImpl()
      : stem(12, 16, 3),
        wide(16, 16, 3, 2, 16),
        narrow(16, 8, 1),
        grouped(24, 24, 3, 1, 4),
        excite(24),
        up(nn::ConvTranspose2dOptions(24, 8, 2).stride(2).groups(2).bias(false)),
        up_bn(8),
        mask(nn::Conv2dOptions(8, 4, 3).padding(1)),
        classes(24, 5) {
    register_module("stem", stem);
    register_module("wide", wide);
    register_module("narrow", narrow);
    register_module("grouped", grouped);
    register_module("excite", excite);
    register_module("up", up);
    register_module("up_bn", up_bn);
    register_module("mask", mask);
    register_module("classes", classes);
  }
  NamedTensors forward(const torch::Tensor& pictures) {
    auto x = stem(torch::pixel_unshuffle(pictures.to(torch::kFloat) / 255, 2));
    auto a = wide(x);
    auto b = narrow(F::avg_pool2d(x, F::AvgPool2dFuncOptions(2)));
    auto c = torch::cat({a, b}, 1);
    c = c + excite(grouped(c));
    const auto upper = up_bn(up(c)).relu();
    return {{"mask", torch::pixel_shuffle(mask(upper), 2)}, {"classes", classes(c.mean({2, 3}))}};
  }
  ConvBn stem, wide, narrow, grouped;
  Excite excite;
  nn::ConvTranspose2d up;
  nn::BatchNorm2d up_bn;
  nn::Conv2d mask;
  nn::Linear classes;
};
TORCH_MODULE(TwoHeads);

/// One step of a convolutional GRU with its state as input and output.
struct GruCellImpl : nn::Module {
  explicit GruCellImpl(int64_t channels)
      : gates(nn::Conv2dOptions(2 * channels, 2 * channels, 3).padding(1)),
        candidate(nn::Conv2dOptions(2 * channels, channels, 3).padding(1)) {
    register_module("gates", gates);
    register_module("candidate", candidate);
  }
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& h) {
    const auto both = torch::sigmoid(gates(torch::cat({x, h}, 1))).chunk(2, 1);
    const auto c = torch::tanh(candidate(torch::cat({x, both[0] * h}, 1)));
    return (1 - both[1]) * h + both[1] * c;
  }
  nn::Conv2d gates, candidate;
};
TORCH_MODULE(GruCell);

/// A module without parameters around a function of one tensor.
struct FunctionImpl : nn::Module {};
TORCH_MODULE(Function);

inline NamedTensors picture(int64_t size = 16) {
  return {{"pictures", torch::randint(256, {1, 3, size, size}, torch::kUInt8)}};
}

template <class Module>
Graph trace_pictures(Module& module, Mode mode = Mode::as_is) {
  return trace(
      *module, [&](const Tensors& in) { return module->forward(in.at(0)); }, picture(), mode);
}

/// Traces `f`, which may be the forward of `module`, on float inputs of these shapes.
template <class F>
Graph trace_function(torch::nn::Module& module, F f,
                     const std::vector<std::vector<int64_t>>& shapes) {
  NamedTensors inputs;
  for (const auto& shape : shapes) {
    inputs.emplace_back("x" + std::to_string(inputs.size()), torch::randn(shape));
  }
  return trace(
      module,
      [&](const Tensors& in) {
        return NamedTensors{{"y", f(in)}};
      },
      inputs, Mode::eval);
}

/// How many nodes of that operator the graph has.
inline int count_nodes(const Graph& graph, const char* op) {
  int found = 0;
  for (const auto& node : graph.nodes()) found += node->is(op);
  return found;
}

}  // namespace manyfold::graph
