#include <gmock/gmock.h>

#include "graph/passes.h"
#include "graph/replay.h"
#include "tests/graph/modules.h"
#include "tests/graph/train_pass.h"

namespace manyfold::graph {
namespace {

struct Sizes {
  const char* name;
  int64_t in, out, stride, groups;
};

// RepVGG's block without its activation: 3x3, 1x1 and, where shapes allow, BatchNorm alone.
struct BranchesImpl : nn::Module {
  explicit BranchesImpl(const Sizes& sizes)
      : wide(conv(sizes, 3)), narrow(conv(sizes, 1)), wide_bn(sizes.out), narrow_bn(sizes.out) {
    register_module("wide", wide);
    register_module("narrow", narrow);
    register_module("wide_bn", wide_bn);
    register_module("narrow_bn", narrow_bn);
    if (sizes.in == sizes.out && sizes.stride == 1) {
      identity_bn = register_module("identity_bn", nn::BatchNorm2d(sizes.out));
    }
    const torch::NoGradGuard no_grad;
    for (auto& bn : {wide_bn, narrow_bn, identity_bn}) {
      if (!bn) continue;
      bn->weight.uniform_(0.5, 1.5);
      bn->bias.normal_();
      bn->running_mean.normal_();
      bn->running_var.uniform_(0.5, 2);
    }
  }
  static nn::Conv2d conv(const Sizes& sizes, int64_t kernel) {
    return nn::Conv2d(nn::Conv2dOptions(sizes.in, sizes.out, kernel)
                          .stride(sizes.stride)
                          .padding(kernel / 2)
                          .groups(sizes.groups)
                          .bias(false));
  }
  torch::Tensor forward(const torch::Tensor& x) {
    const auto y = wide_bn(wide(x)) + narrow_bn(narrow(x));
    return identity_bn ? y + identity_bn(x) : y;
  }
  nn::Conv2d wide, narrow;
  nn::BatchNorm2d wide_bn, narrow_bn, identity_bn{nullptr};
};
TORCH_MODULE(Branches);

// The hand sum of one channel: kernels 0.1 ... 0.9 and 2, and BatchNorms of (gamma, beta, mean,
// variance) (1, 0, 0, 1), (0.5, 0.1, 0.2, 0.25) and (2, -0.3, 0.1, 4).
TEST(FuseBranches, GivesTheKernelOfTheHandSum) {
  Branches module(Sizes{"", 1, 1, 1, 1});
  const auto set = [](nn::BatchNorm2d& bn, double gamma, double beta, double mean, double var) {
    bn->weight.fill_(gamma);
    bn->bias.fill_(beta);
    bn->running_mean.fill_(mean);
    bn->running_var.fill_(var);
  };
  {
    const torch::NoGradGuard no_grad;
    module->wide->weight.copy_(torch::arange(1, 10).view({1, 1, 3, 3}) / 10);
    module->narrow->weight.fill_(2);
    set(module->wide_bn, 1, 0, 0, 1);
    set(module->narrow_bn, 0.5, 0.1, 0.2, 0.25);
    set(module->identity_bn, 2, -0.3, 0.1, 4);
  }
  auto graph =
      trace_function(*module, [&](const Tensors& in) { return module(in[0]); }, {{1, 1, 4, 4}});
  freeze(graph);
  fold_batch_norm(graph);
  fuse_branches(graph);
  fold_constants(graph);
  ASSERT_EQ(graph.nodes().size(), 1u);
  const auto& fused = *graph.nodes()[0];
  const auto& weight = fused.tensor("weight")->tensor;
  EXPECT_NEAR(weight[0][0][1][1].item<double>(), 3.499956, 2e-6);
  EXPECT_NEAR(weight[0][0][0][0].item<double>(), 0.1, 2e-6);
  EXPECT_NEAR(weight[0][0][2][1].item<double>(), 0.8, 5e-6);
  EXPECT_NEAR(fused.tensor("bias")->tensor.item<double>(), -0.499996, 2e-6);
  const auto x = torch::arange(16).to(torch::kFloat).view({1, 1, 4, 4}) / 10;
  const auto row = Replay(graph).run({{"x0", x}})[0][0][0][0];
  EXPECT_TRUE(torch::allclose(row, torch::tensor({0.33, 1.18999, 1.87999, 1.60999}), 0, 2e-5));
}

class FuseBlock : public testing::TestWithParam<Sizes> {};

TEST_P(FuseBlock, TrainsEveryBranchThroughOneConvolution) {
  torch::manual_seed(3);
  Branches module(GetParam());
  module->eval();
  auto graph = trace_function(*module, [&](const Tensors& in) { return module(in[0]); },
                              {{1, GetParam().in, 7, 8}});
  fold_batch_norm(graph);
  fuse_branches(graph);
  EXPECT_EQ(count_nodes(graph, "aten::convolution"), 1);
  EXPECT_EQ(count_nodes(graph, "aten::batch_norm"), 0);
  const Replay replay(graph);
  const auto x = torch::randn({3, GetParam().in, 7, 8});
  const auto expected = train_pass(*module, [&] { return Tensors{module(x)}; });
  expect_close(train_pass(*module, [&] { return replay.run({{"x0", x}}); }), expected, 1e-5);

  freeze(graph);
  fold_constants(graph);
  ASSERT_EQ(graph.nodes().size(), 1u);
  expect_close(Replay(graph).run({{"x0", x}}), expected.outputs, 1e-5, "frozen output");
}

INSTANTIATE_TEST_SUITE_P(Of, FuseBlock,
                         testing::Values(Sizes{"plain", 4, 4, 1, 1}, Sizes{"strided", 4, 6, 2, 1},
                                         Sizes{"grouped", 6, 6, 1, 2},
                                         Sizes{"depthwise", 4, 4, 1, 4},
                                         Sizes{"strided_groups", 4, 8, 2, 2},
                                         Sizes{"wider", 4, 6, 1, 2}),
                         [](const auto& info) { return info.param.name; });

/// Convolutions of one input, with and without biases.
struct ConvsImpl : nn::Module {
  ConvsImpl() {
    const auto add = [&](const char* name, nn::Conv2dOptions options) {
      return register_module(name, nn::Conv2d(options));
    };
    square = add("square", nn::Conv2dOptions(4, 4, 3).padding(1));
    bare = add("bare", nn::Conv2dOptions(4, 4, 3).padding(1).bias(false));
    tall = add("tall", nn::Conv2dOptions(4, 4, {3, 1}).padding({1, 0}).bias(false));
    flat = add("flat", nn::Conv2dOptions(4, 4, {1, 5}).padding({0, 2}));
    even = add("even", nn::Conv2dOptions(4, 4, 4).padding(2));
    dilated = add("dilated", nn::Conv2dOptions(4, 4, 3).padding(2).dilation(2));
    grouped = add("grouped", nn::Conv2dOptions(4, 4, 3).padding(1).groups(2));
    single = add("single", nn::Conv2dOptions(4, 1, 3).padding(1));
  }
  nn::Conv2d square{nullptr}, bare{nullptr}, tall{nullptr}, flat{nullptr}, even{nullptr},
      dilated{nullptr}, grouped{nullptr}, single{nullptr};
};
TORCH_MODULE(Convs);

template <class F>
Graph fused(Convs& convs, F forward) {
  auto graph =
      trace_function(*convs, [&](const Tensors& in) { return forward(in[0]); }, {{1, 4, 6, 6}});
  fuse_branches(graph);
  return graph;
}

TEST(FuseBranches, SumsKernelsOfOtherShapesAndBiasesThatAreAbsent) {
  torch::manual_seed(3);
  Convs c;
  const auto forward = [&](const torch::Tensor& x) { return c->bare(x) + c->tall(x) + c->flat(x); };
  const auto graph = fused(c, forward);
  EXPECT_EQ(count_nodes(graph, "aten::convolution"), 1);
  const auto* convolution = graph.outputs()[0].second->producer;
  EXPECT_EQ(to_string(convolution->tensor("weight")->shape), "[4, 4, 3, 5]");
  EXPECT_EQ(convolution->tensor("bias")->name, "flat.bias");
  const auto x = torch::randn({2, 4, 6, 6});
  const Replay replay(graph);
  const auto expected = train_pass(*c, [&] { return Tensors{forward(x)}; });
  expect_close(train_pass(*c, [&] { return replay.run({{"x0", x}}); }), expected, 1e-5);
}

TEST(FuseBranches, LeavesAResidual) {
  Convs c;
  const auto graph = fused(c, [&](const torch::Tensor& x) { return c->square(x) + x; });
  EXPECT_EQ(count_nodes(graph, "aten::add"), 1);
  EXPECT_EQ(graph.nodes().size(), 2u);
}

TEST(FuseBranches, LeavesWhatIsNotOneConvolution) {
  Convs c;
  using Forward = std::function<torch::Tensor(const torch::Tensor&)>;
  const std::map<std::string, Forward> sums = {
      {"another input", [&](auto& x) { return c->square(x) + c->bare(x.relu()); }},
      {"another reader",
       [&](auto& x) {
         const auto y = c->square(x);
         return (y + c->bare(x)) * y;
       }},
      {"a weighted sum", [&](auto& x) { return torch::add(c->square(x), c->bare(x), 2); }},
      {"dilation", [&](auto& x) { return c->square(x) + c->dilated(x); }},
      {"other groups", [&](auto& x) { return c->square(x) + c->grouped(x); }},
      {"broadcasting", [&](auto& x) { return c->square(x) + c->single(x); }},
      {"an even kernel", [&](auto& x) { return c->even(x) + c->even(x); }},
      {"a quantised weight",
       [&](auto& x) {
         const auto weight =
             torch::fake_quantize_per_tensor_affine(c->bare->weight, 0.1, 0, -127, 127);
         return c->square(x) + torch::conv2d(x, weight, {}, 1, 1);
       }},
  };
  for (const auto& [name, forward] : sums) {
    const auto graph = fused(c, forward);
    EXPECT_EQ(count_nodes(graph, "aten::convolution"), 2) << name;
    EXPECT_EQ(count_nodes(graph, "aten::add"), 1) << name;
  }
}

}  // namespace
}  // namespace manyfold::graph
