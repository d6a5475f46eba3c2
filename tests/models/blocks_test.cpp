#include <gmock/gmock.h>

#include "models/blocks/depthwise_separable.h"
#include "models/blocks/initialise.h"
#include "models/blocks/pixel_shuffle_up.h"
#include "models/blocks/space_to_depth_stem.h"
#include "models/blocks/stdc.h"
#include "models/blocks/upsample.h"
#include "testing.h"

namespace manyfold::models {
namespace {

using ::testing::HasSubstr;

int64_t conv_bn(int64_t in, int64_t out, int64_t kernel = 3) {
  return parameter_count(*ConvBnAct(ConvBnActOptions(in, out).kernel(kernel)));
}

int64_t stdc(int64_t in, int64_t out, int64_t stride) {
  return parameter_count(*Stdc(StdcOptions(in, out).stride(stride)));
}

// Counted with PyTorch 1.13 and by hand: k * k * in * out + 2 * out.
TEST(ConvBnAct, HasTheParametersOfItsConvolutionAndNorm) {
  EXPECT_EQ(conv_bn(1, 32), 352);
  EXPECT_EQ(conv_bn(3, 32), 928);
  EXPECT_EQ(conv_bn(32, 32), 9280);
  EXPECT_EQ(conv_bn(32, 64), 18560);
  EXPECT_EQ(conv_bn(64, 64), 36992);
  EXPECT_EQ(conv_bn(64, 128), 73984);
  EXPECT_EQ(conv_bn(128, 128), 147712);
  EXPECT_EQ(conv_bn(3, 32, 7), 4768);
  EXPECT_EQ(conv_bn(1, 32, 7), 1632);
  EXPECT_EQ(conv_bn(128, 32, 1), 4160);  // a squeezed skip
}

TEST(ConvBnAct, RoundsOddSizesUp) {
  ConvBnAct block(ConvBnActOptions(3, 4).kernel(7).stride(2));
  EXPECT_EQ(block->forward(torch::zeros({2, 3, 224, 225})).sizes(),
            torch::IntArrayRef({2, 4, 112, 113}));
}

// momentum 0.1 and the unbiased variance: values 1, 2, 3, 6 from (0, 1) give 0.3 and 1.366667.
TEST(ConvBnAct, KeepsRunningStatisticsAsPyTorchDoes) {
  ConvBnAct block(ConvBnActOptions(1, 1).kernel(1));
  const auto state = state_dict(*block);
  torch::NoGradGuard no_grad;
  state.at("conv.weight").fill_(1);
  block->forward(torch::tensor({1.f, 2.f, 3.f, 6.f}).view({1, 1, 2, 2}));
  EXPECT_NEAR(state.at("norm.running_mean").item<double>(), 0.3, 1e-6);
  EXPECT_NEAR(state.at("norm.running_var").item<double>(), 1.366667, 1e-6);
}

TEST(ConvBnAct, RefusesGroupsThatDoNotDivide) {
  try {
    ConvBnAct block(ConvBnActOptions(6, 8).groups(4));
    FAIL();
  } catch (const c10::Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("groups must divide the channels, got 4 for 6 -> 8"));
  }
}

TEST(DepthwiseSeparable, HasTheParametersOfBothHalves) {
  const auto count = [](int64_t in, int64_t out) {
    return parameter_count(*DepthwiseSeparable(DepthwiseSeparableOptions(in, out)));
  };
  EXPECT_EQ(count(32, 64), 2528);
  EXPECT_EQ(count(64, 128), 9152);
}

TEST(Stdc, HasTheParametersOfThePaper) {
  EXPECT_EQ(stdc(64, 64, 1), 8512);
  EXPECT_EQ(stdc(256, 256, 1), 134656);
  EXPECT_EQ(stdc(32, 64, 2), 7840);
  EXPECT_EQ(stdc(64, 128, 2), 30400);
  EXPECT_EQ(stdc(64, 256, 2), 111488);
}

// The trunk of STDC1: two plain convolutions, then three stages of two modules.
TEST(Stdc, MakesUpThePublishedTrunk) {
  EXPECT_EQ(conv_bn(3, 32) + conv_bn(32, 64) +             //
                stdc(64, 256, 2) + stdc(256, 256, 1) +     //
                stdc(256, 512, 2) + stdc(512, 512, 1) +    //
                stdc(512, 1024, 2) + stdc(1024, 1024, 1),  //
            5318304);
}

TEST(Stdc, HalvesOddSizesRoundingUp) {
  EXPECT_EQ(Stdc(StdcOptions(8, 16).stride(2))->forward(torch::zeros({2, 8, 9, 10})).sizes(),
            torch::IntArrayRef({2, 16, 5, 5}));
}

TEST(Stdc, AddsItsInputWhenAsked) {
  torch::manual_seed(0);
  Stdc plain(StdcOptions(16, 16).blocks(3)), residual(StdcOptions(16, 16).blocks(3).residual(true));
  load_state(*residual, state_dict(*plain), "plain");
  const auto x = torch::randn({2, 16, 5, 7});
  EXPECT_TRUE(torch::equal(residual->forward(x), x + plain->forward(x)));
}

TEST(Stdc, RefusesAResidualBetweenUnequalShapes) {
  EXPECT_THROW(Stdc(StdcOptions(16, 32).residual(true)), c10::Error);
  EXPECT_THROW(Stdc(StdcOptions(16, 12)), c10::Error);  // 12 is not a multiple of 8
}

TEST(SpaceToDepthStem, HasTheParametersOfItsConvolution) {
  EXPECT_EQ(parameter_count(*SpaceToDepthStem(SpaceToDepthStemOptions(3, 32))), 3520);
}

// A 3x3 convolution over 2x2 squares is a 6x6 convolution with stride 2 whose kernel is the same
// numbers, laid out by (square, place within).
TEST(SpaceToDepthStem, IsAStridedConvolutionWithALargeKernel) {
  torch::manual_seed(0);
  SpaceToDepthStem stem(SpaceToDepthStemOptions(3, 5));
  stem->eval();
  const auto kernel = state_dict(*stem).at("body.conv.weight");
  const auto large =
      kernel.view({5, 3, 2, 2, 3, 3}).permute({0, 1, 4, 2, 5, 3}).reshape({5, 3, 6, 6});
  const auto x = torch::randn({2, 3, 8, 12});
  const auto expected =
      torch::relu(torch::conv2d(x, large, {}, /*stride=*/2, /*padding=*/2) / std::sqrt(1 + 1e-5));
  EXPECT_TRUE(torch::allclose(stem->forward(x), expected, 1e-4, 1e-5));
}

TEST(PixelShuffleUp, StartsAsNearestNeighbourEnlargement) {
  torch::manual_seed(0);
  PixelShuffleUp up(PixelShuffleUpOptions(4, 2, 3));
  const auto x = torch::randn({2, 4, 5, 6});
  const auto small =
      torch::conv2d(x, state_dict(*up).at("conv.weight").slice(0, 0, 18, 9), {}, 1, /*padding=*/1);
  const auto nearest = small.repeat_interleave(3, 2).repeat_interleave(3, 3);
  EXPECT_TRUE(torch::allclose(up->forward(x), nearest, 1e-5, 1e-6));
}

TEST(Upsample2, RepeatsEveryPixel) {
  EXPECT_TRUE(
      torch::equal(upsample2(torch::tensor({1.f, 2.f}).view({1, 1, 1, 2})),
                   torch::tensor({1.f, 1.f, 2.f, 2.f, 1.f, 1.f, 2.f, 2.f}).view({1, 1, 2, 4})));
}

// sqrt(2 / (3 * 3 * 64)) = 0.0589; depthwise: sqrt(2 / 9) = 0.4714.
TEST(Initialise, KaimingCountsTheFanOfOneGroup) {
  torch::manual_seed(0);
  const auto full = torch::empty({64, 64, 3, 3}), depthwise = torch::empty({4096, 1, 3, 3});
  kaiming_normal_fan_out(full);
  kaiming_normal_fan_out(depthwise, 4096);
  EXPECT_NEAR(full.std().item<double>(), 0.0589, 0.001);
  EXPECT_NEAR(depthwise.std().item<double>(), 0.4714, 0.01);
}

TEST(Initialise, IcnrRefusesChannelsThatCannotBeShuffled) {
  EXPECT_THROW(icnr(torch::empty({6, 3, 1, 1}), 2), c10::Error);
}

TEST(Blocks, CloneToIndependentCopies) {
  torch::manual_seed(0);
  const auto x = torch::randn({2, 16, 8, 8});
  expect_independent_clone(*ConvBnAct(ConvBnActOptions(16, 8)), x);
  expect_independent_clone(*DepthwiseSeparable(DepthwiseSeparableOptions(16, 8)), x);
  expect_independent_clone(*Stdc(StdcOptions(16, 16)), x);
  expect_independent_clone(*Stdc(StdcOptions(16, 32).stride(2)), x);
  expect_independent_clone(*SpaceToDepthStem(SpaceToDepthStemOptions(16, 8)), x);
  expect_independent_clone(*PixelShuffleUp(PixelShuffleUpOptions(16, 2, 2)), x);
}

}  // namespace
}  // namespace manyfold::models
