#include "data/synthetic/face_shape.h"

#include <gtest/gtest.h>

namespace manyfold::data::synthetic {
namespace {

Camera camera_at_100_pixels() {
  Camera camera;
  camera.focal = 1000;
  camera.centre = {100, 100};
  return camera;
}
Placement facing(const Angles& angles) { return {rotation(angles), {0, 0, -10}}; }
SeenPoints seen(const Angles& angles, const Expression& expression = {}) {
  return see_points(Head({}, expression), facing(angles), camera_at_100_pixels());
}
cv::Point2f mean(const SeenPoints& points, int first, int last) {
  cv::Point2f sum;
  for (int k = first; k <= last; ++k) sum += points.at[k];
  return sum / float(last - first + 1);
}

TEST(FaceShape, NumbersPointsFromLeftToRightAsIbug) {
  const auto points = seen({});
  for (int k = 1; k < 17; ++k) EXPECT_GT(points.at[k].x, points.at[k - 1].x) << k;
  for (int k = 18; k < 27; ++k) EXPECT_GT(points.at[k].x, points.at[k - 1].x) << k;
  for (int k = 28; k < 31; ++k) EXPECT_GT(points.at[k].y, points.at[k - 1].y) << k;
  for (int k = 32; k < 36; ++k) EXPECT_GT(points.at[k].x, points.at[k - 1].x) << k;
  EXPECT_LT(mean(points, 36, 41).x, mean(points, 42, 47).x);
  EXPECT_LT(points.at[36].x, points.at[39].x);
  EXPECT_LT(points.at[37].y, points.at[41].y);
  EXPECT_LT(points.at[48].x, points.at[54].x);
  EXPECT_LT(points.at[51].y, points.at[57].y);
  EXPECT_LT(points.at[60].x, points.at[64].x);
}

TEST(FaceShape, IsSymmetricFromTheFront) {
  const auto points = seen({});
  const auto mirrored = [&](int a, int b) {
    EXPECT_NEAR(points.at[a].x - 100, 100 - points.at[b].x, 0.01) << a;
    EXPECT_NEAR(points.at[a].y, points.at[b].y, 0.01) << a;
  };
  for (int k = 0; k < 8; ++k) mirrored(k, 16 - k);
  for (int k = 0; k < 5; ++k) mirrored(17 + k, 26 - k);
  const int left[] = {36, 37, 38, 39, 40, 41, 48, 49, 50, 60, 61},
            right[] = {45, 44, 43, 42, 47, 46, 54, 53, 52, 64, 63};
  for (int k = 0; k < 11; ++k) mirrored(left[k], right[k]);
}

TEST(FaceShape, HasOrdinaryProportions) {
  // In eye distances, as anthropometry has them: a face is about 2.3 wide and 1.8 from the eyes to
  // the chin; the mouth is below the nose and half as wide as the eyes are apart, or more.
  const Head head({}, {});
  const auto& flat = head.flat();
  const auto eye = [&](int k) { return (flat[k] + flat[k + 3]) * 0.5f; };
  EXPECT_NEAR(eye(42).x - eye(36).x, 1, 0.02);
  EXPECT_NEAR(flat[16].x - flat[0].x, 2.28, 0.1);
  EXPECT_NEAR(flat[8].y, 1.8, 0.05);
  EXPECT_GT(flat[51].y, flat[33].y);
  EXPECT_GT(flat[54].x - flat[48].x, 0.6);
}

TEST(FaceShape, YawTurnsTheNoseToThatSideOfThePicture) {
  const auto right = seen({30, 0, 0});
  EXPECT_GT(right.at[30].x, 0.5f * (right.at[0].x + right.at[16].x) + 20);
  const auto left = seen({-30, 0, 0});
  EXPECT_LT(left.at[30].x, 0.5f * (left.at[0].x + left.at[16].x) - 20);
}

TEST(FaceShape, PitchLowersTheNoseAndRollLeansClockwise) {
  EXPECT_GT(seen({0, 20, 0}).at[30].y, seen({}).at[30].y);
  const auto leaning = seen({0, 0, 30});
  const cv::Point2f eyes = mean(leaning, 42, 47) - mean(leaning, 36, 41);
  EXPECT_NEAR(std::atan2(eyes.y, eyes.x) * 180 / kPi, 30, 1);
}

TEST(FaceShape, TheFarSideOfTheJawStandsOnTheOutline) {
  // Turned to the right, the right side of the face is the hidden one.
  const Angles angles{50, 0, 0};
  const Head head({}, {});
  const auto camera = camera_at_100_pixels();
  const auto points = see_points(head, facing(angles), camera);
  for (int k = 11; k < 16; ++k) {
    const float y = head.flat()[k].y;
    float outermost = 0;
    for (float degrees = 26; degrees <= 120; degrees += 1) {
      outermost = std::max(outermost, camera.see(facing(angles)(head.skin(degrees, y))).at.x);
    }
    EXPECT_NEAR(points.at[k].x, outermost, 1) << k;
  }
  // The near side keeps its place beside the ear, off the outline.
  EXPECT_NEAR(points.at[2].x, camera.see(facing(angles)(head.skin(-90, head.flat()[2].y))).at.x,
              0.01);
}

TEST(FaceShape, FarEyeTurnsAwayInProfile) {
  EXPECT_TRUE(seen({}).faces_camera[45]);
  EXPECT_FALSE(seen({85, 0, 0}).faces_camera[45]);
  EXPECT_TRUE(seen({60, 0, 0}).faces_camera[36]);
}

TEST(FaceShape, ExpressionsMoveTheirPoints) {
  Expression open;
  open.mouth_open = 1;
  EXPECT_GT(seen({}, open).at[66].y - seen({}, open).at[62].y, 30);
  EXPECT_GT(seen({}, open).at[8].y, seen({}).at[8].y + 20);
  Expression smile;
  smile.smile = 1;
  EXPECT_LT(seen({}, smile).at[48].y, seen({}).at[48].y);
  Expression shut;
  shut.eyes_open = 0;
  EXPECT_NEAR(seen({}, shut).at[37].y, seen({}, shut).at[41].y, 3);
}

}  // namespace
}  // namespace manyfold::data::synthetic
