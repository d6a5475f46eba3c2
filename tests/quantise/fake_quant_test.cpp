#include "quantise/fake_quant.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

namespace manyfold::quantise {
namespace {

using torch::Tensor;

const Encoding kFourBits{0.1F, 3, {0, 15, false}};

TEST(FakeQuantise, RoundsHalvesToEvenBeforeTheZeroPoint) {
  const auto x = torch::tensor({0.5F, 1.5F, 2.5F});
  const auto y = fake_quantise(x, {1, 1, kUint8});
  EXPECT_TRUE(torch::equal(y, torch::tensor({0.0F, 2.0F, 2.0F})));
}

TEST(FakeQuantise, ClampsAndPassesTheGradientWhereItDidNot) {
  const auto x =
      torch::tensor({-1.0F, -0.3F, 0.0F, 0.05F, 0.15F, 0.25F, 0.35F, 1.0F, 2.0F}).requires_grad_();
  const auto y = fake_quantise(x, kFourBits);
  const auto expected = torch::tensor({-0.3F, -0.3F, 0.0F, 0.0F, 0.2F, 0.2F, 0.4F, 1.0F, 1.2F});
  // 0.35 / 0.1 is 3.5 or a little less in float: PyTorch gives 0.3 or 0.4 there.
  EXPECT_TRUE(torch::allclose(y.slice(0, 0, 6), expected.slice(0, 0, 6), 0, 1e-6)) << y;
  EXPECT_TRUE(torch::allclose(y.slice(0, 7), expected.slice(0, 7), 0, 1e-6)) << y;
  y.sum().backward();
  EXPECT_TRUE(torch::equal(x.grad(), torch::tensor({0.F, 1.F, 1.F, 1.F, 1.F, 1.F, 1.F, 1.F, 0.F})));
}

TEST(FakeQuantise, EqualsLibTorchsOperator) {
  torch::manual_seed(1);
  for (const auto& encoding : {Encoding{0.031F, 7, kUint8}, Encoding{0.02F, 0, kInt8}}) {
    const auto x = torch::randn({5, 7, 9, 11}).mul_(3);
    const auto expected = at::fake_quantize_per_tensor_affine(
        x, encoding.scale, encoding.zero_point, encoding.format.low, encoding.format.high);
    EXPECT_TRUE(torch::equal(fake_quantise(x, encoding), expected));
  }
}

TEST(FakeQuantise, KeepsLayoutAndServesTensorsThatAreNotDense) {
  torch::manual_seed(2);
  const auto x = torch::randn({2, 8, 5, 5});
  const auto expected = fake_quantise(x, kFourBits);
  const auto last = x.contiguous(torch::MemoryFormat::ChannelsLast);
  const auto y = fake_quantise(last, kFourBits);
  EXPECT_EQ(y.strides(), last.strides());
  EXPECT_TRUE(torch::equal(y, expected));
  EXPECT_TRUE(
      torch::equal(fake_quantise(x.slice(1, 0, 8, 2), kFourBits), expected.slice(1, 0, 8, 2)));
  EXPECT_TRUE(torch::allclose(fake_quantise(x.to(torch::kDouble), kFourBits).to(torch::kFloat),
                              expected, 0, 0.1001));  // a tie may fall to the other side
}

TEST(FakeQuantise, TakesAReluAlong) {
  torch::manual_seed(3);
  const auto x = torch::randn({1000});
  const auto a = x.clone().requires_grad_(), b = x.clone().requires_grad_();
  const auto one = fake_quantise(a, kFourBits, /*positive=*/true);
  const auto two = fake_quantise(b.relu(), kFourBits);
  EXPECT_TRUE(torch::equal(one, two));
  one.mul(x).sum().backward();
  two.mul(x).sum().backward();
  EXPECT_TRUE(torch::equal(a.grad(), b.grad()));
}

TEST(FakeQuantise, LetsNaNThrough) {
  const auto y = fake_quantise(torch::tensor({NAN, 1.0F}), kFourBits);
  EXPECT_TRUE(std::isnan(y[0].item<float>()));
}

TEST(FakeQuantiseWeight, EqualsLibTorchsOperatorForEveryAxis) {
  torch::manual_seed(4);
  const auto weight = torch::randn({4, 3, 2, 2});
  for (const int64_t axis : {0, 1}) {
    const auto scale = torch::rand({weight.size(axis)}) * 0.01 + 0.005;
    const auto a = weight.clone().requires_grad_(), b = weight.clone().requires_grad_();
    const auto expected = at::fake_quantize_per_channel_affine(
        b, scale, torch::zeros({weight.size(axis)}, torch::kInt), axis, -127, 127);
    const auto found = fake_quantise_weight(a, scale, axis);
    EXPECT_TRUE(torch::equal(found, expected));
    found.square().sum().backward();
    expected.square().sum().backward();
    EXPECT_TRUE(torch::equal(a.grad(), b.grad()));
  }
}

// v / s = 5, -10, 2.5, 7.5 in [-8, 7]: slopes 0, -8, -0.5, 7; their sum / sqrt(4 * 7).
TEST(FakeQuantiseLearned, GivesTheGradientOfLsq) {
  const auto v = torch::tensor({0.5, -1.0, 0.25, 0.75}, torch::kDouble);
  const auto scale = torch::full({1}, 0.1, torch::kDouble).requires_grad_();
  const auto x = v.clone().requires_grad_();
  const auto y = fake_quantise_learned(x, scale, -1, 0, {-8, 7, true});
  EXPECT_TRUE(torch::allclose(y, torch::tensor({0.5, -0.8, 0.2, 0.7}, torch::kDouble)));
  y.sum().backward();
  EXPECT_NEAR(scale.grad().item<double>(), -1.5 / std::sqrt(4 * 7.0), 1e-9);
  EXPECT_TRUE(torch::equal(x.grad(), torch::tensor({1.0, 0.0, 1.0, 0.0}, torch::kDouble)));
}

TEST(FakeQuantiseLearned, SumsTheGradientByChannel) {
  torch::manual_seed(5);
  const auto x = torch::randn({3, 4, 5}, torch::kDouble);
  const auto scales = torch::tensor({0.01, 0.02, 0.03, 0.04}, torch::kDouble).requires_grad_();
  fake_quantise_learned(x, scales, 1, 0, kWeight).sum().backward();
  for (int64_t channel = 0; channel < 4; ++channel) {
    const auto one = scales.detach().slice(0, channel, channel + 1).clone().requires_grad_();
    fake_quantise_learned(x.select(1, channel), one, -1, 0, kWeight).sum().backward();
    EXPECT_NEAR(scales.grad()[channel].item<double>(), one.grad().item<double>(), 1e-12);
  }
}

TEST(RangeOf, FindsTheEndsOfAnyLayout) {
  torch::manual_seed(6);
  auto x = torch::randn({3, 5, 77, 131});
  const auto expected = std::pair<float, float>{x.min().item<float>(), x.max().item<float>()};
  EXPECT_EQ(range_of(x), expected);
  EXPECT_EQ(range_of(x.contiguous(torch::MemoryFormat::ChannelsLast)), expected);
  EXPECT_EQ(range_of(x.transpose(1, 3)), expected);
  x[0][0][0][0] = NAN;
  EXPECT_EQ(range_of(x), expected);
  EXPECT_EQ(range_of(x.to(torch::kDouble)), expected);  // as on a GPU
  EXPECT_EQ(range_of(torch::full({3}, NAN)), (std::pair<float, float>{0, 0}));
  EXPECT_EQ(range_of(torch::full({3}, NAN, torch::kDouble)), (std::pair<float, float>{0, 0}));
  EXPECT_EQ(range_of(torch::tensor({4.0F})), (std::pair<float, float>{4, 4}));
  EXPECT_EQ(range_of(torch::empty({0})), (std::pair<float, float>{0, 0}));
}

}  // namespace
}  // namespace manyfold::quantise
