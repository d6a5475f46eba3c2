#include "metrics/landmark_error.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace manyfold::metrics {
namespace {

using data::Object;

Object face(std::vector<cv::Point2f> points) {
  Object made;
  made.visible.assign(points.size(), 1);
  made.landmarks = std::move(points);
  return made;
}

const Object kTruth = face({{30, 30}, {70, 30}, {50, 50}, {35, 70}, {65, 70}});
const Object kPredicted = face({{31, 30}, {70, 32}, {53, 54}, {35, 70}, {62, 66}});

TEST(LandmarkError, AveragesPointDistances) {
  EXPECT_DOUBLE_EQ(*point_error(kPredicted, kTruth), 2.6);  // (1 + 2 + 5 + 0 + 5) / 5
  EXPECT_DOUBLE_EQ(*interocular_distance(kTruth), 40);
}

TEST(LandmarkError, SkipsPointsThatAreNotLabelled) {
  Object truth = kTruth;
  truth.visible = {1, 1, 0, 0, 0};
  truth.landmarks[2] = {-1, -1};
  EXPECT_DOUBLE_EQ(*point_error(kPredicted, truth), 1.5);
  truth.visible = {0, 0, 0, 0, 0};
  EXPECT_FALSE(point_error(kPredicted, truth));
}

TEST(LandmarkError, WithoutBothEyesThereIsNoInterocularDistance) {
  Object truth = kTruth;
  truth.visible[1] = 0;
  EXPECT_FALSE(interocular_distance(truth));
  truth = kTruth;
  truth.landmarks[1] = truth.landmarks[0];
  EXPECT_FALSE(interocular_distance(truth));
  EXPECT_FALSE(interocular_distance(face({{0, 0}, {1, 1}})));
}

TEST(LandmarkError, SixtyEightPointsUseTheOuterEyeCorners) {
  std::vector<cv::Point2f> points(68);
  points[36] = {10, 10};
  points[45] = {40, 50};
  EXPECT_DOUBLE_EQ(*interocular_distance(face(points)), 50);
}

TEST(LandmarkError, RefusesAnotherNumberOfPoints) {
  EXPECT_THROW(point_error(face({{0, 0}}), kTruth), std::invalid_argument);
  EXPECT_FALSE(point_error(Object{}, kTruth));  // none at all: nothing to compare
}

TEST(LandmarkError, BoxSizeIsTheSideOfTheSquareOfEqualArea) {
  Object o;
  o.box = {0, 0, 20, 45};
  EXPECT_DOUBLE_EQ(box_size(o), 30);
}

TEST(LandmarkError, FailureRateAndAreaUnderTheCurve) {
  const std::vector<double> errors = {.02, .03, .05, .07, .10};
  EXPECT_DOUBLE_EQ(failure_rate(errors, 0.08), 0.2);
  EXPECT_NEAR(error_auc(errors, 0.08), 0.375, 1e-12);
}

TEST(LandmarkError, AMissedFaceIsAFailureWithoutArea) {
  const std::vector<double> errors = {0.0, std::numeric_limits<double>::infinity()};
  EXPECT_DOUBLE_EQ(failure_rate(errors, 0.08), 0.5);
  EXPECT_DOUBLE_EQ(error_auc(errors, 0.08), 0.5);
  EXPECT_TRUE(std::isnan(failure_rate({}, 0.08)));
  EXPECT_TRUE(std::isnan(error_auc({}, 0.08)));
}

}  // namespace
}  // namespace manyfold::metrics
