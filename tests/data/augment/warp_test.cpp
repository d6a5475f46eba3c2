#include "data/augment/warp.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <cmath>

#include "tests/data/fixture.h"

namespace manyfold::data {
namespace {

Geometry moved(const Affine& map, int width, int height, bool mirrored = false) {
  Geometry geometry;
  geometry.map = map;
  geometry.size = {width, height};
  geometry.mirrored = mirrored;
  return geometry;
}

Geometry mirrored(int width, int height) {
  return moved(shift(width, 0) * scale(-1, 1), width, height, true);
}

Objects one_object(const Object& object) { return {{{object}}}; }

std::vector<Object> warped(const Object& object, const Geometry& geometry, const LabelSpec& spec) {
  return std::get<Objects>(warp_label(one_object(object), geometry, spec)).list;
}

Object object_at(float x, float y, float width, float height) {
  Object object;
  object.box = {x, y, width, height};
  return object;
}

TEST(WarpPicture, IdentityChangesNothing) {
  const auto picture = drawn_picture(31, 17);
  EXPECT_EQ(cv::norm(warp_picture(picture, moved(identity(), 31, 17)), picture, cv::NORM_INF), 0);
}

TEST(WarpPicture, MirroringIsExact) {
  const auto picture = drawn_picture(31, 17);
  cv::Mat expected;
  cv::flip(picture, expected, 1);
  EXPECT_EQ(cv::norm(warp_picture(picture, mirrored(31, 17)), expected, cv::NORM_INF), 0);
}

TEST(WarpPicture, WholeShiftsAreExactAndTheRestIsPadding) {
  const auto picture = drawn_picture(8, 6);
  const auto shifted = warp_picture(picture, moved(shift(3, 1), 8, 6));
  EXPECT_EQ(shifted.at<cv::Vec3b>(4, 5), picture.at<cv::Vec3b>(3, 2));
  EXPECT_EQ(shifted.at<cv::Vec3b>(0, 5), cv::Vec3b::all(kPadding));
  EXPECT_EQ(shifted.at<cv::Vec3b>(4, 2), cv::Vec3b::all(kPadding));
}

TEST(WarpPicture, HalvingAveragesFourPixels) {
  cv::Mat picture(4, 4, CV_8UC3, cv::Scalar::all(0));
  picture.at<cv::Vec3b>(0, 0) = {100, 40, 0};
  picture.at<cv::Vec3b>(1, 1) = {100, 0, 0};
  const auto half = warp_picture(picture, fit({4, 4}, {2, 2}));
  EXPECT_EQ(half.at<cv::Vec3b>(0, 0), cv::Vec3b(50, 10, 0));
  EXPECT_EQ(half.at<cv::Vec3b>(1, 1), cv::Vec3b(0, 0, 0));
}

TEST(WarpPicture, FineTextureDoesNotAliasWhenItShrinks) {
  cv::Mat stripes(64, 64, CV_8UC3);
  for (int x = 0; x < 64; ++x) stripes.col(x).setTo(cv::Scalar::all(x % 2 ? 255 : 0));
  // Over three columns the mean of stripes is 85 or 170; bilinear alone would find 0 and 255.
  for (const int side : {32, 20, 16, 10, 8}) {
    const auto small = warp_picture(stripes, fit({64, 64}, {side, side}));
    double low, high;
    cv::minMaxLoc(small.reshape(1), &low, &high);
    EXPECT_GT(low, 80) << side;
    EXPECT_LT(high, 175) << side;
  }
}

TEST(WarpMask, TakesTheNearestClassAndIgnoresWhatIsOutside) {
  cv::Mat mask = cv::Mat::zeros(2, 2, CV_8UC1);
  mask.at<uint8_t>(0, 1) = 1;
  const auto larger =
      std::get<Mask>(warp_label(Mask{mask}, fit({2, 2}, {6, 4}), mask_spec())).classes;
  const cv::Mat expected = (cv::Mat_<uint8_t>(4, 6) << 255, 0, 0, 1, 1, 255,  //
                            255, 0, 0, 1, 1, 255,                             //
                            255, 0, 0, 0, 0, 255,                             //
                            255, 0, 0, 0, 0, 255);
  EXPECT_EQ(cv::norm(larger, expected, cv::NORM_INF), 0) << larger;
}

TEST(WarpMask, MirroredClassesAreSwapped) {
  auto spec = mask_spec();
  spec.classes = {"background", "left", "right"};
  spec.mirrored_class = {0, 2, 1};
  const cv::Mat mask = (cv::Mat_<uint8_t>(1, 4) << 0, 1, 2, 255);
  const auto label = std::get<Mask>(warp_label(Mask{mask}, mirrored(4, 1), spec)).classes;
  const cv::Mat expected = (cv::Mat_<uint8_t>(1, 4) << 255, 1, 2, 0);
  EXPECT_EQ(cv::norm(label, expected, cv::NORM_INF), 0);
}

TEST(WarpObjects, BoxesAreCutAtTheBorder) {
  const auto spec = object_spec({"face"});
  const auto kept = warped(object_at(-4, 10, 20, 10), moved(identity(), 100, 100), spec);
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].box, cv::Rect2f(0, 10, 16, 10));
  EXPECT_FALSE(kept[0].ignore);
}

