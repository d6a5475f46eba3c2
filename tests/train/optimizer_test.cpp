#include "train/optimizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "common/config/reader.h"
#include "common/config/yaml_reader.h"
#include "common/error.h"

namespace manyfold::train {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

torch::Tensor weight(double value) {
  return torch::full({1, 1}, value, torch::kDouble).set_requires_grad(true);
}

void set_gradient(torch::Tensor& parameter, double value) {
  parameter.mutable_grad() = torch::full_like(parameter, value);
}

OptimizerOptions plain(const std::string& type) {
  OptimizerOptions options;
  options.type = type;
  options.lr = 1e-3;
  options.weight_decay = 0;
  return options;
}

TEST(Optimizer, AdamsFirstStepMovesByTheLearningRate) {
  // m / sqrt(v) = g / |g| after bias correction: 1e-3 * 0.1 / (0.1 + 1e-8).
  auto w = weight(1);
  Optimizer optimizer(plain("adam"), {{"w", w}});
  set_gradient(w, 0.1);
  optimizer.step();
  EXPECT_NEAR(1 - w.item<double>(), 9.99999e-4, 1e-9);
}

TEST(Optimizer, DecayActsOnMatricesNotOnBiases) {
  auto options = plain("sgd");
  options.lr = 0.1;
  options.momentum = 0;
  options.weight_decay = 0.5;
  auto w = weight(1);
  auto bias = torch::ones({1}, torch::kDouble).set_requires_grad(true);
  Optimizer optimizer(options, {{"w", w}, {"bias", bias}});
  set_gradient(w, 0);
  set_gradient(bias, 0);
  optimizer.step();
  EXPECT_DOUBLE_EQ(w.item<double>(), 1 - 0.1 * 0.5);
  EXPECT_DOUBLE_EQ(bias.item<double>(), 1);
}

TEST(Optimizer, TheLongestMatchingNameScalesTheLearningRate) {
  auto options = plain("sgd");
  options.lr = 1;
  options.momentum = 0;
  options.lr_scale = {{"encoder", 0.1}, {"encoder.stem", 0.01}};
  auto stem = weight(0), body = weight(0), head = weight(0), other = weight(0);
  Optimizer optimizer(options, {{"encoder.stem.w", stem},
                                {"encoder.body.w", body},
                                {"heads.x.w", head},
                                {"encoders.w", other}});
  for (auto* w : {&stem, &body, &head, &other}) set_gradient(*w, 1);
  EXPECT_DOUBLE_EQ(optimizer.set_lr_factor(0.5), 0.5);
  optimizer.step();
  EXPECT_DOUBLE_EQ(stem.item<double>(), -0.005);
  EXPECT_DOUBLE_EQ(body.item<double>(), -0.05);
  EXPECT_DOUBLE_EQ(head.item<double>(), -0.5);
  EXPECT_DOUBLE_EQ(other.item<double>(), -0.5) << "'encoder' is a part of a name only up to a dot";
}

TEST(Optimizer, AParameterWithoutGradientStaysWhereItIs) {
  auto options = plain("adamw");
  options.weight_decay = 0.5;
  auto run = weight(1), idle = weight(1);
  Optimizer optimizer(options, {{"run", run}, {"idle", idle}});
  for (int step = 0; step < 3; ++step) {
    optimizer.zero_grad();
    set_gradient(run, 1);
    if (step == 0) set_gradient(idle, 1);
    const double before = idle.item<double>();
    optimizer.step();
    if (step > 0) {
      EXPECT_EQ(idle.item<double>(), before);
    }
  }
}

class OptimizerDecay : public testing::TestWithParam<const char*> {};

TEST(Optimizer, ClippingScalesTheJointNorm) {
  auto a = weight(0), b = weight(0);
  Optimizer optimizer(plain("adam"), {{"a", a}, {"b", b}});
  set_gradient(a, 3);
  set_gradient(b, 4);
  EXPECT_DOUBLE_EQ(optimizer.clip_grad_norm(0), 5);
  EXPECT_DOUBLE_EQ(optimizer.clip_grad_norm(1), 5);
  EXPECT_NEAR(a.grad().item<double>(), 0.6, 1e-6);
  EXPECT_NEAR(b.grad().item<double>(), 0.8, 1e-6);
}

TEST(Optimizer, ClippingEachTensorLeavesTheSmallOnes) {
  auto a = weight(0), b = weight(0);
  Optimizer optimizer(plain("adam"), {{"a", a}, {"b", b}});
  set_gradient(a, 0.5);
  set_gradient(b, 4);
  EXPECT_NEAR(optimizer.clip_each_grad_norm(1), std::sqrt(16.25), 1e-12);
  EXPECT_NEAR(a.grad().item<double>(), 0.5, 1e-6);
  EXPECT_NEAR(b.grad().item<double>(), 1, 1e-6);
}

TEST_P(OptimizerDecay, FollowsItsFactorWhereThereIsOne) {
  auto options = plain(GetParam());
  options.lr = 0.1;
  options.momentum = 0;
  options.weight_decay = 0.5;
  auto w = weight(1);
  auto bias = torch::ones({1}, torch::kDouble).set_requires_grad(true);
  Optimizer optimizer(options, {{"w", w}, {"bias", bias}});
  optimizer.set_decay_factor(2);
  set_gradient(w, 0);
  set_gradient(bias, 0);
  optimizer.step();
  EXPECT_DOUBLE_EQ(w.item<double>(), 1 - 0.1 * 1.0);
  EXPECT_DOUBLE_EQ(bias.item<double>(), 1);
}

INSTANTIATE_TEST_SUITE_P(Rules, OptimizerDecay, testing::Values("adamw", "sgd"));

class OptimizerState : public testing::TestWithParam<const char*> {};

TEST_P(OptimizerState, GoesOnExactlyAfterItIsRestored) {
  auto w = weight(1);
  Optimizer optimizer(plain(GetParam()), {{"w", w}});
  const auto advance = [](Optimizer& o, torch::Tensor& p, double gradient) {
    set_gradient(p, gradient);
    o.step();
  };
  advance(optimizer, w, 0.3);
  advance(optimizer, w, -0.1);

  auto copy = w.detach().clone().set_requires_grad(true);
  Optimizer resumed(plain(GetParam()), {{"w", copy}});
  resumed.load_state(optimizer.state());
  advance(optimizer, w, 0.2);
  advance(resumed, copy, 0.2);
  EXPECT_EQ(w.item<double>(), copy.item<double>());
}

// A checkpoint holds plain, contiguous tensors.
TEST_P(OptimizerState, IsLaidOutAsItsParameter) {
  auto w = torch::ones({4, 3, 2, 2}).contiguous(torch::MemoryFormat::ChannelsLast);
  w.set_requires_grad(true);
  Optimizer optimizer(plain(GetParam()), {{"w", w}}), resumed(plain(GetParam()), {{"w", w}});
  w.mutable_grad() = torch::rand_like(w);
  optimizer.step();
  auto saved = optimizer.state();
  for (auto& [name, tensor] : saved) tensor = tensor.contiguous(torch::MemoryFormat::Contiguous);
  resumed.load_state(saved);
  for (const auto& [name, tensor] : resumed.state()) {
    EXPECT_TRUE(tensor.equal(saved.at(name))) << name;
    if (tensor.dim() == 4) {
      EXPECT_EQ(tensor.strides(), w.strides()) << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Rules, OptimizerState, testing::Values("adamw", "adam", "sgd"));

TEST(Optimizer, RefusesAScaleForAPartThatTheModelDoesNotHave) {
  auto options = plain("adam");
  options.lr_scale = {{"encodr", 0.1}};
  EXPECT_THAT(
      [&] {
        Optimizer(options, {{"encoder.stem.conv.w", weight(0)}});
      },
      ThrowsMessage<ConfigError>(
          AllOf(HasSubstr("lr_scale: the model has no part 'encodr'"),
                HasSubstr("did you mean 'encoder'? known: encoder, encoder.stem"))));
}

TEST(OptimizerOptions, RefuseAMemoryThatNeverFades) {
  const auto read = [](const std::string& yaml) {
    config::read<OptimizerOptions>(config::parse_yaml(yaml, "optimizer.yaml"));
  };
  EXPECT_THAT(
      [&] { read("{betas: [0.9, 1.0]}"); },
      ThrowsMessage<ConfigError>(AllOf(HasSubstr("betas[1]"), HasSubstr("must be in [0, 1)"))));
  EXPECT_THAT(
      [&] { read("{momentum: 1.0}"); },
      ThrowsMessage<ConfigError>(AllOf(HasSubstr("momentum"), HasSubstr("must be in [0, 1)"))));
}

TEST(Optimizer, RefusesAModelThatIsFrozenWhole) {
  EXPECT_THROW(Optimizer(plain("adam"), {{"w", torch::zeros({1})}}), UserError);
}

}  // namespace
}  // namespace manyfold::train
