#include "report/overlay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/lettering.h"

namespace manyfold::report {
namespace {

using data::ClassIndex;
using data::LabelSpec;
using data::Mask;
using data::Object;
using data::Objects;
using testing::HasSubstr;

const LabelSpec kPerson{LabelSpec::Kind::mask, {"background", "person"}, 0, {}, {}};
const LabelSpec kFaces{LabelSpec::Kind::objects, {"face"}, 0, {}, {}};

cv::Mat grey(cv::Size size = {100, 80}) { return {size, CV_8UC3, cv::Scalar(100, 100, 100)}; }

int changed(const cv::Mat& picture) {
  cv::Mat difference;
  cv::absdiff(picture, grey(picture.size()), difference);
  std::vector<cv::Mat> channels;
  cv::split(difference, channels);
  return cv::countNonZero(channels[0] | channels[1] | channels[2]);
}

Object face(cv::Rect2f box) {
  Object object;
  object.box = box;
  return object;
}

cv::Vec3b colour(int64_t c) {
  const cv::Scalar s = class_colour(c);
  return {static_cast<uchar>(s[0]), static_cast<uchar>(s[1]), static_cast<uchar>(s[2])};
}

TEST(Overlay, TintsAMaskAndLeavesTheBackgroundAlone) {
  cv::Mat mask = cv::Mat::zeros(80, 100, CV_8UC1);
  mask(cv::Rect(10, 10, 30, 30)) = 1;
  cv::Mat picture = grey();
  draw(picture, Mask{mask}, kPerson);
  EXPECT_EQ(picture.at<cv::Vec3b>(60, 60), cv::Vec3b(100, 100, 100));
  // 0.55 of 100 and 0.45 of the first colour, (230, 159, 0): 158.5, 126.55, 55.
  EXPECT_LE(cv::norm(picture.at<cv::Vec3b>(25, 25), cv::Vec3b(158, 127, 55), cv::NORM_INF), 1);
  EXPECT_EQ(picture.at<cv::Vec3b>(10, 25), colour(0)) << "the outline is not tinted";
  EXPECT_EQ(changed(picture), 900);
}

TEST(Overlay, ShowsIgnoredPixelsAsGreyOfTheirOwn) {
  cv::Mat mask(80, 100, CV_8UC1, cv::Scalar(Mask::kIgnore));
  cv::Mat picture = grey();
  draw(picture, Mask{mask}, kPerson);
  EXPECT_EQ(changed(picture), 80 * 100);
  const auto pixel = picture.at<cv::Vec3b>(40, 50);
  EXPECT_TRUE(pixel[0] == pixel[1] && pixel[1] == pixel[2]);
}

TEST(Overlay, DrawsABoxInItsClassesColour) {
  cv::Mat picture = grey();
  OverlayStyle bare;
  bare.names = bare.scores = false;
  draw(picture, Objects{{face({20, 30, 40, 20})}}, kFaces, bare);
  EXPECT_EQ(picture.at<cv::Vec3b>(30, 40), colour(0));
  EXPECT_EQ(picture.at<cv::Vec3b>(49, 40), colour(0));
  EXPECT_EQ(picture.at<cv::Vec3b>(40, 40), cv::Vec3b(100, 100, 100));
}

TEST(Overlay, WritesTheScoreAboveTheBox) {
  cv::Mat without = grey(), with = grey();
  OverlayStyle bare;
  bare.scores = false;
  const Objects faces{{{face({20, 40, 40, 20})}}};
  draw(without, faces, kFaces, bare);  // one class alone needs no name
  draw(with, faces, kFaces);
  EXPECT_EQ(changed(without.rowRange(0, 38)), 0);
  EXPECT_GT(changed(with.rowRange(0, 38)), 50);
}

TEST(Overlay, LeavesOutObjectsBelowTheLeastScore) {
  cv::Mat picture = grey();
  Object weak = face({20, 30, 40, 20});
  weak.score = 0.2f;
  OverlayStyle style;
  style.least_score = 0.3;
  draw(picture, Objects{{weak}}, kFaces, style);
  EXPECT_EQ(changed(picture), 0);
}

TEST(Overlay, AnIgnoreRegionIsDashedAndNameless) {
  cv::Mat picture = grey(), solid = grey();
  Object crowd = face({10, 10, 80, 60});
  draw(solid, Objects{{crowd}}, kFaces);
  crowd.ignore = true;
  draw(picture, Objects{{crowd}}, kFaces);
  EXPECT_GT(changed(picture), 100);
  EXPECT_LT(changed(picture), changed(solid) * 2 / 3);
}

TEST(Overlay, BoxesAndPointsMayReachOutside) {
  cv::Mat picture = grey();
  Object large = face({-50, -50, 1000, 1000});
  large.landmarks = {{-10, -10}, {5000, 20}, {50, 40}};
  large.visible = {1, 1, 1};
  draw(picture, Objects{{large}}, kFaces);
  EXPECT_GT(changed(picture), 0);
}

TEST(Overlay, KeyPointsThatAreNotLabelledAreNotDrawn) {
  cv::Mat picture = grey();
  OverlayStyle bare;
  bare.scores = false;
  Object object = face({200, 200, 1, 1});  // outside: only the points can show
  object.landmarks = {{20, 20}, {60, 60}};
  object.visible = {1, 0};
  draw(picture, Objects{{object}}, kFaces, bare);
  EXPECT_GT(changed(picture(cv::Rect(10, 10, 20, 20))), 0);
  EXPECT_EQ(changed(picture(cv::Rect(50, 50, 20, 20))), 0);
}

TEST(Overlay, DotsOfASmallFaceLeaveItsPointsApart) {
  OverlayStyle bare;
  bare.scores = false;
  const auto dots = [&](float side) {
    cv::Mat picture = grey({1000, 1000});
    Object object = face({400, 400, side, side});
    object.landmarks.assign(68, {420, 420});  // all in one place, with no line to see
    object.visible.assign(68, 0);
    object.visible[0] = 1;
    draw(picture, Objects{{object}}, kFaces, bare);
    return cv::countNonZero([&] {
      cv::Mat white;
      cv::inRange(picture, cv::Scalar(250, 250, 250), cv::Scalar(255, 255, 255), white);
      return white;
    }());
  };
  EXPECT_EQ(dots(60), 1);
  EXPECT_GT(dots(500), 8);
}

TEST(Overlay, JoinsTheSixtyEightPointsOfIbug) {
  int lines = 0;
  for (const auto& [first, last, closed] : landmark_runs(68)) lines += last - first + closed;
  // 16 jaw, 4 + 4 brows, 3 + 4 nose, 6 + 6 eyes, 12 + 8 lips.
  EXPECT_EQ(lines, 63);
  EXPECT_TRUE(landmark_runs(5).empty());
}

TEST(Overlay, AClassIsABannerAtTheTopLeft) {
  cv::Mat picture = grey();
  const LabelSpec hands{LabelSpec::Kind::class_index, {"none", "fist"}, 0, {}, {}};
  draw(picture, ClassIndex{1, 0.93f}, hands);
  EXPECT_EQ(picture.at<cv::Vec3b>(0, 0), colour(1));
  EXPECT_EQ(changed(picture.rowRange(40, 80)), 0);
  cv::Mat unlabelled = grey();
  draw(unlabelled, ClassIndex{-1}, hands);
  EXPECT_EQ(changed(unlabelled), 0);
}

TEST(Overlay, LinesAndLettersGrowWithThePicture) {
  const Pen small({160, 120}), large({1920, 1080});
  EXPECT_EQ(small.line, 1);
  EXPECT_GE(large.line, 3);
  EXPECT_GE(large.font_scale, 2 * small.font_scale);
  // Readable: letters of about eight pixels at the least, and a caption narrower than the picture.
  EXPECT_GE(plate_size("person 0.93", small).height, 10);
  EXPECT_LT(plate_size("person 0.93", small).width, 100);
}

TEST(Overlay, RefusesALabelThatDoesNotFit) {
  cv::Mat picture = grey();
  EXPECT_THROW(draw(picture, Mask{}, kPerson), std::invalid_argument);
  cv::Mat dark = cv::Mat::zeros(4, 4, CV_8UC1);
  EXPECT_THROW(draw(dark, Objects{}, kFaces), std::invalid_argument);
  try {
    draw(picture, Mask{cv::Mat::zeros(4, 5, CV_8UC1)}, kPerson);
    FAIL() << "a mask of another size was drawn";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("a mask of 5x4 on a picture of 100x80"));
  }
}

TEST(Lettering, APlateStaysInsideThePicture) {
  cv::Mat picture = grey();
  const Pen pen(picture.size());
  draw_plate(picture, "far away", {1000, 1000}, {0, 0, 0}, pen);
  const cv::Size size = plate_size("far away", pen);
  EXPECT_EQ(changed(picture), size.area());
  EXPECT_NE(picture.at<cv::Vec3b>(79, 99), cv::Vec3b(100, 100, 100));
}

TEST(Lettering, CharactersWithoutAShapeBecomeOneQuestionMark) {
  const Pen pen({100, 100});
  EXPECT_EQ(plate_size("\xc3\xa9", pen), plate_size("?", pen));
}

}  // namespace
}  // namespace manyfold::report