TEST(WarpObjects, OnesMostlyOutsideAreIgnoredAndOnesWhollyOutsideDropped) {
  const auto spec = object_spec({"face"});
  const auto geometry = moved(identity(), 100, 100);
  EXPECT_TRUE(warped(object_at(-12, 10, 20, 10), geometry, spec).at(0).ignore);
  EXPECT_TRUE(warped(object_at(92, 92, 12, 12), geometry, spec).at(0).ignore);  // 8/12 squared
  EXPECT_FALSE(warped(object_at(92, 50, 12, 12), geometry, spec).at(0).ignore);
  EXPECT_FALSE(warped(object_at(95, 50, 10, 10), geometry, spec).at(0).ignore);  // just half
  EXPECT_FALSE(warped(object_at(-5, 50, 10, 10), geometry, spec).at(0).ignore);
  EXPECT_TRUE(warped(object_at(-20, 10, 20, 10), geometry, spec).empty());
  EXPECT_TRUE(warped(object_at(100, 10, 20, 10), geometry, spec).empty());
}

TEST(WarpObjects, OnesTooSmallToSeeAreIgnored) {
  const auto spec = object_spec({"face"});
  const auto geometry = moved(scale(0.1, 0.1), 100, 100);
  EXPECT_TRUE(warped(object_at(10, 10, 19, 60), geometry, spec).at(0).ignore);
  EXPECT_FALSE(warped(object_at(10, 10, 21, 60), geometry, spec).at(0).ignore);
}

TEST(WarpObjects, LandmarksOutsideAreNoLongerVisible) {
  auto object = object_at(10, 10, 40, 40);
  object.landmarks = {{12, 30}, {48, 30}};
  object.visible = {1, 1};
  const auto kept = warped(object, moved(shift(-15, 0), 100, 100), object_spec({"face"}, 2)).at(0);
  EXPECT_THAT(kept.visible, testing::ElementsAre(0, 1));
  EXPECT_EQ(kept.landmarks[0], cv::Point2f(0, 0));
  EXPECT_EQ(kept.landmarks[1], cv::Point2f(33, 30));
}

TEST(WarpObjects, UnlabelledLandmarksAreNeverMoved) {
  auto object = object_at(10, 10, 40, 40);
  object.landmarks = {{NAN, NAN}, {-1, -1}, {20, 20}};
  object.visible = {0, 0, 1};
  const auto kept = warped(object, moved(shift(30, 30), 100, 100), object_spec({"face"}, 3)).at(0);
  EXPECT_THAT(kept.visible, testing::ElementsAre(0, 0, 1));
  EXPECT_EQ(kept.landmarks[0], cv::Point2f(0, 0));
  EXPECT_EQ(kept.landmarks[1], cv::Point2f(0, 0));
  EXPECT_EQ(kept.landmarks[2], cv::Point2f(50, 50));
}

TEST(WarpObjects, MirroringSwapsLeftAndRight) {
  auto spec = object_spec({"left_hand", "right_hand"}, 3);
  spec.mirrored_landmark = {2, 1, 0};
  spec.mirrored_class = {1, 0};
  auto object = object_at(10, 0, 20, 20);
  object.landmarks = {{12, 5}, {20, 10}, {28, 6}};
  object.visible = {1, 1, 0};
  const auto kept = warped(object, mirrored(100, 50), spec).at(0);
  EXPECT_EQ(kept.box, cv::Rect2f(70, 0, 20, 20));
  EXPECT_EQ(kept.class_index, 1);
  EXPECT_THAT(kept.visible, testing::ElementsAre(0, 1, 1));
  EXPECT_EQ(kept.landmarks[1], cv::Point2f(80, 10));
  EXPECT_EQ(kept.landmarks[2], cv::Point2f(88, 5));
}

