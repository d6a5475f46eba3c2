#include "data/synthetic/clip.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <opencv2/imgproc.hpp>

namespace manyfold::data::synthetic {
namespace {

SceneOptions only_people() {
  SceneOptions options;
  options.hand_share = options.empty_share = 0;
  return options;
}
/// As a perfect camera takes them, in steady light.
SceneOptions clean(SceneOptions options) {
  options.harshness = 0;
  return options;
}
ClipOptions with_camera(double static_camera, double pan) {
  ClipOptions options;
  options.static_camera_share = static_camera;
  options.pan_share = pan;
  options.light_share = 0;
  return options;
}

bool same(const cv::Mat& a, const cv::Mat& b) {
  return a.size() == b.size() && a.type() == b.type() && cv::norm(a, b, cv::NORM_INF) == 0;
}
double mean_difference(const cv::Mat& a, const cv::Mat& b) {
  return cv::norm(a, b, cv::NORM_L1) / double(a.total() * a.channels());
}
cv::Mat motion(const ClipDescription& clip, int64_t frame) {
  MovingScene scene;
  scene.next(at(clip, frame - 1));
  scene.next(at(clip, frame));
  return scene.motion();
}
bool known(const cv::Vec2f& motion) { return !std::isnan(motion[0]); }

TEST(Clip, ShowsTheSameFrameWhateverWasDrawnBefore) {
  for (uint64_t i = 0; i < 6; ++i) {
    const auto clip = describe_clip(5, i, {}, {});
    std::vector<Scene> forwards;
    for (int f = 0; f < 6; ++f) forwards.push_back(draw_frame(clip, f));
    const auto again = describe_clip(5, i, {}, {});
    for (const int f : {4, 1, 5, 0, 3, 2}) {
      const auto scene = draw_frame(again, f);
      EXPECT_TRUE(same(scene.picture, forwards[f].picture)) << i;
      EXPECT_TRUE(same(scene.person_mask, forwards[f].person_mask)) << i;
      EXPECT_EQ(scene.gesture, forwards[f].gesture);
      ASSERT_EQ(scene.people.size(), forwards[f].people.size());
      for (size_t p = 0; p < scene.people.size(); ++p) {
        EXPECT_EQ(scene.people[p].landmarks, forwards[f].people[p].landmarks);
      }
    }
  }
}

TEST(Clip, DiffersByIndexAndBySeed) {
  const auto first = draw_frame(describe_clip(1, 1, {}, {}), 3).picture;
  EXPECT_FALSE(same(first, draw_frame(describe_clip(1, 2, {}, {}), 3).picture));
  EXPECT_FALSE(same(first, draw_frame(describe_clip(2, 1, {}, {}), 3).picture));
}

TEST(Clip, ShowsTheSameWhetherItsMotionIsAskedForOrNot) {
  for (uint64_t i = 0; i < 20; ++i) {
    const auto clip = describe_clip(6, i, {}, {});
    MovingScene moving;
    for (int f = 30; f < 34; ++f) {
      const auto with = moving.next(at(clip, f)), without = draw_frame(clip, f);
      EXPECT_TRUE(same(with.picture, without.picture)) << i << " frame " << f;
      EXPECT_TRUE(same(with.person_mask, without.person_mask)) << i << " frame " << f;
      ASSERT_EQ(with.people.size(), without.people.size());
      for (size_t p = 0; p < with.people.size(); ++p) {
        EXPECT_EQ(with.people[p].body, without.people[p].body);
        EXPECT_EQ(with.people[p].visible, without.people[p].visible);
      }
      if (f == 30) continue;
      // NaN is not equal to itself: the bytes are compared.
      const cv::Mat alone = motion(clip, f), going_on = moving.motion();
      ASSERT_EQ(alone.size(), going_on.size());
      EXPECT_EQ(std::memcmp(alone.data, going_on.data, alone.total() * alone.elemSize()), 0);
    }
  }
}

TEST(Clip, ShowsWhoThePictureOfItsNumberShows) {
  for (uint64_t i = 0; i < 10; ++i) {
    const auto picture = describe(5, i, {});
    const auto clip = at(describe_clip(5, i, {}, {}), 77);
    ASSERT_EQ(clip.people.size(), picture.people.size());
    EXPECT_EQ(clip.background.seed, picture.background.seed);
    for (size_t p = 0; p < clip.people.size(); ++p) {
      EXPECT_EQ(clip.people[p].head_look.seed, picture.people[p].head_look.seed);
      EXPECT_EQ(clip.people[p].body_look.seed, picture.people[p].body_look.seed);
    }
  }
}

TEST(Clip, NeighbouringFramesAreAlikeAndNotTheSame) {
  double neighbours = 0, strangers = 0;
  int still = 0;
  for (uint64_t i = 0; i < 15; ++i) {
    const auto clip = describe_clip(2, i, clean(only_people()), {});
    const auto a = draw_frame(clip, 50).picture, b = draw_frame(clip, 51).picture;
    const double change = mean_difference(a, b);
    still += change == 0;
    neighbours += change;
    strangers += mean_difference(a, render(2, i + 1, clean(only_people())).picture);
  }
  EXPECT_EQ(still, 0);
  EXPECT_LT(neighbours, 0.1 * strangers);
}

TEST(Clip, FacesMoveNoFasterThanPeopleDo) {
  const auto options = clean(only_people());
  std::vector<float> steps;
  for (uint64_t i = 0; i < 15; ++i) {
    const auto clip = describe_clip(3, i, options, with_camera(1, 0));
    Scene before;
    for (int f = 0; f < 40; ++f) {
      const auto scene = draw_frame(clip, f);
      // As long as everybody shows, people keep their order.
      const bool all = scene.people.size() == clip.people.size();
      for (size_t p = 0;
           f > 0 && all && before.people.size() == clip.people.size() && p < scene.people.size();
           ++p) {
        const float per_eyes = clip.scene.camera.see(clip.scene.people[p].at).scale;
        const auto middle = [](const cv::Rect2f& box) { return (box.tl() + box.br()) * 0.5f; };
        const auto step = middle(scene.people[p].face) - middle(before.people[p].face);
        steps.push_back(std::hypot(step.x, step.y) / per_eyes);
      }
      before = scene;
    }
  }
  ASSERT_GT(steps.size(), 300u);
  // 11 eye distances a second are 0.37 a frame, and the head turns meanwhile.
  for (const float step : steps) EXPECT_LT(step, 0.6f);
  EXPECT_GT(*std::max_element(steps.begin(), steps.end()), 0.1f);
}

TEST(Clip, OfAStaticCameraChangesByNoiseWhereNobodyMoves) {
  auto frozen = with_camera(1, 0);
  frozen.pace = 0;
  int noisy = 0;
  for (uint64_t i = 0; i < 10; ++i) {
    const auto clip = describe_clip(4, i, {}, frozen);
    auto first = at(clip, 0), second = at(clip, 1);
    if (first.lens.noise > 1) {
      EXPECT_FALSE(same(draw(first).picture, draw(second).picture)) << i;
      ++noisy;
    }
    first.lens.noise = second.lens.noise = 0;
    EXPECT_TRUE(same(draw(first).picture, draw(second).picture)) << i;
  }
  EXPECT_GT(noisy, 4);
}

TEST(Clip, BackgroundOfAStaticCameraStandsStillBehindPeopleWhoMove) {
  // Objects are left out, for what passes them darkens them.
  auto scenes = clean(only_people());
  auto options = with_camera(1, 0);
  scenes.occluder_share = options.passing_share = 0;
  for (uint64_t i = 0; i < 8; ++i) {
    const auto clip = describe_clip(4, i, scenes, options);
    const auto now = draw_frame(clip, 20), then = draw_frame(clip, 19);
    const cv::Mat_<cv::Vec2f> moved = motion(clip, 20);
    int still = 0;
    for (int y = 0; y < moved.rows; ++y) {
      for (int x = 0; x < moved.cols; ++x) {
        if (moved(y, x) != cv::Vec2f(0, 0) || now.person_mask.at<uint8_t>(y, x)) continue;
        EXPECT_EQ(now.picture.at<cv::Vec3b>(y, x), then.picture.at<cv::Vec3b>(y, x)) << i;
        ++still;
      }
    }
    const int free = static_cast<int>(moved.total()) - cv::countNonZero(now.person_mask);
    EXPECT_GE(still, 0.6 * free) << i;
  }
}

/// Mean differences of known pixels between a frame and the one before, as it is and after it was
/// moved.
struct WarpError {
  double moved = 0, unmoved = 0;
  int pixels = 0;
};
void compare(const ClipDescription& clip, int frame, WarpError& background, WarpError& people) {
  auto now = at(clip, frame), then = at(clip, frame - 1);
  now.lens = then.lens = {};
  const auto a = draw(now), b = draw(then);
  const cv::Mat_<cv::Vec2f> moved = motion(clip, frame);
  cv::Mat_<cv::Vec2f> from(moved.size());
  for (int y = 0; y < moved.rows; ++y) {
    for (int x = 0; x < moved.cols; ++x) {
      from(y, x) =
          known(moved(y, x)) ? moved(y, x) + cv::Vec2f(float(x), float(y)) : cv::Vec2f(-9, -9);
    }
  }
  cv::Mat warped;
  cv::remap(b.picture, warped, from, {}, cv::INTER_LINEAR);
  const auto difference = [&](const cv::Mat& other, int y, int x) {
    const auto &p = a.picture.at<cv::Vec3b>(y, x), &q = other.at<cv::Vec3b>(y, x);
    return (std::abs(p[0] - q[0]) + std::abs(p[1] - q[1]) + std::abs(p[2] - q[2])) / 3.0;
  };
  for (int y = 0; y < moved.rows; ++y) {
    for (int x = 0; x < moved.cols; ++x) {
      if (!known(moved(y, x))) continue;
      auto& error = a.person_mask.at<uint8_t>(y, x) ? people : background;
      error.moved += difference(warped, y, x);
      error.unmoved += difference(b.picture, y, x);
      ++error.pixels;
    }
  }
}

TEST(Clip, MotionTakesTheFrameBeforeToThisOne) {
  WarpError background, people;
  for (uint64_t i = 0; i < 12; ++i) {
    const auto clip = describe_clip(9, i, clean(only_people()), with_camera(0, 1));
    for (const int frame : {10, 40}) compare(clip, frame, background, people);
  }
  ASSERT_GT(background.pixels, 24 * 5000);
  ASSERT_GT(people.pixels, 24 * 1000);
  EXPECT_LT(background.moved / background.pixels, 2);
  EXPECT_LT(background.moved, 0.5 * background.unmoved);
  // Light on skin, and a mouth that opens, change what a surface looks like.
  EXPECT_LT(people.moved / people.pixels, 4);
  EXPECT_LT(people.moved, 0.6 * people.unmoved);
}

TEST(Clip, CameraNeverSeesTheEndOfTheBackground) {
  for (const double pan : {0.0, 1.0}) {
    for (uint64_t i = 0; i < 6; ++i) {
      const auto clip = describe_clip(6, i, {}, with_camera(0, pan));
      const cv::Size painted = clip.scene.background.painted.size(), size = clip.scene.size;
      float most = 0;
      for (int f = 0; f < 3000; f += 7) {
        const auto place = at(clip, f).background.place;
        const cv::Matx22f turn(place(0, 0), place(0, 1), place(1, 0), place(1, 1));
        for (const cv::Point2f corner : {cv::Point2f(0, 0), cv::Point2f(float(size.width), 0),
                                         cv::Point2f(0, float(size.height)),
                                         cv::Point2f(float(size.width), float(size.height))}) {
          const cv::Point2f p = turn.t() * (corner - cv::Point2f(place(0, 2), place(1, 2)));
          EXPECT_GE(p.x, -0.01f);
          EXPECT_GE(p.y, -0.01f);
          EXPECT_LE(p.x, painted.width + 0.01f);
          EXPECT_LE(p.y, painted.height + 0.01f);
        }
        most = std::max(most, std::abs(place(0, 2) - clip.scene.background.place(0, 2)));
      }
      EXPECT_GT(most, pan > 0 ? 8 : 0.5) << i;
    }
  }
}

TEST(Clip, CameraStandsStillInItsShareOfClips) {
  int still = 0;
  for (uint64_t i = 0; i < 200; ++i) {
    ClipOptions options;
    options.static_camera_share = 0.5;
    SceneOptions small;
    small.picture_size = {32, 32};
    const auto clip = describe_clip(8, i, small, options);
    still += at(clip, 3).background.place == at(clip, 30).background.place;
  }
  EXPECT_NEAR(still, 100, 25);  // standard deviation 7
}

TEST(Clip, GestureIsUnclearBeforeItIsAnother) {
  SceneOptions options;
  options.hand_share = 1;
  options.empty_share = 0;
  int unclear = 0, changes = 0;
  for (uint64_t i = 0; i < 4; ++i) {
    const auto clip = describe_clip(6, i, options, {});
    int last = at(clip, 0).hand->gesture;
    for (int f = 1; f < 600; ++f) {
      const int gesture = at(clip, f).hand->gesture;
      if (gesture != last && gesture != kUnclear && last != kUnclear) {
        ADD_FAILURE() << last << " became " << gesture << " in frame " << f << " of clip " << i;
      }
      changes += gesture != last && gesture != kUnclear;
      unclear += gesture == kUnclear;
      last = gesture;
    }
    // What the scene says is what its hand says.
    for (int f = 0; f < 600; f += 40) {
      const auto description = at(clip, f);
      const auto scene = draw(description);
      if (scene.people.empty() || scene.people[0].hands.empty()) continue;
      EXPECT_EQ(scene.people[0].hands[0].gesture, description.hand->gesture);
      if (description.hand->gesture == kUnclear) {
        EXPECT_LE(scene.gesture, kNone);
      }
    }
  }
  EXPECT_GT(changes, 20);
  EXPECT_GT(unclear, 100);
  EXPECT_LT(unclear, 1200);  // half of the frames
}

TEST(Clip, ArmsRiseIntoGesturesAndGoDownAgain) {
  auto options = only_people();
  options.group_share = 0;
  options.gesture_share = 1;
  std::array<int, 2> rests{}, shows{};
  for (uint64_t i = 0; i < 12; ++i) {
    const auto clip = describe_clip(6, i, options, {});
    if (!clip.people[0].arms.gestures) continue;
    for (int f = 0; f < 600; f += 3) {
      const auto& gestures = at(clip, f).people[0].gestures;
      for (const int side : {0, 1}) {
        rests[side] += gestures[side] == kNone;
        shows[side] += gestures[side] > kNone;
      }
    }
  }
  for (const int side : {0, 1}) {
    EXPECT_GT(rests[side], 200);
    EXPECT_GT(shows[side], 200);
  }
}

TEST(Clip, HeadsTurnNoFurtherThanTheOptionsAllow) {
  auto options = only_people();
  options.max_yaw = 20;
  options.max_pitch = 10;
  options.max_roll = 5;
  float most = 0;
  for (uint64_t i = 0; i < 20; ++i) {
    const auto clip = describe_clip(6, i, options, {});
    for (int f = 0; f < 300; f += 5) {
      const auto scene = at(clip, f);
      for (size_t p = 0; p < scene.people.size(); ++p) {
        const auto& head = scene.people[p].head;
        const float yaw = head.yaw - (clip.people[p].away ? 180 : 0);
        EXPECT_LE(std::abs(yaw), 20);
        EXPECT_LE(std::abs(head.pitch), 10);
        EXPECT_LE(std::abs(head.roll), 5);
        most = std::max(most, std::abs(yaw));
      }
    }
  }
  EXPECT_GT(most, 15);
}

TEST(Clip, PeopleLeaveAndComeBackAndNothingDiverges) {
  auto walkers = with_camera(1, 0);
  walkers.walk_share = 1;
  int out = 0;
  for (uint64_t i = 0; i < 6; ++i) {
    const auto clip = describe_clip(3, i, only_people(), walkers);
    std::vector<int> in(clip.people.size());
    for (int f = 2000; f < 3000; f += 5) {
      const auto scene = at(clip, f);
      for (size_t p = 0; p < in.size(); ++p) {
        const float x = scene.camera.see(scene.people[p].at).at.x;
        const bool inside = x >= 0 && x <= scene.size.width;
        in[p] += inside || clip.people[p].away;
        out += !inside;
      }
    }
    for (const int frames : in) EXPECT_GT(frames, 0) << i;
    for (const int64_t f : {-3000, 0, 2999, 1000000000}) {
      for (const auto& person : draw_frame(clip, f).people) {
        for (const auto& box : {person.face, person.head, person.body}) {
          EXPECT_LT(std::abs(box.x), 2000) << f;
          EXPECT_LT(std::abs(box.y), 2000) << f;
          EXPECT_GT(box.width, 0) << f;
          EXPECT_LT(box.width, 1000) << f;
        }
      }
    }
  }
  EXPECT_GT(out, 100);
}

TEST(Clip, ObjectsPassInFront) {
  ClipOptions options = with_camera(1, 0);
  options.passing_share = 1;
  auto scenes = only_people();
  scenes.occluder_share = 0;
  int before = 0, gone = 0;
  for (uint64_t i = 0; i < 6; ++i) {
    const auto clip = describe_clip(3, i, scenes, options);
    for (int f = 0; f < 600; ++f) {
      const auto scene = at(clip, f);
      ASSERT_EQ(scene.objects.size(), 1u);
      const auto& object = scene.objects[0];
      EXPECT_LT(object.a.z, 0);
      if (clip.scene.people.size() == 1) {
        EXPECT_GT(object.a.z, clip.scene.people[0].at.z);
      }
      const float x = scene.camera.see(object.a).at.x;
      before += x >= 0 && x <= scene.size.width;
      gone += x < 0 || x > scene.size.width;
    }
  }
  EXPECT_GT(before, 300);
  EXPECT_GT(gone, 300);
}

}  // namespace
}  // namespace manyfold::data::synthetic
