#include "losses/attention_transfer.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

namespace manyfold::losses {
namespace {

// Mean squares over the channels: (3, 4) -> (.6, .8); (5, 12) -> (5/13, 12/13).
TEST(TransferAttention, ComparesWhereMapsAreStrong) {
  const auto student =
      torch::tensor({1.0, 2.0, std::sqrt(5.0), 2.0}, torch::kDouble).view({1, 2, 1, 2});
  const auto teacher =
      torch::tensor({std::sqrt(5.0), std::sqrt(12.0)}, torch::kDouble).view({1, 1, 1, 2});
  const double a = 0.6 - 5 / 13.0, b = 0.8 - 12 / 13.0;
  EXPECT_NEAR(transfer_attention(student, teacher).item<double>(), (a * a + b * b) / 2, 1e-9);
}

TEST(TransferAttention, SeesNoFactor) {
  torch::manual_seed(1);
  const auto map = torch::randn({2, 3, 4, 4});
  EXPECT_NEAR(transfer_attention(map * 5, map).item<double>(), 0, 1e-9);
}

TEST(TransferAttention, AveragesTheLargerMap) {
  const auto student = torch::tensor({3.0, 4.0}).sqrt().view({1, 1, 1, 2});
  const auto teacher = torch::tensor({2.0, 4.0, 1.0, 7.0}).sqrt().view({1, 1, 1, 4});  // 3, 4
  EXPECT_NEAR(transfer_attention(student, teacher).item<double>(), 0, 1e-9);
}

TEST(TransferAttention, OfAMapOfZerosHasAFiniteGradient) {
  auto student = torch::zeros({1, 2, 2, 2}, torch::requires_grad());
  auto teacher = torch::ones({1, 3, 2, 2}, torch::requires_grad());
  const auto loss = transfer_attention(student, teacher);
  EXPECT_NEAR(loss.item<double>(), 0.25, 1e-6);  // four times 1/2, squared
  loss.backward();
  EXPECT_TRUE(student.grad().isfinite().all().item<bool>());
  EXPECT_FALSE(teacher.grad().defined());
}

}  // namespace
}  // namespace manyfold::losses
