#include "losses/dino.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/losses/testing.h"

namespace manyfold::losses {
namespace {

using torch::Tensor;

// softmax((0.2, 0.1, 0) - 0.05) / 0.04), whose entropy is -sum p ln p
TEST(DinoTargets, AreCentredAndSharpened) {
  const auto targets =
      dino_targets(torch::tensor({0.2F, 0.1F, 0.0F}), torch::full({3}, 0.05), 0.04);
  expect_close(targets, torch::tensor({0.918423, 0.075389, 0.006188}), 1e-5);
  EXPECT_NEAR(mean_entropy(targets).item<double>(), 0.304511, 1e-6);
}

TEST(DinoTargets, TeachWithoutLearning) {
  const auto logits = torch::zeros({1, 2}, torch::requires_grad());
  EXPECT_FALSE(dino_targets(logits, torch::zeros({2}), 1).requires_grad());
}

TEST(MeanEntropy, IsThatOfACertainAndOfAnEvenRow) {
  const auto rows = torch::tensor({1.0, 0.0, 0.5, 0.5}).view({2, 2});
  EXPECT_NEAR(mean_entropy(rows).item<double>(), std::log(2) / 2, 1e-7);
}

// -sum p log softmax((3, 1, -1)) with the targets above.
TEST(DinoLoss, IsTheCrossEntropyOfTheOtherView) {
  const auto targets =
      dino_targets(torch::tensor({0.2F, 0.1F, 0.0F}), torch::full({3}, 0.05), 0.04);
  const auto student = torch::stack({torch::tensor({9.0F, -9.0F, 0.0F}),  // the view of the teacher
                                     torch::tensor({0.3F, 0.1F, -0.1F})});
  const auto loss = dino_loss(student.unsqueeze(0), targets.view({1, 1, 3}), 0.1);
  EXPECT_NEAR(loss.item<double>(), 0.318462, 1e-5);
}

// Torch 1.13 in Python, the reference's loop over pairs:
//   x = torch.arange(24, dtype=torch.float64).sin().view(2, 4, 3)
//   y = torch.arange(12, dtype=torch.float64).cos().view(2, 2, 3)
//   q = [((y[:, g] - .1) / .5).softmax(-1) for g in range(2)]
//   pairs = [torch.sum(-q[g] * (x[:, v] / .2).log_softmax(-1), -1).mean()
//            for g in range(2) for v in range(4) if v != g]
//   sum(pairs) / len(pairs)
TEST(DinoLoss, IsTheMeanOverPairsOfDifferentViews) {
  const auto student = torch::arange(24, torch::kFloat).sin().view({2, 4, 3});
  const auto logits = torch::arange(12, torch::kFloat).cos().view({2, 2, 3});
  const auto targets = dino_targets(logits, torch::full({3}, 0.1), 0.5);
  EXPECT_NEAR(dino_loss(student, targets, 0.2).item<double>(), 3.026188, 1e-5);
}

// (softmax(s / T) - p) / T for the one pair; nothing for the view that the teacher saw.
TEST(DinoLoss, PullsTheOtherViewAlone) {
  const auto student = torch::zeros({1, 2, 2}, torch::requires_grad());
  dino_loss(student, torch::tensor({0.9F, 0.1F}).view({1, 1, 2}), 0.5).backward();
  expect_close(student.grad(), torch::tensor({0.0, 0.0, -0.8, 0.8}).view({1, 2, 2}));
}

TEST(DinoLoss, RefusesWhatHasNoPairs) {
  const auto one = torch::zeros({2, 1, 3});
  EXPECT_THROW(dino_loss(one, one, 0.1), c10::Error);
  EXPECT_THROW(dino_loss(torch::zeros({2, 2, 3}), torch::zeros({1, 2, 3}), 0.1), c10::Error);
  EXPECT_THROW(dino_loss(torch::zeros({2, 2, 3}), torch::zeros({2, 3, 3}), 0.1), c10::Error);
}

// 0.9 * 0.05 + 0.1 * (0.2, 0.1, 0), the mean of two rows.
TEST(NextCentre, FollowsTheRawLogits) {
  const auto logits = torch::tensor({0.3F, 0.1F, -0.1F, 0.1F, 0.1F, 0.1F}).view({2, 1, 3});
  expect_close(next_centre(torch::full({3}, 0.05), logits, 0.9),
               torch::tensor({0.065, 0.055, 0.045}), 1e-6);
}

}  // namespace
}  // namespace manyfold::losses
