#include "graph/round_half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "graph/passes.h"
#include "graph/replay.h"
#include "tests/graph/modules.h"

namespace manyfold::graph {
namespace {

torch::Tensor reference(const torch::Tensor& x) { return x.to(torch::kHalf).to(torch::kFloat); }

torch::Tensor bits(const torch::Tensor& x) { return x.view(torch::kInt); }

int count(const Graph& graph, const char* op) {
  int found = 0;
  for (const auto& node : graph.nodes()) found += node->is(op);
  return found;
}

/// Every half, every middle of two neighbours, and the floats next to these.
torch::Tensor every_case() {
  const auto halves = torch::arange(0, 0x7c01, torch::kShort).view(torch::kHalf).to(torch::kFloat);
  auto upper = halves.slice(0, 1).clone();
  upper[-1] = 65536;  // what would follow 65504
  const auto middles = (halves.slice(0, 0, -1) + upper) / 2;
  const auto exact = torch::cat({halves, middles});
  const auto infinite = torch::full_like(exact, std::numeric_limits<float>::infinity());
  const auto positive = torch::cat({exact, exact.nextafter(infinite), exact.nextafter(-infinite)});
  return torch::cat({positive, -positive});
}

TEST(RoundHalf, EqualsLibTorchsConversionBitForBit) {
  const auto x = every_case();
  EXPECT_TRUE(bits(round_half(x)).equal(bits(reference(x))));
}

// Short tensors do not fill a vector of the processor.
TEST(RoundHalf, EqualsItOnTheWayWithoutVectors) {
  const auto x = every_case();
  for (int64_t at = 0; at + 7 <= x.numel(); at += 7) {
    const auto part = x.slice(0, at, at + 7);
    ASSERT_TRUE(bits(round_half(part)).equal(bits(reference(part)))) << "from " << at;
  }
}

TEST(RoundHalf, GivesTheNumbersOfTheFormat) {
  const float infinity = std::numeric_limits<float>::infinity();
  const auto x = torch::tensor({65519.0F, 65520.0F, -65520.0F, 2049.0F, 1e-8F, 1e-7F, infinity});
  const auto expected =
      torch::tensor({65504.0F, infinity, -infinity, 2048.0F, 0.0F, 1.1920929e-07F, infinity});
  EXPECT_TRUE(round_half(x).equal(expected));
  const auto nan = round_half(torch::full({9}, std::nanf("")));
  EXPECT_TRUE(nan.isnan().all().item<bool>());
}

TEST(RoundHalf, KeepsStridesAndTakesWhatIsNotDense) {
  const auto x = torch::randn({2, 3, 4, 5}).contiguous(torch::MemoryFormat::ChannelsLast);
  const auto y = round_half(x);
  EXPECT_EQ(y.strides(), x.strides());
  EXPECT_TRUE(y.equal(reference(x)));
  const auto every_second = x.slice(3, 0, 5, 2);
  EXPECT_TRUE(round_half(every_second).equal(reference(every_second)));
  const auto expanded = torch::full({1}, 1 / 3.0F).expand({10});
  EXPECT_TRUE(round_half(expanded).equal(reference(expanded)));
}

TEST(RoundHalf, RoundsTheGradientAndPassesItStraightThrough) {
  const auto x = torch::tensor({0.1F, 1e5F}, torch::requires_grad());
  (round_half(x) * torch::tensor({1 / 3.0F, 2.0F})).sum().backward();
  // 1/3 lies between 1365 and 1366 times 2^-12.
  EXPECT_TRUE(x.grad().equal(torch::tensor({1365 / 4096.0F, 2.0F})));
}

TEST(RoundToHalf, RoundsEveryOperationOfAModuleInTraining) {
  torch::manual_seed(0);
  ConvBn module(3, 4, 3);
  const auto x = torch::randn({2, 3, 6, 6});
  auto graph = trace(
      *module,
      [&](const Tensors& in) {
        return NamedTensors{{"y", module(in[0])}};
      },
      {{"x", x}}, Mode::train);
  round_to_half(graph);

  const auto mean = module->bn->running_mean.clone(), variance = module->bn->running_var.clone();
  const auto run_by_hand = [&] {
    const auto convolved =
        reference(torch::conv2d(reference(x), reference(module->conv->weight), {}, 1, 1));
    const auto normalised = reference(torch::batch_norm(
        convolved, reference(module->bn->weight), reference(module->bn->bias), mean, variance,
        /*training=*/true, /*momentum=*/0.1, /*eps=*/1e-5, /*cudnn_enabled=*/true));
    return normalised.relu();
  };
  const auto gradients = [&](const torch::Tensor& y) {
    module->zero_grad();
    (y * torch::arange(y.numel()).view(y.sizes()) / 100).sum().backward();
    Tensors all;
    for (const auto& parameter : module->parameters()) all.push_back(parameter.grad().clone());
    return all;
  };
  const auto expected = run_by_hand();
  const auto expected_gradients = gradients(expected);

  const auto found = Replay(graph).run({{"x", x}}).at(0);
  EXPECT_TRUE(found.equal(expected));
  EXPECT_TRUE(found.equal(reference(found)));
  const auto found_gradients = gradients(found);
  for (size_t i = 0; i < found_gradients.size(); ++i)
    EXPECT_TRUE(found_gradients[i].equal(expected_gradients[i])) << i;
  // The statistics are the module's own, updated once and not rounded.
  EXPECT_TRUE(module->bn->running_mean.equal(mean));
  EXPECT_TRUE(module->bn->running_var.equal(variance));
  EXPECT_FALSE(mean.equal(reference(mean)));
}

TEST(RoundToHalf, RoundsAFoldedWeightOnceAtTheEnd) {
  torch::manual_seed(0);
  ConvBn module(3, 4, 3);
  auto graph =
      trace_function(*module, [&](const Tensors& in) { return module(in[0]); }, {{1, 3, 6, 6}});
  fold_batch_norm(graph);
  round_to_half(graph);

  const auto& bn = module->bn;
  const auto factor =
      bn->weight.to(torch::kDouble) / torch::sqrt(bn->running_var.to(torch::kDouble) + 1e-5);
  const auto weight =
      (module->conv->weight.to(torch::kDouble) * factor.view({-1, 1, 1, 1})).to(torch::kFloat);
  const auto bias = (-bn->running_mean.to(torch::kDouble) * factor + bn->bias.to(torch::kDouble))
                        .to(torch::kFloat);
  const auto x = torch::randn({2, 3, 6, 6});
  const auto expected =
      reference(torch::conv2d(reference(x), reference(weight), reference(bias), 1, 1)).relu();
  EXPECT_TRUE(Replay(graph).run({{"x0", x}}).at(0).equal(expected));
}

TEST(RoundToHalf, LeavesWhatOnlyMovesNumbers) {
  Function module;
  auto graph = trace_function(*module,
                              [](const Tensors& in) {
                                const auto wide = torch::cat({in[0], in[0].relu()}, 1);
                                return torch::pixel_shuffle(wide * wide, 2).flatten(1);
                              },
                              {{1, 2, 3, 3}});
  round_to_half(graph);
  EXPECT_EQ(count(graph, kRoundHalf), 2);  // the input and the product
  const auto x = torch::randn({2, 2, 3, 3});
  const auto wide = torch::cat({reference(x), reference(x).relu()}, 1);
  const auto expected = torch::pixel_shuffle(reference(wide * wide), 2).flatten(1);
  EXPECT_TRUE(Replay(graph).run({{"x0", x}}).at(0).equal(expected));
}

TEST(RoundToHalf, OverflowsWhereHalfPrecisionDoes) {
  Function module;
  auto graph = trace_function(*module, [](const Tensors& in) { return in[0] * in[0]; }, {{1, 2}});
  round_to_half(graph);
  const auto y = Replay(graph).run({{"x0", torch::tensor({{255.0F, 256.0F}})}}).at(0);
  EXPECT_EQ(y[0][0].item<float>(), 65024);  // 65025: halves are 32 apart here
  EXPECT_TRUE(std::isinf(y[0][1].item<float>()));
}

TEST(RoundToHalf, KeepsCountersAndPicturesAsTheyAre) {
  TwoHeads module;
  auto graph = trace_pictures(module, Mode::train);
  const auto before = module->stem->bn->num_batches_tracked.item<int64_t>();
  round_to_half(graph);
  const auto pictures = torch::randint(256, {3, 3, 16, 16}, torch::kUInt8);
  const auto results = Replay(graph).run({{"pictures", pictures}});
  for (const auto& result : results) EXPECT_TRUE(result.equal(reference(result)));
  EXPECT_EQ(module->stem->bn->num_batches_tracked.item<int64_t>(), before + 1);
}

}  // namespace
}  // namespace manyfold::graph
