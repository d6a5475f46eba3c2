#include "quantise/plan.h"

#include <gmock/gmock.h>

#include "common/error.h"
#include "graph/passes.h"
#include "tests/graph/modules.h"

namespace manyfold::quantise {
namespace {

namespace F = torch::nn::functional;
using graph::Graph;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

template <class Module>
Graph folded(Module& module) {
  auto graph = graph::trace_pictures(module, graph::Mode::eval);
  graph::simplify_fills(graph);
  graph::fold_batch_norm(graph);
  return graph;
}

/// conv a, conv b on the result of a, a max pool of both side by side, enlarged; then conv c.
struct JoinImpl : torch::nn::Module {
  JoinImpl() : a(3, 4, 3), b(4, 4, 3), c(torch::nn::Conv2dOptions(8, 2, 1)) {
    register_module("a", a);
    register_module("b", b);
    register_module("c", c);
  }
  graph::NamedTensors forward(const torch::Tensor& pictures) {
    const auto x = a(pictures.to(torch::kFloat) / 255);
    const auto joined = torch::cat({x, b(x)}, 1);
    const auto up = F::interpolate(
        torch::max_pool2d(joined, 2),
        F::InterpolateFuncOptions().scale_factor(std::vector<double>{2, 2}).mode(torch::kNearest));
    return {{"y", c(up)}};
  }
  graph::ConvBn a, b;
  torch::nn::Conv2d c;
};
TORCH_MODULE(Join);

TEST(Plan, SharesOneScaleAmongWhatMovesTogether) {
  Join module;
  const auto plan = make_plan(folded(module));
  // The picture, everything between a and c, and y.
  ASSERT_EQ(plan.owners().size(), 3u);
  const auto* join = plan.find("cat");
  ASSERT_NE(join, nullptr);
  EXPECT_EQ(join->kind, TensorPlan::shared);
  EXPECT_TRUE(join->exact);
  EXPECT_EQ(join->owner, plan.find("a/relu")->owner);
  EXPECT_EQ(join->owner, plan.find("b/relu")->owner);
  EXPECT_TRUE(plan.find("a/relu")->positive);
  EXPECT_EQ(plan.find("a.conv/convolution")->kind, TensorPlan::floating);
  EXPECT_THAT(plan.find("a.conv/convolution")->reason, HasSubstr("the activation behind it"));
  EXPECT_THAT(plan.gaps, IsEmpty());
  ASSERT_EQ(plan.layers.size(), 3u);
  EXPECT_EQ(plan.layers[1].input, "a/relu");
  EXPECT_EQ(plan.layers[1].output, "b/relu");
  EXPECT_EQ(plan.layers[1].channels, 4);
}

TEST(Plan, NamesWhatHasNoIntegerFormBetweenLayers) {
  graph::TwoHeads module;
  const auto plan = make_plan(folded(module));
  EXPECT_THAT(plan.gaps, ElementsAre(testing::Pair("up/convolution", "aten::convolution")));
  EXPECT_THAT(make_plan(folded(module), {{"up"}, {}, {}}).gaps, IsEmpty());
}

TEST(Plan, LeavesTheNormalisationOfThePictureInFloat) {
  graph::TwoHeads module;
  const auto plan = make_plan(folded(module));
  const auto* unshuffled = plan.find("stem/pixel_unshuffle");
  ASSERT_NE(unshuffled, nullptr);
  EXPECT_TRUE(unshuffled->exact) << "it moves the quantised picture";
  int64_t before = 0;
  for (const auto& tensor : plan.tensors) before += tensor.reason == "before the first layer";
  EXPECT_EQ(before, 1) << "the picture as float; divided by 255 it is quantised";
}

TEST(Plan, ListsWhatReadsAndGivesEachScale) {
  Join module;
  const auto plan = make_plan(folded(module));
  const auto& owner = plan.find("cat")->owner;
  EXPECT_THAT(plan.users.at(owner),
              ElementsAre("a.conv/convolution", "b.conv/convolution", "c/convolution"));
  const auto without = make_plan(folded(module), {plan.users.at(owner), {}, {}});
  EXPECT_EQ(without.find("cat")->kind, TensorPlan::floating);
}

TEST(Plan, RoundsAgainBehindABoundThatMayLieBetweenTwoSteps) {
  torch::nn::Conv2d a(torch::nn::Conv2dOptions(3, 4, 1)), b(torch::nn::Conv2dOptions(4, 2, 1));
  torch::nn::Sequential module(a, b);
  const auto with = [&](bool bounded) {
    return make_plan(graph::trace_function(*module,
                                           [&](const graph::Tensors& in) {
                                             const auto pooled = torch::max_pool2d(a(in[0]), 2);
                                             return b(bounded ? torch::clamp(pooled, 0, 6)
                                                              : pooled.relu());
                                           },
                                           {{2, 3, 8, 8}}));
  };
  EXPECT_FALSE(with(true).find("clamp")->exact);
  EXPECT_TRUE(with(false).find("relu")->exact);
}

TEST(Plan, KeepsALayerAndItsActivationInFloatByName) {
  Join module;
  const auto plan = make_plan(folded(module), {{"b"}, {}, {}});
  EXPECT_EQ(plan.layers.size(), 2u);
  // c reads it next to a's result, so it is rounded on its way into the concatenation.
  EXPECT_EQ(plan.find("b/relu")->kind, TensorPlan::shared);
  EXPECT_THAT(plan.find("b.conv/convolution")->reason, testing::Not(IsEmpty()));
}

TEST(Plan, RefusesAPatternThatNamesNothing) {
  Join module;
  const auto graph = folded(module);
  try {
    make_plan(graph, {{"encodr"}, {}, {}});
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("no layer of the model matches 'encodr'"));
  }
}

}  // namespace
}  // namespace manyfold::quantise
