#include "losses/imitation.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

namespace manyfold::losses {
namespace {

using torch::Tensor;

// p = (0.8, 0.2), q = (0.5, 0.5): 0.8 ln 1.6 + 0.2 ln 0.4
TEST(ImitateScores, IsTheDivergenceFromTheTeacher) {
  const auto teacher = torch::tensor({std::log(0.8), std::log(0.2)}).view({1, 2});
  const auto student = torch::zeros({1, 2}, torch::kDouble);
  EXPECT_NEAR(imitate_scores(student, teacher, 1).item<double>(), 0.192745, 1e-6);
  EXPECT_NEAR(imitate_scores(teacher, teacher, 2).item<double>(), 0, 1e-12);
}

// At T = 2 the teacher's odds 4 : 1 become 2 : 1; 4 (2/3 ln(4/3) + 1/3 ln(2/3))
TEST(ImitateScores, SoftensByTheTemperature) {
  const auto teacher = torch::tensor({std::log(0.8), std::log(0.2)}).view({1, 2});
  EXPECT_NEAR(imitate_scores(torch::zeros_like(teacher), teacher, 2).item<double>(), 0.226532,
              1e-6);
}

TEST(ImitateScores, OfOneChannelIsThatOfTwoWithTheOtherAtZero) {
  torch::manual_seed(1);
  const auto s = torch::randn({2, 1, 3, 3}, torch::kDouble), t = torch::randn_like(s);
  const auto two = [](const Tensor& x) { return torch::cat({x, torch::zeros_like(x)}, 1); };
  EXPECT_NEAR(imitate_scores(s, t, 3).item<double>(),
              imitate_scores(two(s), two(t), 3).item<double>(), 1e-9);
}

TEST(ImitateScores, LearnsFromTheTeacherOnly) {
  const auto s = torch::zeros({1, 2}, torch::requires_grad());
  const auto t = torch::tensor({1.0F, 0.0F}).view({1, 2}).requires_grad_();
  imitate_scores(s, t, 1).backward();
  // softmax(student) - softmax(teacher)
  EXPECT_NEAR(s.grad()[0][0].item<double>(), 0.5 - 1 / (1 + std::exp(-1.0)), 1e-6);
  EXPECT_FALSE(t.grad().defined());
}

/// One anchor, one key point: D = 7.
SsldOptions options() {
  SsldOptions options;
  options.landmarks = 1;
  options.anchors = {0.5, 0.5};
  options.centre_weight = 5;
  options.size_weight = 1;
  options.landmark_weight = 18;
  return options;
}

TEST(ImitateObjects, CountsBoxesAsTheTeacherIsConfident) {
  auto teacher = torch::zeros({1, 7, 1, 2}, torch::kDouble);
  teacher[0][4][0][0] = 40;   // sure
  teacher[0][4][0][1] = -40;  // sure of nothing
  auto student = teacher.clone();
  EXPECT_NEAR(imitate_objects(student, teacher, options()).item<double>(), 0, 1e-9);
  student[0][2][0][0] = 0.5;  // width: 0.25
  student[0][6][0][0] = 0.1;  // key point: 18 * 0.01
  student[0][2][0][1] = 100;  // where there is nothing
  EXPECT_NEAR(imitate_objects(student, teacher, options()).item<double>(), 0.25 + 0.18, 1e-9);
}

// p = 0.5, q = sigmoid(1): -ln 2 - (ln q + ln (1 - q)) / 2; then 0.5 * 5 (q - 0.5)^2 for tx. The
// confidences sum to 0.5, which counts as 1.
TEST(ImitateObjects, SumsConfidencesAndDividesByNoLessThanOne) {
  const auto teacher = torch::zeros({1, 7, 1, 1}, torch::kDouble).requires_grad_();
  auto student = torch::zeros({1, 7, 1, 1}, torch::kDouble);
  student[0][4][0][0] = 1;
  EXPECT_NEAR(imitate_objects(student, teacher, options()).item<double>(), 0.120115, 1e-6);
  student[0][0][0][0] = 1;
  const auto loss = imitate_objects(student.requires_grad_(), teacher, options());
  EXPECT_NEAR(loss.item<double>(), 0.120115 + 0.133470, 1e-6);
  loss.backward();
  EXPECT_FALSE(teacher.grad().defined());
}

TEST(ImitateObjects, RefusesUnequalShapes) {
  EXPECT_ANY_THROW(
      imitate_objects(torch::zeros({1, 7, 1, 2}), torch::zeros({1, 7, 2, 2}), options()));
}

}  // namespace
}  // namespace manyfold::losses
