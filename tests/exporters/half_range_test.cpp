#include "exporters/half_range.h"

#include "common/error.h"
#include "exporters/export_passes.h"
#include "tests/exporters/export_compare.h"

namespace manyfold::exporters {
namespace {

using graph::Function;
using testing::HasSubstr;

// y = x * by, under no module.
graph::Graph scaling(double by) {
  Function module;
  return graph::trace_function(*module, [by](const Tensors& in) { return in[0] * by; }, {{1, 2}});
}

std::vector<std::map<std::string, at::Tensor>> examples(std::vector<std::vector<float>> rows) {
  std::vector<std::map<std::string, at::Tensor>> all;
  for (const auto& row : rows) all.push_back({{"x0", torch::tensor(row).view({1, 2})}});
  return all;
}

graph::Graph prepared(torch::nn::Module& module, const std::function<at::Tensor(const Tensors&)>& f,
                      const std::vector<int64_t>& shape) {
  auto graph = graph::trace_function(module, f, {shape});
  prepare_for_export(graph, std::nullopt);
  return graph;
}

TEST(HalfRange, IsSilentWhereEveryNumberFits) {
  const auto range = check_half_range(scaling(2), examples({{1, 2}, {-4000, 0.5F}}));
  EXPECT_EQ(range.samples, 2);
  EXPECT_EQ(range.largest.largest, 8000);
  EXPECT_EQ(range.text(), "");
  EXPECT_TRUE(range.near_limit.empty() && range.small.empty() && range.bounds.empty());
}

TEST(HalfRange, RefusesWhatIsBeyondTheLargestHalfAndNamesTheLayer) {
  EXPECT_NO_THROW(check_half_range(scaling(1), examples({{65504, 1}})));
  nn::Sequential neck(nn::Linear(2, 2));
  {
    const torch::NoGradGuard no_grad;
    neck[0]->as<nn::LinearImpl>()->weight.fill_(1);
    neck[0]->as<nn::LinearImpl>()->bias.fill_(0);
  }
  const auto graph =
      prepared(*neck, [&](const Tensors& in) { return neck->forward(in[0]); }, {1, 2});
  try {
    check_half_range(graph, examples({{1, 2}, {40000, 30000}}));
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(
        error.what(),
        AllOf(HasSubstr("export: 0 overflows in half precision"), HasSubstr("reaches 70000"),
              HasSubstr("the largest half is 65504"), HasSubstr("another precision")));
  }
}

TEST(HalfRange, ListsWhatComesNearTheLimit) {
  // 65504 / 4 = 16376
  EXPECT_TRUE(check_half_range(scaling(1), examples({{16376, 0}})).near_limit.empty());
  const auto range = check_half_range(scaling(1), examples({{16377, 0}}));
  ASSERT_EQ(range.near_limit.size(), 1U);
  EXPECT_THAT(range.text(), HasSubstr("reaches 16377, over a quarter of 65504"));
  EXPECT_EQ(range.json()["near_limit"][0]["max_abs_value"], 16377);
  EXPECT_EQ(range.json()["largest"]["max_abs_value"], 16377);
}

TEST(HalfRange, ListsTheShareOfNumbersThatLoseDigitsOrVanish) {
  const auto range = check_half_range(scaling(1), examples({{1e-9F, 1}, {1e-6F, 1e-5F}}));
  const auto small = range.json()["small"];
  ASSERT_EQ(small.size(), 1U);
  EXPECT_EQ(small[0]["vanishing_share"], 0.25);
  EXPECT_EQ(small[0]["subnormal_share"], 0.5);
}

TEST(HalfRange, BoundsTheSumsOfALayer) {
  nn::Conv2d conv(nn::Conv2dOptions(2, 2, 1));
  {
    const torch::NoGradGuard no_grad;
    conv->weight.copy_(torch::tensor({10.0F, -10.0F, 1.0F, 2.0F}).view({2, 2, 1, 1}));
    conv->bias.copy_(torch::tensor({-500.0F, 0.0F}));
  }
  const auto graph = prepared(*conv, [&](const Tensors& in) { return conv(in[0]); }, {1, 2, 1, 1});
  const auto of = [&](float a, float b) {
    return check_half_range(graph, {{{"x0", torch::tensor({a, b}).view({1, 2, 1, 1})}}});
  };
  // 20 * 4000 + 500; the sum itself is -500.
  const auto range = of(4000, 4000);
  ASSERT_EQ(range.bounds.size(), 1U);
  EXPECT_NEAR(range.bounds[0].value, 80500, 1e-6);
  EXPECT_THAT(range.text(), HasSubstr("may add up to 80500"));
  EXPECT_EQ(range.json()["sums_past_limit"][0]["max_abs_sum"], 80500);
  // 20 * 3250 + 500 = 65500
  EXPECT_TRUE(of(3250, 3250).bounds.empty());
}

// A transposed weight is [in, out / groups, h, w].
TEST(HalfRange, BoundsTheSumsOfATransposedConvolution) {
  nn::ConvTranspose2d conv(nn::ConvTranspose2dOptions(4, 2, 1).groups(2).bias(false));
  {
    const torch::NoGradGuard no_grad;
    conv->weight.copy_(torch::tensor({1.0F, 2.0F, 3.0F, -4.0F}).view({4, 1, 1, 1}));
  }
  const auto graph = prepared(*conv, [&](const Tensors& in) { return conv(in[0]); }, {1, 4, 1, 1});
  const auto range = check_half_range(graph, {{{"x0", torch::full({1, 4, 1, 1}, 10000.0)}}});
  ASSERT_EQ(range.bounds.size(), 1U);
  EXPECT_NEAR(range.bounds[0].value, (3 + 4) * 10000.0, 1e-6);
}

TEST(HalfRange, WantsAnExample) { EXPECT_THROW(check_half_range(scaling(1), {}), UserError); }

}  // namespace
}  // namespace manyfold::exporters
