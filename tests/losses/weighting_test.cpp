#include "losses/weighting.h"

#include "testing.h"

namespace manyfold::losses {
namespace {

const std::map<std::string, torch::Tensor> kLosses = {{"a", torch::tensor(2.)},
                                                      {"b", torch::tensor(0.5)}};

void set(LossWeighting& weighting, double a, double b) {
  const torch::NoGradGuard no_grad;
  weighting.named_parameters()["log_variance_a"].fill_(a);
  weighting.named_parameters()["log_variance_b"].fill_(b);
}

TEST(FixedWeighting, MultipliesByTheWeightsGiven) {
  const auto weighting = make_weighting("fixed", {{"a", 1}, {"b", 3}});
  EXPECT_NEAR(weighting->forward(kLosses).item<double>(), 2 + 1.5, 1e-6);
  EXPECT_EQ(weighting->weight("b"), 3);
  EXPECT_TRUE(weighting->parameters().empty());
}

// s = (.5, -.5): (2 e^-.5 + .5 e^.5) / 2 = 1.018711, and twice that with weights of 1; the s
// cancel.
TEST(UncertaintyWeighting, GivesTheHandSums) {
  const auto half = make_weighting("uncertainty", {{"a", 0.5}, {"b", 0.5}});
  const auto whole = make_weighting("uncertainty", {{"a", 1}, {"b", 1}});
  set(*half, 0.5, -0.5);
  set(*whole, 0.5, -0.5);
  EXPECT_NEAR(half->forward(kLosses).item<double>(), 1.018711, 1e-6);
  EXPECT_NEAR(whole->forward(kLosses).item<double>(), 2.037422, 1e-6);
  EXPECT_NEAR(whole->weight("a"), std::exp(-0.5), 1e-6);
}

// c e^-s L + s / 2 is least at s = ln(2 c L).
TEST(UncertaintyWeighting, RestsAtItsOptimum) {
  const auto weighting = make_weighting("uncertainty", {{"a", 1}, {"b", 1}});
  set(*weighting, std::log(4.), std::log(1.));
  weighting->forward(kLosses).backward();
  for (const auto& s : weighting->parameters()) EXPECT_NEAR(s.grad().item<double>(), 0, 1e-6);
}

TEST(UncertaintyWeighting, LearnsNothingAboutAbsentTasks) {
  const auto weighting = make_weighting("uncertainty", {{"a", 1}, {"b", 1}});
  weighting->forward({{"a", torch::tensor(2.)}}).backward();
  EXPECT_FALSE(weighting->named_parameters()["log_variance_b"].grad().defined());
  EXPECT_THROW(weighting->forward({{"c", torch::tensor(2.)}}), c10::Error);
}

TEST(LossWeighting, OfNoTaskIsZero) {
  EXPECT_EQ(make_weighting("fixed", {{"a", 1}})->forward({}).item<double>(), 0);
}

}  // namespace
}  // namespace manyfold::losses
