#include "train/tasks/segmentation.h"

#include <cmath>

#include "tests/train/tasks/options.h"

namespace manyfold::train {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> names(const Terms& terms) {
  std::vector<std::string> all;
  for (const auto& term : terms) all.push_back(term.name);
  return all;
}

const cv::Mat& only_mask(const data::Label& label) { return std::get<data::Mask>(label).classes; }

TEST(SegmentationTask, OneLogitTellsAPersonFromTheBackground) {
  const auto task = make_task("{type: segmentation}");
  const auto labels = task->decode({torch::tensor({-1.0f, 0.5f}).view({1, 1, 1, 2})}, {2, 1});
  EXPECT_EQ(only_mask(labels.at(0)).at<uint8_t>(0, 0), 0);
  EXPECT_EQ(only_mask(labels.at(0)).at<uint8_t>(0, 1), 1);
}

TEST(SegmentationTask, OfSeveralClassesTheLargestLogitWins) {
  const auto task = make_task("{type: segmentation, classes: [background, person, dog]}");
  const auto labels = task->decode({torch::tensor({1.0f, 3.0f, 2.0f}).view({1, 3, 1, 1})}, {1, 1});
  EXPECT_EQ(only_mask(labels.at(0)).at<uint8_t>(0, 0), 1);
}

TEST(SegmentationTask, MasksHaveTheInputsSize) {
  const auto task = make_task("{type: segmentation}");
  const auto mask = only_mask(task->decode({torch::ones({1, 1, 2, 2})}, {8, 4}).at(0));
  EXPECT_EQ(mask.size(), cv::Size(8, 4));
  EXPECT_EQ(cv::countNonZero(mask), 32);
}

TEST(SegmentationTask, SumsTheTermsThatAreAskedFor) {
  data::Labels labels;
  labels.mask = torch::zeros({1, 4, 4}, torch::kByte);
  labels.mask.slice(1, 1, 3).fill_(1);
  const std::vector<torch::Tensor> outputs = {torch::zeros({1, 1, 4, 4})};
  auto terms = make_task("{type: segmentation, dice_weight: 0}")->loss(outputs, labels);
  EXPECT_THAT(names(terms), ElementsAre("cross_entropy"));
  EXPECT_NEAR(terms[0].value.item<double>(), std::log(2.0), 1e-6);
  terms = make_task("{type: segmentation, pixel_loss: ohem, dice_weight: 3, boundary_weight: 2}")
              ->loss(outputs, labels);
  EXPECT_THAT(names(terms), ElementsAre("ohem", "dice", "boundary"));
  EXPECT_EQ(terms[1].weight, 3);
  EXPECT_EQ(terms[2].weight, 2);
}

TEST(SegmentationTask, RefusesClassesThatCannotBe) {
  EXPECT_THAT(mistake("{type: segmentation, classes: [background]}"),
              HasSubstr("needs the background and at least one class"));
  EXPECT_THAT(mistake("{type: segmentation, classes: [a, b, c], boundary_weight: 1}"),
              HasSubstr("needs exactly one class beside the background"));
}

TEST(OutlineDistance, IsNegativeInsideInDiagonals) {
  auto mask = torch::zeros({1, 5, 5}, torch::kByte);
  mask[0][2][2] = 1;
  const auto distance = outline_distance(mask) * std::sqrt(50.0);
  EXPECT_NEAR(distance[0][2][2].item<double>(), -1, 1e-5);
  EXPECT_NEAR(distance[0][2][4].item<double>(), 2, 1e-5);
  EXPECT_NEAR(distance[0][0][0].item<double>(), std::sqrt(8.0), 1e-5);
}

torch::Tensor row(const std::vector<int64_t>& classes) {
  return torch::tensor(classes).to(torch::kByte).view({1, 1, -1});
}

TEST(OutlineDistance, HasNoOutlineWhereIgnoredPixelsBegin) {
  EXPECT_EQ(outline_distance(row({1, 1, 255, 255})).abs().max().item<float>(), 0);
  EXPECT_EQ(outline_distance(row({0, 0, 255, 255})).abs().max().item<float>(), 0);
}

TEST(OutlineDistance, CountsToTheNearestPixelThatIsKnown) {
  const auto distance = outline_distance(row({1, 1, 255, 0, 0})) * std::sqrt(26.0);
  // Inside: to the background at 3. Outside: to the person at 1. Between them: 1 to either.
  EXPECT_TRUE(
      torch::allclose(distance.flatten(), torch::tensor({-3.f, -2.f, 0.f, 2.f, 3.f}), 1e-5, 1e-5));
}

TEST(OutlineDistance, IsZeroWithoutAnOutline) {
  EXPECT_EQ(outline_distance(torch::zeros({1, 4, 4}, torch::kByte)).abs().max().item<float>(), 0);
  EXPECT_EQ(outline_distance(torch::ones({1, 4, 4}, torch::kByte)).abs().max().item<float>(), 0);
}

}  // namespace
}  // namespace manyfold::train
