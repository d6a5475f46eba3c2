#include "losses/relational.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace manyfold::losses {
namespace {

using torch::Tensor;

// The expected numbers are those of the authors' code:
//
//   def pdist(e):
//     sq = e.pow(2).sum(1); r = (sq[:, None] + sq[None] - 2 * e @ e.t()).clamp(min=1e-12).sqrt()
//     r = r.clone(); r[range(len(e)), range(len(e))] = 0; return r
//   def distance(s, t):
//     d, td = pdist(s), pdist(t)
//     return F.smooth_l1_loss(d / d[d > 0].mean(), td / td[td > 0].mean())
//   def cosines(x):
//     n = F.normalize(x[None] - x[:, None], p=2, dim=2); return torch.bmm(n, n.transpose(1, 2))
//   def angle(s, t): return F.smooth_l1_loss(cosines(s), cosines(t))
Tensor student() {
  return torch::tensor({0.0, 0.0, 1.0, 0.0, 0.0, 2.0, 3.0, 1.0}, torch::kDouble).view({4, 2});
}
Tensor teacher() {
  return torch::tensor({1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 2.0, 1.0, 1.0, 1.0}, torch::kDouble)
      .view({4, 3});
}

TEST(Relations, OfDistancesAndAnglesAreTheAuthors) {
  EXPECT_NEAR(relate_distances(student(), teacher()).item<double>(), 0.05617465, 1e-8);
  EXPECT_NEAR(relate_angles(student(), teacher()).item<double>(), 0.06579613, 1e-8);
}

TEST(Relations, HaveTheAuthorsGradients) {
  auto s = student().requires_grad_();
  auto t = teacher().requires_grad_();
  relate_distances(s, t).backward();
  EXPECT_NEAR(s.grad()[1][0].item<double>(), -0.0390, 1e-4);
  s.mutable_grad().zero_();
  relate_angles(s, t).backward();
  EXPECT_NEAR(s.grad()[1][1].item<double>(), 0.0296, 1e-4);
  EXPECT_FALSE(t.grad().defined());
}

// Turned, doubled and moved: distances keep their ratios, angles stay.
TEST(Relations, SeeNoRotationScaleOrShift) {
  const auto turned = torch::stack({-student().select(1, 1), student().select(1, 0)}, 1) * 2 + 7;
  EXPECT_NEAR(relate_distances(turned, student()).item<double>(), 0, 1e-12);
  EXPECT_NEAR(relate_angles(turned, student()).item<double>(), 0, 1e-12);
}

// Rows 0 and 1 are one point to the student, and two to the teacher.
TEST(Relations, OfEqualRowsHaveASmallGradient) {
  auto s = torch::tensor({1.0, 1.0, 1.0, 1.0, 4.0, 0.0, 0.0, 3.0}).view({4, 2}).requires_grad_();
  (relate_distances(s, teacher().to(torch::kFloat)) + relate_angles(s, teacher().to(torch::kFloat)))
      .backward();
  EXPECT_GT(s.grad().abs().max().item<double>(), 0);
  EXPECT_LT(s.grad().abs().max().item<double>(), 10);
}

TEST(Relations, OfOnePictureAreNone) {
  auto s = torch::ones({1, 2}, torch::requires_grad());
  const auto loss = relate_distances(s, s) + relate_angles(s, s);
  EXPECT_EQ(loss.item<double>(), 0);
  loss.backward();
  EXPECT_TRUE(s.grad().equal(torch::zeros({1, 2})));
}

TEST(Relations, RefuseOtherNumbersOfRows) {
  EXPECT_ANY_THROW(relate_distances(torch::zeros({2, 2}), torch::zeros({3, 2})));
  EXPECT_ANY_THROW(relate_angles(torch::zeros({2, 2}), torch::zeros({2, 2, 1})));
}

}  // namespace
}  // namespace manyfold::losses