TEST(WarpLabel, MirroringSwapsTheClassOfAPicture) {
  auto spec = class_spec({"none", "left", "right"});
  spec.mirrored_class = {0, 2, 1};
  EXPECT_EQ(std::get<ClassIndex>(warp_label(ClassIndex{1}, mirrored(8, 8), spec)).index, 2);
  EXPECT_EQ(std::get<ClassIndex>(warp_label(ClassIndex{1}, fit({4, 4}, {8, 8}), spec)).index, 1);
}

cv::Vec2f at(const Motion& motion, int x, int y) { return motion.displacement.at<cv::Vec2f>(y, x); }

/// A picture in which everything was `by` away, and which does not say where its edges are.
Motion everywhere(cv::Size size, const cv::Vec2f& by) {
  return {cv::Mat(size, CV_32FC2, cv::Scalar(by[0], by[1]))};
}

// Of 4 x 3 to 8 x 6: twice as far. What was at x + 2 and y - 1 is to be seen up to column 5 and
// from row 1 on.
TEST(WarpMotion, GrowsWithThePicture) {
  const auto warped = warp_motion(everywhere({4, 3}, {1, -0.5f}), moved(scale(2, 2), 8, 6));
  ASSERT_EQ(warped.displacement.size(), cv::Size(8, 6));
  const cv::Mat expected = [] {
    cv::Mat inside = cv::Mat::zeros(6, 8, CV_8UC1);
    inside(cv::Rect(0, 1, 6, 5)) = 255;
    return inside;
  }();
  EXPECT_EQ(cv::norm(known(warped), expected, cv::NORM_INF), 0);
  EXPECT_EQ(at(warped, 0, 1), cv::Vec2f(2, -1));
  EXPECT_EQ(at(warped, 5, 5), cv::Vec2f(2, -1));
}

TEST(WarpMotion, MirroredGoesTheOtherWay) {
  auto motion = still_motion({4, 2});
  motion.displacement.at<cv::Vec2f>(0, 3) = {-1, 1};
  const auto warped = warp_motion(motion, mirrored(4, 2));
  EXPECT_EQ(at(warped, 0, 0), cv::Vec2f(1, 1));
  EXPECT_EQ(at(warped, 3, 0), cv::Vec2f(0, 0));
  EXPECT_EQ(cv::countNonZero(known(warped)), 8);
}

// Columns 2 to 5 of six; everything came from the column to its left, and column 2's is cut off.
TEST(WarpMotion, IsNotKnownWhereItPointsOutOfTheView) {
  const auto warped = warp_motion(everywhere({6, 1}, {-1, 0}), moved(shift(-2, 0), 4, 1));
  EXPECT_TRUE(std::isnan(at(warped, 0, 0)[0]) && std::isnan(at(warped, 0, 0)[1]));
  for (int x = 1; x < 4; ++x) EXPECT_EQ(at(warped, x, 0), cv::Vec2f(-1, 0)) << x;
}

TEST(WarpMotion, IsNotKnownBesideThePictureNorWhereItWasNot) {
  auto motion = everywhere({3, 1}, {-1, 0});
  motion.displacement.at<cv::Vec2f>(0, 0) = cv::Vec2f::all(NAN);
  const auto warped = warp_motion(motion, moved(shift(2, 0), 7, 1));
  const cv::Mat expected = (cv::Mat_<uint8_t>(1, 7) << 0, 0, 0, 255, 255, 0, 0);
  EXPECT_EQ(cv::norm(known(warped), expected, cv::NORM_INF), 0);
  EXPECT_TRUE(warp_motion({}, mirrored(4, 2)).empty());
}

