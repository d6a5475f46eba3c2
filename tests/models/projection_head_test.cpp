#include "models/heads/projection_head.h"

#include <gtest/gtest.h>

#include "models/heads/mlp_head.h"
#include "tests/models/testing.h"

namespace manyfold::models {
namespace {

using torch::Tensor;

const std::vector<FeatureInfo> kFeatures = {{64, 16}, {128, 32}};

ProjectionHead projection() {
  torch::manual_seed(0);
  return ProjectionHead(ProjectionHeadOptions(kFeatures, 16).hidden(24).bottleneck(8));
}

// 128 * 512 + 512, 512 * 512 + 512, 512 * 256 + 256; 1024 * 256 for the prototypes.
TEST(ProjectionHead, HasTheReferencesParameters) {
  EXPECT_EQ(parameter_count(*ProjectionHead(ProjectionHeadOptions(kFeatures, 1024))),
            460032 + 262144);
}

// Weight and bias of two BatchNorms of 512.
TEST(ProjectionHead, HasBatchNormOnRequest) {
  const auto with = ProjectionHeadOptions(kFeatures, 1024).batch_norm(true);
  EXPECT_EQ(parameter_count(*ProjectionHead(with)), 460032 + 262144 + 2048);
}

// Features of pictures differ little from their mean at first; shifted and scaled ones say the
// same.
TEST(ProjectionHead, LooksAtDifferencesWithinTheBatchUnderBatchNorm) {
  torch::manual_seed(0);
  ProjectionHead head(
      ProjectionHeadOptions(kFeatures, 16).hidden(24).bottleneck(8).batch_norm(true));
  const auto x = torch::randn({6, 128, 1, 1});
  const auto before = head->forward({x}).at(0);
  EXPECT_TRUE(torch::allclose(head->forward({x + 100}).at(0), before, 1e-3, 1e-3));
  EXPECT_TRUE(torch::allclose(head->forward({x * 100}).at(0), before, 1e-3, 1e-3));
}

TEST(ProjectionHead, GivesCosinesWithPrototypes) {
  auto head = projection();
  const auto logits = head->forward({torch::randn({3, 128, 2, 5})}).at(0);
  ASSERT_EQ(logits.sizes(), (std::vector<int64_t>{3, 16}));
  EXPECT_LE(logits.abs().max().item<double>(), 1 + 1e-6);
}

TEST(ProjectionHead, LooksAtTheDirectionsOfPrototypesAlone) {
  auto head = projection();
  const torch::NoGradGuard no_grad;
  auto prototypes = head->named_parameters()["prototypes"];
  const auto x = torch::randn({1, 128, 1, 1});
  const auto before = head->forward({x}).at(0);
  prototypes.mul_(3);
  EXPECT_TRUE(torch::allclose(head->forward({x}).at(0), before, 1e-5, 1e-6));
}

TEST(ProjectionHead, PoolsMapsOfAnySize) {
  auto head = projection();
  const auto map = torch::randn({2, 128, 3, 4});
  EXPECT_TRUE(torch::allclose(head->forward({map}).at(0),
                              head->forward({map.mean({2, 3}, true)}).at(0), 1e-5, 1e-6));
}

TEST(ProjectionHead, LeavesFrozenPrototypesWithoutAGradient) {
  auto head = projection();
  const auto x = torch::randn({2, 128, 1, 1});
  const auto before = head->forward({x}).at(0);
  head->freeze_last(true);
  const auto frozen = head->forward({x}).at(0);
  EXPECT_TRUE(torch::equal(frozen, before));
  frozen.square().sum().backward();
  EXPECT_FALSE(head->named_parameters()["prototypes"].grad().defined());
  EXPECT_TRUE(head->named_parameters()["first.weight"].grad().defined());
  head->freeze_last(false);
  head->forward({x}).at(0).square().sum().backward();
  EXPECT_TRUE(head->named_parameters()["prototypes"].grad().defined());
}

TEST(ProjectionHead, ClonesToAnIndependentCopy) {
  expect_independent_clone(*projection(), std::vector<Tensor>{torch::randn({2, 128, 2, 2})});
}

// 128 * 24 + 24 * 24 + 24 * 16, and two BatchNorms of 24.
TEST(MlpHead, HasTheReferencesLayers) {
  const MlpHead head(MlpHeadOptions(kFeatures, 16).hidden(24));
  EXPECT_EQ(parameter_count(*head), 4032 + 96);
}

TEST(MlpHead, PoolsMapsOfAnySize) {
  torch::manual_seed(0);
  MlpHead head(MlpHeadOptions(kFeatures, 16).hidden(24));
  const auto map = torch::randn({4, 128, 3, 4});
  const auto out = head->forward({map}).at(0);
  ASSERT_EQ(out.sizes(), (std::vector<int64_t>{4, 16}));
  EXPECT_TRUE(torch::allclose(out, head->forward({map.mean({2, 3}, true)}).at(0), 1e-4, 1e-5));
}

TEST(MlpHead, ClonesToAnIndependentCopy) {
  torch::manual_seed(0);
  MlpHead head(MlpHeadOptions(kFeatures, 16).hidden(24));
  expect_independent_clone(*head, std::vector<Tensor>{torch::randn({2, 128, 2, 2})});
}

}  // namespace
}  // namespace manyfold::models
