#include "train/diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "models/weights.h"
#include "tests/train/tiny_model.h"

namespace manyfold::train {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

void fill(torch::Tensor tensor, double value) {
  const torch::NoGradGuard no_grad;
  tensor.fill_(value);
}

TEST(Diagnose, NamesTheLayerWhoseWeightHalfPrecisionCannotHold) {
  TinyModel tiny;
  fill(tiny.encoder->last->weight, 1e5);
  const auto diagnosis = diagnose(Precision::fp16_device, tiny.model, coloured_pictures());
  ASSERT_NE(diagnosis.first_broken(), nullptr);
  EXPECT_EQ(diagnosis.first_broken()->scope, "encoder.last");
  EXPECT_GT(diagnosis.first_broken()->infinite, 0);
  EXPECT_THAT(diagnosis.lines().front(), HasSubstr("not finite: encoder.last/"));
  EXPECT_TRUE(diagnosis.alarming());
}

TEST(Diagnose, NamesTheLargestLayerWhereFloatHoldsIt) {
  TinyModel tiny;
  fill(tiny.encoder->last->weight, 1e5);
  fill(tiny.head->scores->weight, 0.01);
  for (const auto mode : {graph::Mode::train, graph::Mode::eval}) {
    const auto diagnosis = diagnose(Precision::fp32, tiny.model, coloured_pictures(), mode);
    EXPECT_EQ(diagnosis.first_broken(), nullptr);
    EXPECT_EQ(diagnosis.largest(1).at(0).scope, "encoder.last");
    EXPECT_GT(diagnosis.largest(1).at(0).largest, 65504);
    EXPECT_THAT(diagnosis.lines().front(),
                AllOf(HasSubstr("is finite; largest: encoder.last/"), HasSubstr("% of 65504")));
    EXPECT_TRUE(diagnosis.alarming());
  }
}

TEST(Diagnose, NamesTheFirstNaNAndNotWhatFollowsIt) {
  TinyModel tiny;
  fill(tiny.encoder->stem->weight, std::nan(""));
  for (const auto precision : {Precision::fp32, Precision::bf16}) {
    const auto diagnosis = diagnose(precision, tiny.model, coloured_pictures());
    ASSERT_NE(diagnosis.first_broken(), nullptr);
    EXPECT_EQ(diagnosis.first_broken()->scope, "encoder.stem") << name_of(precision);
    EXPECT_GT(diagnosis.first_broken()->nan, 0);
  }
}

TEST(Diagnose, NamesALayerThatVanishes) {
  TinyModel tiny;
  fill(tiny.encoder->last->weight, 1e-12);
  fill(tiny.encoder->last->bias, 1e-9);
  const auto diagnosis = diagnose(Precision::fp32, tiny.model, coloured_pictures());
  ASSERT_FALSE(diagnosis.vanishing().empty());
  EXPECT_EQ(diagnosis.vanishing().front().scope, "encoder.last");
  EXPECT_THAT(diagnosis.lines().back(), HasSubstr("become 0 in half precision"));
}

TEST(Diagnose, NamesAGradientThatIsNotFinite) {
  TinyModel tiny;
  auto& gradient = tiny.head->scores->bias.mutable_grad();
  gradient = torch::tensor({1.0F, INFINITY, std::nanf("")});
  const auto diagnosis = diagnose(Precision::fp32, tiny.model, coloured_pictures());
  ASSERT_EQ(diagnosis.gradients.size(), 1u);
  EXPECT_EQ(diagnosis.gradients[0].parameter, "heads.sign.scores.bias");
  EXPECT_EQ(diagnosis.gradients[0].broken, 2);
  EXPECT_THAT(diagnosis.lines().at(1),
              HasSubstr("the gradient of heads.sign.scores.bias is not finite (2 of 3)"));
}

TEST(Diagnose, LeavesTheModelAsItWas) {
  TinyModel tiny;
  tiny.model->eval();
  std::map<std::string, torch::Tensor> before;
  for (const auto& [name, tensor] : models::state_dict(*tiny.model))
    before[name] = tensor.detach().clone();
  diagnose(Precision::fp16_device, tiny.model, coloured_pictures());
  for (const auto& [name, tensor] : models::state_dict(*tiny.model))
    EXPECT_TRUE(tensor.equal(before.at(name))) << name;
  EXPECT_FALSE(tiny.model->is_training());
}

TEST(Diagnose, IsCalmAboutAModelInOrder) {
  TinyModel tiny;
  const auto diagnosis = diagnose(Precision::fp16_device, tiny.model, coloured_pictures());
  EXPECT_FALSE(diagnosis.alarming());
  EXPECT_THAT(diagnosis.vanishing(), IsEmpty());
  EXPECT_EQ(diagnosis.lines().size(), 1u);
}

TEST(Diagnose, GivesSharesOfHalfPrecisionsRange) {
  EXPECT_EQ(share_of_half(65504), "100 % of 65504");
  EXPECT_EQ(share_of_half(8188), "12.5 % of 65504");
}

}  // namespace
}  // namespace manyfold::train