TEST(Warp, KeepsPictureAndLabelsTogether) {
  // A white square stays under its box, its mask and its landmark, wherever all go.
  EXPECT_TRUE(rc::check([] {
    const auto number = [](int low, int high) { return *rc::gen::inRange(low, high); };
    const cv::Rect square(number(60, 100), number(60, 100), 40, 40);
    Sample sample;
    sample.frames = {{cv::Mat::zeros(200, 200, CV_8UC3)}};
    sample.frames[0].picture(square) = cv::Scalar::all(255);
    cv::Mat mask = cv::Mat::zeros(200, 200, CV_8UC1);
    mask(square) = 1;
    sample.frames[0].labels["mask"] = Mask{mask};
    auto object = object_at(square.x, square.y, square.width, square.height);
    object.landmarks = {{square.x + 20.0f, square.y + 20.0f}};
    object.visible = {1};
    sample.frames[0].labels["box"] = one_object(object);

    const bool flip = number(0, 2) == 1;
    const auto geometry =
        moved(shift(100, 100) * rotation(number(-40, 40)) *
                  scale((flip ? -1 : 1) * number(50, 200) / 100.0, number(50, 200) / 100.0) *
                  shift(-100, -100),
              200, 200, flip);
    const auto out =
        warp(sample, geometry, {{"mask", mask_spec()}, {"box", object_spec({"square"}, 1)}});
    const auto& objects = std::get<Objects>(out.frames[0].labels.at("box")).list;
    const auto& moved_mask = std::get<Mask>(out.frames[0].labels.at("mask")).classes;
    const auto found = cv::boundingRect(moved_mask == 1);
    if (objects.empty()) return;
    RC_ASSERT(std::abs(found.x - objects[0].box.x) <= 2);
    RC_ASSERT(std::abs(found.y - objects[0].box.y) <= 2);
    RC_ASSERT(std::abs(found.br().x - objects[0].box.br().x) <= 2);
    RC_ASSERT(std::abs(found.br().y - objects[0].box.br().y) <= 2);
    if (objects[0].visible[0]) {
      const auto point = objects[0].landmarks[0];
      RC_ASSERT(out.frames[0].picture.at<cv::Vec3b>(int(point.y), int(point.x))[0] == 255);
    }
  }));
}

TEST(Warp, LeavesOutTasksThatNobodyTrains) {
  Sample sample;
  sample.frames = {{drawn_picture(8, 8)}};
  sample.frames[0].labels["gesture"] = ClassIndex{1};
  EXPECT_TRUE(warp(sample, fit({8, 8}, {8, 8}), {}).frames.at(0).labels.empty());
}

TEST(Unwarp, BringsPredictionsBackToThePicture) {
  const auto geometry = fit({320, 240}, {160, 160});
  auto object = object_at(10, 30, 40, 50);
  object.landmarks = {{20, 40}};
  object.visible = {1};
  const auto back = std::get<Objects>(unwarp_label(one_object(object), geometry, {320, 240}));
  EXPECT_EQ(back.list[0].box, cv::Rect2f(20, 20, 80, 100));
  EXPECT_EQ(back.list[0].landmarks[0], cv::Point2f(40, 40));

  cv::Mat mask = cv::Mat::zeros(160, 160, CV_8UC1);
  mask(cv::Rect(10, 30, 40, 50)) = 1;
  const auto large = std::get<Mask>(unwarp_label(Mask{mask}, geometry, {320, 240})).classes;
  EXPECT_EQ(large.size(), cv::Size(320, 240));
  EXPECT_EQ(cv::boundingRect(large), cv::Rect(20, 20, 80, 100));
}

TEST(Unwarp, OutlinesOfAGrownMaskAreNoStairs) {
  cv::Mat mask = cv::Mat::zeros(40, 40, CV_8UC1);
  for (int row = 0; row < 40; ++row) mask.row(row).colRange(0, row + 1) = 2;  // below the diagonal
  const auto geometry = fit({400, 400}, {40, 40});
  const auto large = std::get<Mask>(unwarp_label(Mask{mask}, geometry, {400, 400})).classes;
  // The border of nearest neighbours would lie up to ten pixels off the diagonal on one side; as a
  // straight line it keeps its distance.
  int least = 400, most = -400;
  for (int row = 50; row < 350; ++row) {
    const int beyond = cv::countNonZero(large.row(row)) - row;
    least = std::min(least, beyond);
    most = std::max(most, beyond);
  }
  EXPECT_LE(most - least, 5);
  EXPECT_EQ(cv::countNonZero(large == 1), 0);
}

}  // namespace
}  // namespace manyfold::data
