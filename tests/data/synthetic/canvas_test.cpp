#include "data/synthetic/canvas.h"

#include <gtest/gtest.h>

#include "data/synthetic/grid.h"

namespace manyfold::data::synthetic {
namespace {

/// 10 pixels per eye distance at distance 10.
Canvas canvas_of_40() {
  Camera camera;
  camera.focal = 100;
  camera.centre = {20, 20};
  return Canvas(40, 40, camera, Light{});
}
cv::Mat blank() { return cv::Mat(40, 40, CV_8UC3, cv::Scalar::all(0)); }

TEST(Canvas, ABallCoversItsDisc) {
  auto canvas = canvas_of_40();
  canvas.set_owner(1);
  canvas.cone({0, 0, -10}, 1, {0, 0, -10}, 1, plain({200, 200, 200}));
  cv::Mat picture = blank();
  const int area = cv::countNonZero(canvas.blend_over(picture));
  EXPECT_NEAR(area, kPi * 100, 12);
  const auto shown = canvas.shown(1)[0];
  EXPECT_NEAR(shown.box.x, 10, 0.6);
  EXPECT_NEAR(shown.box.br().y, 30, 0.6);
  EXPECT_NEAR(shown.pixels, kPi * 100, 8);
}

TEST(Canvas, ARoundConeHoldsBothBallsAndWhatLiesBetween) {
  auto canvas = canvas_of_40();
  canvas.set_owner(1);
  canvas.cone({-1, 0, -10}, 0.5f, {1, 0, -10}, 0.5f, plain({200, 200, 200}));
  cv::Mat picture = blank();
  // A bar of 20 x 10 pixels with two half discs.
  EXPECT_NEAR(cv::countNonZero(canvas.blend_over(picture)), 200 + kPi * 25, 12);
}

TEST(Canvas, NearThingsHideFarOnesInAnyOrder) {
  for (const bool near_first : {false, true}) {
    auto canvas = canvas_of_40();
    for (const bool near : {near_first, !near_first}) {
      canvas.set_owner(near ? 2 : 1);
      canvas.cone({0, 0, near ? -8.f : -10.f}, 0.5f, {0, 0, near ? -8.f : -10.f}, 0.5f,
                  plain({200, 200, 200}));
    }
    EXPECT_GT(canvas.shown(2)[1].pixels, 100);
    EXPECT_LT(canvas.shown(2)[0].pixels, 5);
    EXPECT_FALSE(canvas.visible({0, 0, -10}, 0.1f));
    EXPECT_TRUE(canvas.visible({0, 0, -7.5f}, 0.1f));
  }
}

TEST(Canvas, PointsOutsideThePictureAreNotVisible) {
  const auto canvas = canvas_of_40();
  EXPECT_TRUE(canvas.visible({0, 0, -10}, 0));
  EXPECT_FALSE(canvas.visible({2.5f, 0, -10}, 0));
  EXPECT_FALSE(canvas.visible({0, -2.5f, -10}, 0));
}

TEST(Canvas, ObjectsCoverWithoutBeingPeople) {
  auto canvas = canvas_of_40();
  canvas.set_owner(Canvas::kObject);
  canvas.cone({0, 0, -10}, 1, {0, 0, -10}, 1, plain({200, 200, 200}));
  cv::Mat picture = blank();
  EXPECT_EQ(cv::countNonZero(canvas.blend_over(picture)), 0);
  EXPECT_GT(picture.at<cv::Vec3b>(20, 20)[0], 0);
}

TEST(Canvas, LightComesFromTheSideOfTheLamp) {
  Camera camera;
  camera.focal = 100;
  camera.centre = {20, 20};
  Light light;
  light.towards = {-1, 0, 0};
  Canvas canvas(40, 40, camera, light);
  canvas.cone({0, 0, -10}, 1.5f, {0, 0, -10}, 1.5f, plain({100, 100, 100}));
  cv::Mat picture = blank();
  canvas.blend_over(picture);
  EXPECT_GT(picture.at<cv::Vec3b>(20, 8)[0], picture.at<cv::Vec3b>(20, 32)[0] + 20);
}

TEST(Canvas, HolesOfATextureShowWhatIsBehind) {
  auto canvas = canvas_of_40();
  Material lace = plain({200, 200, 200});
  lace.texture.at<cv::Vec4b>(0, 0)[3] = 0;
  canvas.cone({0, 0, -10}, 1, {0, 0, -10}, 1, lace);
  cv::Mat picture = blank();
  canvas.blend_over(picture);
  EXPECT_EQ(cv::norm(picture, cv::NORM_INF), 0);
}

TEST(Grid, LoftOfEqualRingsCoversItsSilhouette) {
  auto canvas = canvas_of_40();
  canvas.set_owner(1);
  const auto tube = loft({{{0, -1, 0}, 0.8f, 0.8f, 0.8f}, {{0, 1, 0}, 0.8f, 0.8f, 0.8f}}, 33, 1);
  draw(canvas, tube, {Rotation::eye(), {0, 0, -10}}, plain({200, 200, 200}));
  // Nearly 16 x 20 pixels: the camera is close enough to see the tube's outline a little off.
  EXPECT_NEAR(canvas.shown(1)[0].pixels, 320, 30);
}

}  // namespace
}  // namespace manyfold::data::synthetic
