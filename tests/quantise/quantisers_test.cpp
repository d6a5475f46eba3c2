#include "quantise/quantisers.h"

#include <gtest/gtest.h>
#include <torch/optim/adam.h>

#include <cmath>

namespace manyfold::quantise {
namespace {

TEST(ActivationQuantiser, RoundsOnlyWhenItIsOn) {
  ActivationQuantiser quantiser(kUint8);
  quantiser.set_range({0, 25.5});
  const auto x = torch::tensor({-1.0F, 0.26F, 100.0F});
  EXPECT_TRUE(torch::equal(quantiser.forward(x, false), x));
  EXPECT_TRUE(torch::equal(quantiser.forward(x, true), x.relu()));
  quantiser.mode = Mode::quantise;
  EXPECT_TRUE(torch::allclose(quantiser.forward(x, false), torch::tensor({0.0F, 0.3F, 25.5F})));
}

TEST(ActivationQuantiser, FollowsTheUnionOfWhatPassedInAStep) {
  ActivationQuantiser quantiser(kUint8);
  quantiser.set_range({0, 1});
  quantiser.mode = Mode::quantise;
  quantiser.following = true;
  quantiser.train();
  quantiser.forward(torch::tensor({-2.0F, 3.0F}), false);
  quantiser.forward(torch::tensor({-9.0F, 5.0F}), true);  // a ReLU: nothing below 0
  EXPECT_EQ(quantiser.range(), Range(0, 1)) << "the range stands still within a step";
  quantiser.follow(0.1);
  EXPECT_NEAR(quantiser.range().first, -0.2, 1e-6);
  EXPECT_NEAR(quantiser.range().second, 1.4, 1e-6);
  quantiser.eval();
  quantiser.forward(torch::tensor({100.0F}), false);
  quantiser.follow(0.1);
  EXPECT_NEAR(quantiser.range().second, 1.4, 1e-6) << "evaluation moved it";
}

TEST(ActivationQuantiser, IsNotMovedByWhatIsNotFinite) {
  ActivationQuantiser quantiser(kUint8);
  quantiser.set_range({0, 1});
  quantiser.following = true;
  quantiser.forward(torch::tensor({INFINITY}), false);
  quantiser.follow(0.1);
  EXPECT_EQ(quantiser.range(), Range(0, 1));
}

TEST(ActivationQuantiser, LearnsItsStep) {
  ActivationQuantiser quantiser(kUint8, /*learned=*/true);
  quantiser.set_range({0, 25.5});
  const auto log_scale = quantiser.named_parameters()["log_scale"];
  EXPECT_NEAR(log_scale.item<float>(), std::log(0.1), 1e-5);
  quantiser.mode = Mode::quantise;
  quantiser.forward(torch::full({4}, 50.0F), true).sum().backward();
  // Clamped: d / d scale = 255 each, over sqrt(4 * 255); d / d log scale is scale times that.
  EXPECT_NEAR(log_scale.grad().item<double>(), 0.1 * 4 * 255 / std::sqrt(4 * 255.0), 1e-4);
  torch::NoGradGuard no_grad;
  log_scale.fill_(std::log(0.2));
  EXPECT_NEAR(quantiser.encoding().scale, 0.2, 1e-5);
}

TEST(ActivationQuantiser, LearnsASmallStepAsSlowlyAsALargeOne) {
  for (const double scale : {1e-4, 1.0}) {
    ActivationQuantiser quantiser(kUint8, /*learned=*/true);
    quantiser.set_range({0, 255 * scale});
    quantiser.mode = Mode::quantise;
    torch::optim::Adam optimizer(quantiser.parameters(), torch::optim::AdamOptions(0.01));
    quantiser.forward(torch::full({4}, 1000 * scale), true).sum().backward();
    optimizer.step();
    EXPECT_NEAR(quantiser.encoding().scale / scale, std::exp(-0.01), 1e-3) << scale;
  }
}

TEST(WeightQuantiser, FollowsTheWeight) {
  WeightQuantiser quantiser(2, 0);
  quantiser.mode = Mode::quantise;
  const auto weight = torch::tensor({1.27F, -0.5F, 0.0254F, 0.01F}).view({2, 2});
  EXPECT_TRUE(torch::allclose(quantiser.scale(weight), torch::tensor({0.01F, 0.0002F})));
  EXPECT_TRUE(torch::allclose(quantiser.forward(weight), weight, 0, 0.00011));
  EXPECT_TRUE(torch::allclose(quantiser.scale(2 * weight), torch::tensor({0.02F, 0.0004F})));
  WeightQuantiser whole(2, -1);
  EXPECT_TRUE(torch::allclose(whole.scale(weight), torch::tensor({0.01F})));
}

TEST(WeightQuantiser, LearnsTheStepsItBeganWith) {
  WeightQuantiser quantiser(2, 0, /*learned=*/true);
  const auto weight = torch::tensor({1.27F, -0.5F, 0.0254F, 0.01F}).view({2, 2});
  quantiser.fit(weight, false);
  EXPECT_TRUE(torch::allclose(quantiser.scale(weight), torch::tensor({0.01F, 0.0002F})));
  EXPECT_TRUE(torch::equal(quantiser.scale(weight), quantiser.scale(5 * weight)));
}

}  // namespace
}  // namespace manyfold::quantise
