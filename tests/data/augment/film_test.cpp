#include "data/augment/film.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/data/fixture.h"

namespace manyfold::data {
namespace {

const LabelSpecs kSpecs = {{"person", mask_spec()},
                           {"faces", object_spec({"face"}, 2)},
                           {"gesture", class_spec({"none", "fist"})}};

constexpr int kInk = 250, kPaper = 60;

/// A grey picture with a bright box, which is labelled as mask and as object with two opposite
/// corners as key points. `blur`: standard deviation, pixels.
Sample still(cv::Size size, double blur = 0) {
  const cv::Rect box(size.width / 3, size.height / 4, size.width / 4, size.height / 3);
  Frame frame;
  frame.picture = cv::Mat(size, CV_8UC3, cv::Scalar::all(kPaper));
  frame.picture(box).setTo(cv::Scalar::all(kInk));
  if (blur > 0) cv::GaussianBlur(frame.picture, frame.picture, {}, blur);
  cv::Mat mask = cv::Mat::zeros(size, CV_8UC1);
  mask(box).setTo(1);
  Object object;
  object.box = box;
  object.class_index = 0;
  object.landmarks = {cv::Point2f(box.tl()), cv::Point2f(box.br())};
  object.visible = {1, 1};
  frame.labels = {{"person", Mask{mask}}, {"faces", Objects{{object}, {}}}};
  return {{frame}, {}, {"boxes", "box", false}};
}

Sample filmed(const Sample& sample, uint64_t seed, const FrameRange& range) {
  Random camera(seed, Random::film);
  return film(sample, range, kSpecs, camera);
}

cv::Mat bright(const Frame& frame) {
  cv::Mat grey;
  cv::extractChannel(frame.picture, grey, 0);
  return grey > (kInk + kPaper) / 2;
}

bool all_paper(const cv::Mat& border) {
  return cv::norm(border, cv::Mat(border.size(), border.type(), cv::Scalar::all(kPaper)),
                  cv::NORM_INF) == 0;
}

TEST(Film, ShowsTheSameWhereverItBegins) {
  const auto sample = still({96, 64});
  const auto whole = filmed(sample, 5, {0, 64}), part = filmed(sample, 5, {40, 3});
  ASSERT_EQ(whole.frames.size(), 64u);
  ASSERT_EQ(part.frames.size(), 3u);
  EXPECT_EQ(part.origin.name, "box");
  for (size_t t = 0; t < 3; ++t)
    EXPECT_EQ(cv::norm(whole.frames[40 + t].picture, part.frames[t].picture, cv::NORM_INF), 0);
}

TEST(Film, NeverShowsWhatIsBesideThePicture) {
  for (const cv::Size size : {cv::Size(96, 64), cv::Size(50, 120), cv::Size(24, 16)}) {
    const auto sample = still(size);
    for (uint64_t seed = 0; seed < 30; ++seed) {
      for (const auto& frame : filmed(sample, seed, {0, 64}).frames) {
        // The border is paper wherever the camera looks; padding is brighter.
        EXPECT_TRUE(all_paper(frame.picture.row(0)) && all_paper(frame.picture.col(0)) &&
                    all_paper(frame.picture.row(frame.picture.rows - 1)))
            << seed;
        const auto& mask = std::get<Mask>(frame.labels.at("person")).classes;
        EXPECT_EQ(cv::countNonZero(mask == Mask::kIgnore), 0) << seed;
      }
    }
  }
}

TEST(Film, ShowsAsMuchAsIsPromised) {
  auto sample = still({100, 100});
  int least = 100;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const auto frame = filmed(sample, seed, {0, 1}).frames[0].picture;
    EXPECT_GE(frame.cols, 72);
    EXPECT_GE(frame.rows, 84);
    least = std::min(least, frame.cols);
  }
  EXPECT_LT(least, 80) << "some pan";
  sample.frames[0].labels = {{"gesture", ClassIndex{1}}};
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const auto frame = filmed(sample, seed, {0, 1}).frames[0];
    EXPECT_GE(frame.picture.cols, 84) << "panning might lose what has the class";
    EXPECT_EQ(std::get<ClassIndex>(frame.labels.at("gesture")).index, 1);
  }
}

TEST(Film, LabelsMoveAlong) {
  const auto sample = still({96, 64});
  for (uint64_t seed = 0; seed < 20; ++seed) {
    for (const auto& frame : filmed(sample, seed, {10, 5}).frames) {
      const auto& objects = std::get<Objects>(frame.labels.at("faces")).list;
      ASSERT_EQ(objects.size(), 1u);
      const cv::Rect box = cv::boundingRect(bright(frame));
      EXPECT_NEAR(objects[0].box.x, box.x, 1.5);
      EXPECT_NEAR(objects[0].box.br().y, box.br().y, 1.5);
      EXPECT_NEAR(objects[0].landmarks[0].x, box.x, 1.5);
      EXPECT_NEAR(objects[0].landmarks[1].y, box.br().y, 1.5);
      const auto& mask = std::get<Mask>(frame.labels.at("person")).classes;
      // Nearest neighbour against interpolation: the outline of 24 + 24 + 21 + 21 pixels.
      EXPECT_LT(cv::countNonZero((mask == 1) != bright(frame)), 40);
    }
  }
}

TEST(Film, MotionTakesAFrameToTheNext) {
  const auto sample = still({160, 120}, /*blur=*/2);
  double moved = 0, unmoved = 0;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    const auto clip = filmed(sample, seed, {7, 4, /*motion=*/true});
    EXPECT_TRUE(clip.frames[0].motion.empty());
    for (size_t t = 1; t < clip.frames.size(); ++t) {
      const auto& before = clip.frames[t - 1].picture;
      const auto& now = clip.frames[t].picture;
      const auto& motion = clip.frames[t].motion;
      ASSERT_EQ(motion.displacement.size(), now.size());
      moved += cv::norm(warp_back(before, motion), now, cv::NORM_L1, known(motion));
      unmoved += cv::norm(before, now, cv::NORM_L1, known(motion));
      EXPECT_GT(cv::countNonZero(known(motion)), 0.9 * static_cast<double>(now.total()));
    }
  }
  EXPECT_LT(moved, 0.35 * unmoved);  // the rest is what interpolation blurs
}

TEST(Film, AQuarterOfTheCamerasStandsStill) {
  const auto sample = still({96, 64});
  int standing = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const auto clip = filmed(sample, seed, {20, 4});
    standing += cv::norm(clip.frames[0].picture, clip.frames[3].picture, cv::NORM_INF) == 0;
  }
  EXPECT_NEAR(standing, 50, 20);  // more than three standard deviations of 200 * 1/4 * 3/4
}

}  // namespace
}  // namespace manyfold::data
