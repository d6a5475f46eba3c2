#include <gtest/gtest.h>

#include <cmath>

#include "data/synthetic/scene.h"

namespace manyfold::data::synthetic {
namespace {

SceneDescription scene_of(uint64_t index) {
  SceneOptions options;
  options.hand_share = options.empty_share = options.occluder_share = 0;
  auto scene = describe(7, index, options);
  for (auto& person : scene.people) person.detail = 40;
  return scene;
}

cv::Mat motion(const SceneDescription& now, const SceneDescription& then) {
  MovingScene scene;
  scene.next(then);
  EXPECT_TRUE(scene.motion().empty()) << "there is nothing before the first";
  scene.next(now);
  return scene.motion();
}

bool known(const cv::Vec2f& motion) { return !std::isnan(motion[0]); }

TEST(SceneMotion, IsNoneWhereNothingMoves) {
  for (uint64_t i = 0; i < 5; ++i) {
    const auto scene = scene_of(i);
    const cv::Mat_<cv::Vec2f> moved = motion(scene, scene);
    ASSERT_EQ(moved.size(), scene.size);
    int told = 0;
    for (const auto& m : moved) {
      if (!known(m)) continue;
      EXPECT_NEAR(m[0], 0, 1e-3);
      EXPECT_NEAR(m[1], 0, 1e-3);
      ++told;
    }
    EXPECT_GT(told, 0.75 * scene.size.area());  // all but outlines
  }
}

TEST(SceneMotion, OfAShiftedCameraIsThatShiftForPeopleToo) {
  const auto then = scene_of(3);
  auto now = then;
  const cv::Point2f shift(3.25f, -1.5f);
  now.camera.centre += shift;
  now.background.place(0, 2) += shift.x, now.background.place(1, 2) += shift.y;
  const cv::Mat mask = draw(now).person_mask;
  const cv::Mat_<cv::Vec2f> moved = motion(now, then);
  int people = 0, background = 0;
  for (int y = 0; y < moved.rows; ++y) {
    for (int x = 0; x < moved.cols; ++x) {
      const auto& m = moved(y, x);
      // What the camera did not see then: new columns on the left and rows below.
      if (x < 3 || y >= moved.rows - 1) {
        EXPECT_FALSE(known(m)) << x << ", " << y;
      }
      if (!known(m)) continue;
      EXPECT_NEAR(m[0], -3.25, 2e-3) << x << ", " << y;
      EXPECT_NEAR(m[1], 1.5, 2e-3) << x << ", " << y;
      ++(mask.at<uint8_t>(y, x) ? people : background);
    }
  }
  EXPECT_GT(people, 0.7 * cv::countNonZero(mask));
  EXPECT_GT(background, 0.7 * (moved.total() - cv::countNonZero(mask)));
}

TEST(SceneMotion, OfABarIsItsShiftByPerspectiveAndWhatItUncoversIsUnknown) {
  SceneDescription then;
  then.size = {160, 120};
  then.camera.focal = 100;
  then.camera.centre = {80, 60};
  ObjectDescription bar;
  bar.a = {-1, -10, -10}, bar.b = {-1, 10, -10};
  bar.radius_a = bar.radius_b = 1;
  then.objects = {bar};
  auto now = then;
  now.objects[0].a.x = now.objects[0].b.x = 0;
  // At distance 10 the bar is 20 pixels wide and moves 100 / 10 * 1 = 10 pixels, from 60 .. 80 to
  // 70 .. 90.
  const cv::Mat_<cv::Vec2f> moved = motion(now, then);
  for (int x = 0; x < 160; ++x) {
    const auto& m = moved(60, x);
    if (x >= 72 && x < 88) {
      EXPECT_NEAR(m[0], -10, 0.02) << x;
      EXPECT_NEAR(m[1], 0, 0.02) << x;
    } else if (x < 58 || x >= 92) {
      EXPECT_EQ(m, cv::Vec2f(0, 0)) << x;
    } else if (x >= 62 && x < 69) {
      EXPECT_FALSE(known(m)) << x;
    }
  }
}

TEST(SceneMotion, OfASurfaceThatAnotherHidIsUnknown) {
  // A large bar behind a small one that moves: what the small one uncovers is the same owner's.
  SceneDescription then;
  then.size = {160, 120};
  then.camera.focal = 100;
  then.camera.centre = {80, 60};
  ObjectDescription behind, before;
  behind.a = {0, -20, -20}, behind.b = {0, 20, -20};
  behind.radius_a = behind.radius_b = 12;
  before.a = {-0.4f, -10, -5}, before.b = {-0.4f, 10, -5};
  before.radius_a = before.radius_b = 0.3f;
  then.objects = {before, behind};
  auto now = then;
  now.objects[0].a.x = now.objects[0].b.x = 0.6f;
  // The small one covered 66 .. 78 and now covers 86 .. 98.
  const cv::Mat_<cv::Vec2f> moved = motion(now, then);
  for (int x = 68; x < 76; ++x) EXPECT_FALSE(known(moved(60, x))) << x;
  for (int x = 40; x < 64; ++x) EXPECT_NEAR(moved(60, x)[0], 0, 1e-3) << x;
  for (int x = 88; x < 96; ++x) EXPECT_NEAR(moved(60, x)[0], -20, 0.05) << x;
}

TEST(SceneMotion, OfATurnedBackgroundTurnsBack) {
  Background from, to;
  const float c = std::cos(0.1f), s = std::sin(0.1f);
  from.place = {c, -s, 5, s, c, 7};
  // (c, s; -s, c) (p - (5, 7)): the spot (0, 0) shows at (5, 7), and was at (0, 0).
  const auto back = motion(from, to);
  EXPECT_NEAR(back(0, 0) * 5 + back(0, 1) * 7 + back(0, 2), 0, 1e-5);
  EXPECT_NEAR(back(1, 0) * 5 + back(1, 1) * 7 + back(1, 2), 0, 1e-5);
  EXPECT_NEAR(back(0, 0), c, 1e-6);
  EXPECT_NEAR(back(0, 1), s, 1e-6);
  EXPECT_NEAR(back(1, 0), -s, 1e-6);
}

}  // namespace
}  // namespace manyfold::data::synthetic
