#include "losses/hint.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace manyfold::losses {
namespace {

TEST(Hint, IsTheMeanSquaredDifference) {
  const auto student = torch::tensor({1.0, 2.0, 3.0, 4.0}).view({1, 2, 1, 2});
  const auto teacher = torch::tensor({1.0, 0.0, 2.0, 6.0}).view({1, 2, 1, 2});
  EXPECT_NEAR(hint(student, teacher).item<double>(), (0 + 4 + 1 + 4) / 4.0, 1e-6);
}

// The teacher's quarters average to 1, 2, 3 and 5.
TEST(Hint, AveragesTheLargerMap) {
  const auto teacher = torch::tensor({0.0, 2.0, 2.0, 2.0,  //
                                      0.0, 2.0, 2.0, 2.0,  //
                                      3.0, 3.0, 4.0, 6.0,  //
                                      3.0, 3.0, 4.0, 6.0})
                           .view({1, 1, 4, 4});
  const auto student = torch::tensor({1.0, 2.0, 3.0, 4.0}).view({1, 1, 2, 2});
  EXPECT_NEAR(hint(student, teacher).item<double>(), 0.25, 1e-6);
  EXPECT_NEAR(hint(teacher, student).item<double>(), 0.25, 1e-6);
}

TEST(Hint, LearnsFromTheTeacherOnly) {
  auto student = torch::full({1, 1, 1, 2}, 3.0, torch::requires_grad());
  auto teacher = torch::ones({1, 1, 1, 2}, torch::requires_grad());
  hint(student, teacher).backward();
  EXPECT_TRUE(student.grad().equal(torch::full({1, 1, 1, 2}, 2.0)));  // 2 (s - t) / 2
  EXPECT_FALSE(teacher.grad().defined());
}

TEST(Hint, RefusesOtherChannelsAndRows) {
  EXPECT_ANY_THROW(hint(torch::zeros({1, 2, 2, 2}), torch::zeros({1, 1, 2, 2})));
  EXPECT_ANY_THROW(hint(torch::zeros({2, 1, 2, 2}), torch::zeros({1, 1, 2, 2})));
}

}  // namespace
}  // namespace manyfold::losses
