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

// Python: kl_div(log_softmax(s / T, 1), softmax(t / T, 1), reduction="batchmean") * T * T
TEST(ImitateScores, OfThreeClassesIsPyTorchs) {
  const auto student = torch::tensor({1.0, 2.0, 3.0}).view({1, 3});
  const auto teacher = torch::tensor({1.0, 3.0, 5.0}).view({1, 3});
  EXPECT_NEAR(imitate_scores(student, teacher, 1).item<double>(), 0.115611, 1e-6);
  EXPECT_NEAR(imitate_scores(student, teacher, 4).item<double>(), 0.305721, 1e-6);
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
DetectorOptions options() {
  DetectorOptions options;
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
  EXPECT_NEAR(imitate_objects({student}, {teacher}, options()).item<double>(), 0, 1e-9);
  student[0][2][0][0] = 0.5;  // width: 0.25
  student[0][6][0][0] = 0.1;  // key point: 18 * 0.01
  student[0][2][0][1] = 100;  // where there is nothing
  EXPECT_NEAR(imitate_objects({student}, {teacher}, options()).item<double>(), 0.25 + 0.18, 1e-9);
}

// p = 0.5, q = sigmoid(1): -ln 2 - (ln q + ln (1 - q)) / 2; then 0.5 * 5 (q - 0.5)^2 for tx. The
// confidences sum to 0.5, which counts as 1.
TEST(ImitateObjects, SumsConfidencesAndDividesByNoLessThanOne) {
  const auto teacher = torch::zeros({1, 7, 1, 1}, torch::kDouble).requires_grad_();
  auto student = torch::zeros({1, 7, 1, 1}, torch::kDouble);
  student[0][4][0][0] = 1;
  EXPECT_NEAR(imitate_objects({student}, {teacher}, options()).item<double>(), 0.120115, 1e-6);
  student[0][0][0][0] = 1;
  const auto loss = imitate_objects({student.requires_grad_()}, {teacher}, options());
  EXPECT_NEAR(loss.item<double>(), 0.120115 + 0.133470, 1e-6);
  loss.backward();
  EXPECT_FALSE(teacher.grad().defined());
}

// Confidence 0.04, ln(0.04 / 0.96): the box does not count, however wrong.
TEST(ImitateObjects, ImitatesNoBoxBelowTheLeastConfidence) {
  auto teacher = torch::zeros({1, 7, 1, 1}, torch::kDouble);
  teacher[0][4][0][0] = std::log(0.04 / 0.96);
  auto student = teacher.clone();
  student[0][2][0][0] = 9;
  EXPECT_NEAR(imitate_objects({student}, {teacher}, options()).item<double>(), 0, 1e-12);
}

// At confidence 0.5 the factor on the divergence is the mean of both weights, 0.2 and 1.
TEST(ImitateObjects, WeighsBackgroundAndObjects) {
  const auto teacher = torch::zeros({1, 7, 1, 1}, torch::kDouble);
  auto student = torch::zeros({1, 7, 1, 1}, torch::kDouble);
  student[0][4][0][0] = 1;
  auto weighted = options();
  weighted.background_weight = 0.2;
  EXPECT_NEAR(imitate_objects({student}, {teacher}, weighted).item<double>(), 0.6 * 0.120115, 1e-6);
}

/// Two classes without key points on two grids, one anchor each: D = 6.
DetectorOptions two_grids() {
  auto o = options();
  o.classes = 2;
  o.landmarks = 0;
  o.strides = {8, 16};
  o.anchors = {0.2, 0.2, 0.5, 0.5};
  o.background_weight = 0.2;
  return o;
}

// On each grid the teacher is sure of one box, of either class. Wrong by 0.5 and 0.3 in tw:
// (0.25 + 0.09) / (1 + 1). Then class 1 at 0.5 beside class 0, the student at sigmoid(1):
// 0.6 * 0.120115 more, and the same two boxes.
TEST(ImitateObjects, SumsOverGridsAndClasses) {
  std::vector<Tensor> teacher;
  for (const int64_t side : {2, 1}) {
    teacher.push_back(torch::zeros({1, 6, side, side}, torch::kDouble));
    teacher.back().slice(1, 4, 6).fill_(-40);
  }
  teacher[0][0][4][1][0] = 40;
  teacher[1][0][5][0][0] = 40;
  std::vector<Tensor> student = {teacher[0].clone(), teacher[1].clone()};
  student[0][0][2][1][0] = 0.5;
  student[1][0][2][0][0] = 0.3;
  EXPECT_NEAR(imitate_objects(student, teacher, two_grids()).item<double>(), 0.17, 1e-9);
  teacher[0][0][5][1][0] = 0;
  student[0][0][5][1][0] = 1;
  EXPECT_NEAR(imitate_objects(student, teacher, two_grids()).item<double>(),
              (0.34 + 0.6 * 0.120115) / 2, 1e-6);
}

TEST(EssenceOfObjects, KeepsTheBoxOfWhicheverClassIsThere) {
  auto raw = torch::full({1, 6, 1, 2}, 7.);
  raw.slice(1, 4, 6).fill_(-9);
  raw[0][5][0][0] = 9;
  const auto essence = essence_of_objects({raw, raw}, two_grids());
  ASSERT_EQ(essence.size(), 2U);
  auto expected = raw.clone();
  expected.slice(1, 0, 4).select(3, 1).fill_(0);
  for (const auto& level : essence) EXPECT_TRUE(torch::equal(level, expected));
}

TEST(EssenceOfObjects, IsAllThatImitationReads) {
  torch::manual_seed(2);
  const auto teacher = torch::randn({2, 7, 5, 5}) * 4, student = torch::randn({2, 7, 5, 5});
  const auto essence = essence_of_objects({teacher}, options()).at(0);
  EXPECT_EQ(imitate_objects({student}, {essence}, options()).item<float>(),
            imitate_objects({student}, {teacher}, options()).item<float>());
  const auto unsure = teacher.select(1, 4).sigmoid() < 0.04;
  EXPECT_GT(unsure.sum().item<int64_t>(), 0);
  EXPECT_EQ(essence.select(1, 2).masked_select(unsure).abs().max().item<float>(), 0);
  EXPECT_TRUE(essence.select(1, 4).equal(teacher.select(1, 4)));
}

TEST(ImitateObjects, RefusesUnequalShapes) {
  const auto level = torch::zeros({1, 7, 1, 2});
  EXPECT_ANY_THROW(imitate_objects({level}, {level, level}, options()));
  EXPECT_ANY_THROW(
      imitate_objects({torch::zeros({1, 7, 1, 2})}, {torch::zeros({1, 7, 2, 2})}, options()));
}

}  // namespace
}  // namespace manyfold::losses
