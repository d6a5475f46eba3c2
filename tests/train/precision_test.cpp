#include "train/precision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/nn/functional/batchnorm.h>
#include <torch/optim/adam.h>

#include "common/error.h"
#include "tests/train/tiny_model.h"

namespace manyfold::train {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;
using torch::Tensor;

constexpr int kSide = 16;

Tensor half(const Tensor& x) { return x.to(torch::kHalf).to(torch::kFloat); }

Tensor run(const Forward& forward, const Tensor& pictures) {
  return forward.head("sign", forward.encode(pictures), {}).at(0);
}

/// The pictures as the encoder gets them, with every operation rounded.
Tensor normalised(const TinyModel& tiny, const Tensor& pictures) {
  const auto scaled = half(pictures.to(torch::kFloat) * half(tiny.buffer("scale")));
  return half(scaled + half(tiny.buffer("shift")));
}

/// What follows the first BatchNorm, with every operation rounded.
Tensor scores(const TinyModel& tiny, const Tensor& features) {
  const auto& last = tiny.encoder->last;
  const auto& linear = tiny.head->scores;
  const auto deep =
      half(torch::conv2d(features.relu(), half(last->weight), half(last->bias), 1, 1));
  return half(torch::linear(half(deep.mean({2, 3})), half(linear->weight), half(linear->bias)));
}

TEST(PrecisionNames, AreThoseOfTheConfig) {
  EXPECT_EQ(precision_of("fp16_device"), Precision::fp16_device);
  for (const auto& name : precision_names()) EXPECT_EQ(name_of(precision_of(name)), name);
  EXPECT_THAT(
      [] { precision_of("fp61"); },
      ThrowsMessage<ConfigError>(AllOf(HasSubstr("unknown precision 'fp61'"), HasSubstr("bf16"))));
}

TEST(PrecisionForward, Fp32IsTheModuleItself) {
  TinyModel tiny;
  const auto forward = forward_in(Precision::fp32, tiny.model, {kSide, kSide});
  const auto pictures = coloured_pictures();
  tiny.model->eval();
  const auto expected = tiny.model->forward(pictures).at("sign").at(0);
  EXPECT_TRUE(run(forward.training, pictures).equal(expected));
  EXPECT_TRUE(run(forward.evaluation, pictures).equal(expected));
}

TEST(PrecisionForward, Fp16DeviceRoundsEveryOperationInTraining) {
  TinyModel tiny;
  const auto pictures = coloured_pictures();
  const auto forward = forward_in(Precision::fp16_device, tiny.model, {kSide, kSide});
  const auto& bn = tiny.encoder->bn;
  const auto mean = bn->running_mean.clone(), variance = bn->running_var.clone();
  const auto convolved =
      half(torch::conv2d(normalised(tiny, pictures), half(tiny.encoder->stem->weight), {}, 2, 1));
  const auto expected =
      scores(tiny, half(torch::batch_norm(convolved, half(bn->weight), half(bn->bias), mean,
                                          variance, true, 0.1, 1e-5, true)));
  const auto found = run(forward.training, pictures);
  EXPECT_TRUE(torch::allclose(found, expected, 0, 2e-3)) << (found - expected).abs().max();
  EXPECT_TRUE(found.equal(half(found)));
  EXPECT_TRUE(torch::allclose(bn->running_var, variance, 1e-5));
  EXPECT_EQ(bn->num_batches_tracked.item<int64_t>(), 1);

  found.square().sum().backward();
  for (const auto& parameter : tiny.model->named_parameters()) {
    ASSERT_TRUE(parameter.value().grad().defined()) << parameter.key();
    EXPECT_TRUE(parameter.value().grad().isfinite().all().item<bool>()) << parameter.key();
  }
  // Of a linear layer the gradient is known: the scores' (2 y, rounded, exact) summed over rows.
  EXPECT_TRUE(torch::allclose(tiny.head->scores->bias.grad(), (2 * found.detach()).sum(0), 1e-3));
}

TEST(PrecisionForward, Fp16DeviceJudgesTheFoldedModelAndFollowsItsTraining) {
  TinyModel tiny;
  const auto pictures = coloured_pictures();
  const auto forward = forward_in(Precision::fp16_device, tiny.model, {kSide, kSide});
  const torch::NoGradGuard no_grad;
  const auto& bn = tiny.encoder->bn;
  bn->running_mean.uniform_(-1, 1);  // after the graph was recorded
  bn->running_var.uniform_(0.5, 2);
  const auto factor = bn->weight / torch::sqrt(bn->running_var + 1e-5);
  const auto weight = tiny.encoder->stem->weight * factor.view({-1, 1, 1, 1});
  const auto bias = bn->bias - bn->running_mean * factor;
  const auto convolved =
      half(torch::conv2d(normalised(tiny, pictures), half(weight), half(bias), 2, 1));
  const auto found = run(forward.evaluation, pictures);
  const auto expected = scores(tiny, convolved);
  EXPECT_TRUE(torch::allclose(found, expected, 0, 2e-3)) << (found - expected).abs().max();
  EXPECT_TRUE(found.equal(half(found)));
}

TEST(PrecisionForward, Bf16RunsConvolutionsInBfloat16AndReturnsFloat) {
  TinyModel tiny;
  const auto pictures = coloured_pictures();
  const auto forward = forward_in(Precision::bf16, tiny.model, {kSide, kSide});
  EXPECT_EQ(forward.training.encode(pictures).at(0).scalar_type(), torch::kBFloat16);
  const auto scores = run(forward.training, pictures);
  EXPECT_EQ(scores.scalar_type(), torch::kFloat);
  scores.sum().backward();
  EXPECT_EQ(tiny.encoder->stem->weight.grad().scalar_type(), torch::kFloat);

  tiny.model->eval();
  EXPECT_TRUE(
      run(forward.evaluation, pictures).equal(tiny.model->forward(pictures).at("sign").at(0)));
}

TEST(PrecisionForward, AHeadTakesTheRowsItIsGiven) {
  const auto pictures = coloured_pictures();
  for (const auto precision : {Precision::bf16, Precision::fp16_device}) {
    TinyModel tiny;
    const auto forward = forward_in(precision, tiny.model, {kSide, kSide});
    const auto features = forward.training.encode(pictures);
    const auto all = forward.training.head("sign", features, {}).at(0);
    const auto rows = torch::tensor({4, 1});
    const auto some = forward.training.head("sign", features, rows).at(0);
    EXPECT_TRUE(torch::allclose(some, all.index_select(0, rows), 0, 1e-2)) << name_of(precision);
  }
}

class Overfits : public testing::TestWithParam<const char*> {};

TEST_P(Overfits, OneBatch) {
  TinyModel tiny;
  const auto pictures = coloured_pictures();
  const auto classes = colour_classes();
  const auto forward = forward_in(precision_of(GetParam()), tiny.model, {kSide, kSide});
  torch::optim::Adam optimizer(tiny.model->parameters(), torch::optim::AdamOptions(0.02));
  tiny.model->train();
  double first = 0, last = 0;
  for (int step = 0; step < 150; ++step) {
    optimizer.zero_grad();
    const auto loss = torch::cross_entropy_loss(run(forward.training, pictures), classes);
    loss.backward();
    optimizer.step();
    last = loss.item<double>();
    if (step == 0) first = last;
  }
  EXPECT_LT(last, 0.1 * first);
}

INSTANTIATE_TEST_SUITE_P(Precisions, Overfits, testing::Values("fp32", "bf16", "fp16_device"));

TEST(PrecisionForward, RefusesHalfPrecisionOnTheCpuAndNamesTheWayOut) {
  TinyModel tiny;
  EXPECT_THAT(
      [&] {
        forward_in(Precision::fp16, tiny.model, {kSide, kSide});
      },
      ThrowsMessage<UserError>(AllOf(HasSubstr("precision = fp16 needs a GPU"),
                                     HasSubstr("precision=bf16"),
                                     HasSubstr("precision=fp16_device"))));
}

TEST(PrecisionForward, Fp16RunsConvolutionsInHalfOnAGpu) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "needs a GPU";
  TinyModel tiny;
  tiny.model->to(torch::kCUDA);
  const auto pictures = coloured_pictures().to(torch::kCUDA);
  const auto forward = forward_in(Precision::fp16, tiny.model, {kSide, kSide});
  EXPECT_EQ(forward.training.encode(pictures).at(0).scalar_type(), torch::kHalf);
  EXPECT_EQ(run(forward.training, pictures).scalar_type(), torch::kFloat);
}

TEST(Precision, OnlyFp16ScalesTheLoss) {
  for (const auto& name : precision_names())
    EXPECT_EQ(scales_loss(precision_of(name)), name == "fp16") << name;
}

}  // namespace
}  // namespace manyfold::train
