#include "data/synthetic/scene.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <opencv2/imgproc.hpp>
#include <thread>

namespace manyfold::data::synthetic {
namespace {

SceneOptions only_people() {
  SceneOptions options;
  options.hand_share = options.empty_share = 0;
  return options;
}

bool same(const cv::Mat& a, const cv::Mat& b) {
  return a.size() == b.size() && a.type() == b.type() && cv::norm(a, b, cv::NORM_INF) == 0;
}

TEST(Scene, IsTheSamePictureEveryTimeAndOnAnyThread) {
  std::vector<Scene> alone;
  for (uint64_t i = 0; i < 12; ++i) alone.push_back(render(5, i, {}));
  std::vector<std::vector<Scene>> by_thread(3, std::vector<Scene>(12));
  std::vector<std::thread> threads;
  for (size_t t = 0; t < by_thread.size(); ++t) {
    threads.emplace_back([&, t] {
      // Every thread in another order.
      for (uint64_t k = 0; k < 12; ++k) {
        const uint64_t i = (k * 5 + t) % 12;
        by_thread[t][i] = render(5, i, {});
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& scenes : by_thread) {
    for (size_t i = 0; i < scenes.size(); ++i) {
      EXPECT_TRUE(same(scenes[i].picture, alone[i].picture)) << i;
      EXPECT_TRUE(same(scenes[i].person_mask, alone[i].person_mask)) << i;
      EXPECT_EQ(scenes[i].gesture, alone[i].gesture);
      ASSERT_EQ(scenes[i].people.size(), alone[i].people.size());
      for (size_t p = 0; p < alone[i].people.size(); ++p) {
        EXPECT_EQ(scenes[i].people[p].landmarks, alone[i].people[p].landmarks);
        EXPECT_EQ(scenes[i].people[p].visible, alone[i].people[p].visible);
      }
    }
  }
}

TEST(Scene, DiffersByIndexAndBySeed) {
  const auto first = render(1, 1, {});
  EXPECT_FALSE(same(first.picture, render(1, 2, {}).picture));
  EXPECT_FALSE(same(first.picture, render(2, 1, {}).picture));
}

TEST(Scene, TakesIndicesBeyond32Bits) {
  EXPECT_FALSE(same(render(1, 3, {}).picture, render(1, 3 + (1ULL << 32), {}).picture));
}

TEST(Scene, HasTheSizeThatIsAskedFor) {
  SceneOptions options;
  options.picture_size = {64, 97};
  for (uint64_t i = 0; i < 20; ++i) {
    const auto scene = render(3, i, options);
    EXPECT_EQ(scene.picture.size(), cv::Size(97, 64));
    EXPECT_EQ(scene.picture.type(), CV_8UC3);
    EXPECT_EQ(scene.person_mask.size(), cv::Size(97, 64));
    EXPECT_EQ(scene.person_mask.type(), CV_8UC1);
  }
}

TEST(Scene, OfNobodyHasAnEmptyMaskAndNoLabels) {
  SceneOptions options;
  options.empty_share = 1;
  options.hand_share = 0;
  for (uint64_t i = 0; i < 20; ++i) {
    const auto scene = render(1, i, options);
    EXPECT_EQ(cv::countNonZero(scene.person_mask), 0);
    EXPECT_TRUE(scene.people.empty());
    EXPECT_EQ(scene.gesture, kNone);
  }
}

TEST(Scene, MaskIsWhatPeopleChangeInThePicture) {
  // The same scene with and without its people, as a perfect camera takes it.
  auto options = only_people();
  options.harshness = 0;
  options.occluder_share = 0;
  int compared = 0;
  for (uint64_t i = 0; i < 25; ++i) {
    auto description = describe(8, i, options);
    description.lens = {};
    auto deserted = description;
    deserted.people.clear();
    const auto with = draw(description), without = draw(deserted);
    cv::Mat change;
    cv::absdiff(with.picture, without.picture, change);
    for (int y = 0; y < with.picture.rows; ++y) {
      for (int x = 0; x < with.picture.cols; ++x) {
        const auto c = change.at<cv::Vec3b>(y, x);
        const int most = std::max({c[0], c[1], c[2]});
        // An edge pixel that is less than half covered may change and yet not be a person's.
        const bool inside = with.person_mask.at<uint8_t>(y, x) == 1;
        cv::Rect around =
            cv::Rect(x - 1, y - 1, 3, 3) & cv::Rect(0, 0, with.picture.cols, with.picture.rows);
        const bool beside = cv::countNonZero(with.person_mask(around)) > 0;
        if (!inside && !beside) {
          EXPECT_EQ(most, 0) << i << " at " << x << ", " << y;
        }
        compared += inside && most > 0;
      }
    }
    EXPECT_GT(cv::countNonZero(with.person_mask), 0) << i;
  }
  EXPECT_GT(compared, 25 * 500);
}

TEST(Scene, ObjectsInFrontAreNotPartOfTheMask) {
  auto description = describe(8, 1, only_people());
  description.objects.clear();
  const int before = cv::countNonZero(draw(description).person_mask);
  ASSERT_GT(before, 0);
  ObjectDescription wall;
  wall.a = wall.b = Vec3(0, 0, description.people.front().at.z * 0.2f);
  wall.radius_a = wall.radius_b = -0.1f * description.people.front().at.z;
  wall.colour = {10, 200, 10};
  description.objects.push_back(wall);
  const auto hidden = draw(description);
  EXPECT_LT(cv::countNonZero(hidden.person_mask), before);
  // The ball covers the middle of the picture.
  EXPECT_EQ(hidden.person_mask.at<uint8_t>(80, 80), 0);
}

TEST(Scene, BodyBoxesHoldTheMask) {
  for (uint64_t i = 0; i < 60; ++i) {
    const auto scene = render(2, i, {});
    cv::Mat left = scene.person_mask.clone();
    for (const auto& person : scene.people) {
      const auto& b = person.body;
      EXPECT_GE(b.x, 0);
      EXPECT_GE(b.y, 0);
      EXPECT_LE(b.br().x, scene.picture.cols);
      EXPECT_LE(b.br().y, scene.picture.rows);
      left(cv::Rect(cv::Point(int(b.x), int(b.y)),
                    cv::Point(int(std::ceil(b.br().x)), int(std::ceil(b.br().y))))) = 0;
    }
    EXPECT_LE(cv::countNonZero(left), 8)
        << i;  // people of whom hardly anything shows are not listed
  }
}

TEST(Scene, FaceBoxIsTightAroundTheLandmarks) {
  int faces = 0;
  for (uint64_t i = 0; i < 60; ++i) {
    for (const auto& person : render(2, i, only_people()).people) {
      ASSERT_EQ(person.landmarks.size(), 68u);
      ASSERT_EQ(person.visible.size(), 68u);
      float left = 1e9f, right = -1e9f, top = 1e9f, bottom = -1e9f;
      for (const auto& p : person.landmarks) {
        left = std::min(left, p.x), right = std::max(right, p.x);
        top = std::min(top, p.y), bottom = std::max(bottom, p.y);
      }
      EXPECT_FLOAT_EQ(person.face.x, left);
      EXPECT_FLOAT_EQ(person.face.y, top);
      EXPECT_NEAR(person.face.br().x, right, 1e-3);
      EXPECT_NEAR(person.face.br().y, bottom, 1e-3);
      EXPECT_GT(person.face.width, 1);
      const float seen = std::count(person.visible.begin(), person.visible.end(), 1);
      EXPECT_FLOAT_EQ(person.face_shown, seen / 68);
      ++faces;
    }
  }
  EXPECT_GE(faces, 60);
}

TEST(Scene, VisibleLandmarksLieInsideThePictureOnThePerson) {
  int on = 0, all = 0;
  for (uint64_t i = 0; i < 80; ++i) {
    const auto scene = render(4, i, only_people());
    for (const auto& person : scene.people) {
      for (int k = 0; k < 68; ++k) {
        if (!person.visible[k]) continue;
        const auto p = person.landmarks[k];
        ASSERT_GE(p.x, -0.5f);
        ASSERT_GE(p.y, -0.5f);
        ASSERT_LE(p.x, scene.picture.cols + 0.5f);
        ASSERT_LE(p.y, scene.picture.rows + 0.5f);
        const int x = std::clamp(int(p.x), 0, scene.picture.cols - 1);
        const int y = std::clamp(int(p.y), 0, scene.picture.rows - 1);
        on += scene.person_mask.at<uint8_t>(y, x), ++all;
      }
    }
  }
  ASSERT_GT(all, 1000);
  EXPECT_GT(on, 0.95 * all);  // points of the outline may fall on the next pixel
}

TEST(Scene, HeadBoxHoldsTheFace) {
  for (uint64_t i = 0; i < 60; ++i) {
    for (const auto& person : render(2, i, only_people()).people) {
      EXPECT_LE(person.head.x, person.face.x);
      EXPECT_GE(person.head.br().x, person.face.br().x - 1e-3f);
      EXPECT_GE(person.head.br().y, person.face.br().y - 1e-3f);
      EXPECT_LT(person.head.y, person.face.y);
    }
  }
}

TEST(Scene, HandCloseUpShowsOneHandAndItsGesture) {
  SceneOptions options;
  options.hand_share = 1;
  options.empty_share = options.occluder_share = 0;
  std::map<int, int> shown;
  constexpr int kScenes = 600;
  for (uint64_t i = 0; i < kScenes; ++i) {
    const auto scene = draw(describe(6, i, options));
    ASSERT_EQ(scene.people.size(), 1u);
    EXPECT_TRUE(scene.people[0].landmarks.empty());
    ASSERT_EQ(scene.people[0].hands.size(), 1u);
    const auto& box = scene.people[0].hands[0].box;
    EXPECT_GT(std::max(box.width, box.height), 0.35f * scene.picture.cols);
    EXPECT_LT(std::max(box.width, box.height), 1.2f * scene.picture.cols);
    ++shown[scene.people[0].hands[0].gesture];
  }
  // Uniform over the classes: 50 each, standard deviation 6.8.
  ASSERT_EQ(shown.size(), gesture_names().size());
  for (const auto& [gesture, count] : shown) EXPECT_NEAR(count, 50, 28) << gesture;
}

TEST(Scene, SharesOfKindsAreThoseOfTheOptions) {
  SceneOptions options;
  options.hand_share = 0.4;
  options.empty_share = 0.2;
  options.gesture_share = 1;
  int hands = 0, empty = 0, gestures = 0, peopled = 0;
  constexpr int kScenes = 1000;
  for (uint64_t i = 0; i < kScenes; ++i) {
    const auto description = describe(6, i, options);
    hands += description.hand.has_value();
    empty += !description.hand && description.people.empty();
    EXPECT_LE(description.people.size(), 4u);
    if (description.people.empty()) continue;
    gestures +=
        description.people[0].gestures[0] != kNone || description.people[0].gestures[1] != kNone;
    ++peopled;
  }
  EXPECT_NEAR(hands, 400, 60);
  EXPECT_NEAR(empty, 200, 50);
  // Faces that fill the picture leave no room for hands.
  EXPECT_LT(gestures, peopled);
  EXPECT_GT(gestures, 0.7 * peopled);
}

TEST(Scene, HeadsTurnNoFurtherThanTheOptionsAllow) {
  auto options = only_people();
  options.group_share = options.full_body_share = 0;
  options.max_yaw = 20;
  options.max_pitch = 10;
  options.max_roll = 5;
  float most = 0;
  for (uint64_t i = 0; i < 300; ++i) {
    for (const auto& person : describe(6, i, options).people) {
      EXPECT_LE(std::abs(person.head.yaw), 20);
      EXPECT_LE(std::abs(person.head.pitch), 10);
      EXPECT_LE(std::abs(person.head.roll), 5);
      most = std::max(most, std::abs(person.head.yaw));
    }
  }
  EXPECT_GT(most, 15);
}

/// A large face, as a perfect camera takes it in even light, with nothing in front.
SceneDescription portrait(uint64_t index, const Angles& head) {
  auto options = only_people();
  options.group_share = options.full_body_share = options.gesture_share = 0;
  options.glasses_share = options.hat_share = options.mask_share = options.occluder_share = 0;
  options.harshness = 0;
  auto d = describe(11, index, options);
  d.size = {320, 320};
  d.camera.centre = {160, 160};
  d.camera.focal = 750;
  d.camera.set_roll(0);
  auto& person = d.people[0];
  person.at = {0, -0.4f, -10};
  person.head = head;
  person.head_look.face.beard = person.head_look.face.moustache = person.head_look.face.stubble = 0;
  for (auto& arm : person.body.arms) arm.wrist = {0, 12, 0};
  d.light.towards = {0, 0, 1};
  d.light.lamp = {0, 0, 0};
  d.light.from_above = d.light.from_below = {1, 1, 1};
  d.folds = 0;
  d.lens = {};
  d.background.kind = Background::kGradient;
  return d;
}

TEST(Scene, LipsLieExactlyWithinTheirLandmarks) {
  int tested = 0;
  for (uint64_t i = 0; i < 12; ++i) {
    for (const Angles& head : {Angles{0, 0, 0}, Angles{25, 10, 20}, Angles{-25, -10, -30}}) {
      auto d = portrait(i, head);
      d.people[0].head_look.face.lips = {0, 255, 0};
      d.people[0].head_look.face.skin = {200, 150, 150};
      const auto scene = draw(d);
      const auto& at = scene.people[0].landmarks;
      const cv::Rect outer =
          cv::boundingRect(std::vector<cv::Point2f>(at.begin() + 48, at.begin() + 60));
      std::vector<cv::Point> green;
      for (int y = outer.y - 15; y < outer.br().y + 15; ++y) {
        for (int x = outer.x - 15; x < outer.br().x + 15; ++x) {
          const auto& p = scene.picture.at<cv::Vec3b>(y, x);
          if (p[1] > 150 && p[0] < 90 && p[2] < 90) green.emplace_back(x, y);
        }
      }
      ASSERT_FALSE(green.empty());
      const cv::Rect lips = cv::boundingRect(green);
      EXPECT_NEAR(lips.y, outer.y, 4) << i;
      EXPECT_NEAR(lips.br().y, outer.br().y, 4) << i;
      EXPECT_NEAR(lips.x, outer.x, 7) << i;
      EXPECT_NEAR(lips.br().x, outer.br().x, 7) << i;
      ++tested;
    }
  }
  EXPECT_EQ(tested, 36);
}

TEST(Scene, MovesSmoothlyWithItsDescription) {
  const auto still = draw(portrait(2, {0, 0, 0})), moved = draw(portrait(2, {1, 0, 0}));
  for (int k = 0; k < 68; ++k) {
    const auto step = moved.people[0].landmarks[k] - still.people[0].landmarks[k];
    EXPECT_LT(std::hypot(step.x, step.y), 6) << k;
  }
  EXPECT_GT(moved.people[0].landmarks[30].x, still.people[0].landmarks[30].x);
  EXPECT_LT(cv::norm(moved.picture, still.picture, cv::NORM_L1) / (320 * 320 * 3), 6);
}

TEST(Scene, FacesComeInManySizes) {
  int small = 0, large = 0;
  for (uint64_t i = 0; i < 300; ++i) {
    for (const auto& person : render(9, i, only_people()).people) {
      small += person.face.height < 16;
      large += person.face.height > 80;
    }
  }
  EXPECT_GT(small, 30);
  EXPECT_GT(large, 15);
}

}  // namespace
}  // namespace manyfold::data::synthetic
