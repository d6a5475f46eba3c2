#include "data/sources/filmed_stills.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/data/fixture.h"

namespace manyfold::data {
namespace {

const LabelSpecs kSpecs = {{"person", mask_spec()},
                           {"faces", object_spec({"face"})},
                           {"gesture", class_spec({"none", "fist"})}};

constexpr int kInk = 250, kPaper = 60;

/// Grey pictures with a bright box, which is labelled as mask and as object.
class Boxes : public Source {
 public:
  /// `blur`: standard deviation, pixels.
  explicit Boxes(cv::Size size, double blur = 0)
      : Source("boxes", /*synthetic=*/false), picture_(size), blur_(blur) {}
  int64_t size() const override { return 200; }
  Sample get(int64_t, int64_t) const override {
    const cv::Rect box(picture_.width / 3, picture_.height / 4, picture_.width / 4,
                       picture_.height / 3);
    Frame frame;
    frame.picture = cv::Mat(picture_, CV_8UC3, cv::Scalar::all(kPaper));
    frame.picture(box).setTo(cv::Scalar::all(kInk));
    if (blur_ > 0) cv::GaussianBlur(frame.picture, frame.picture, {}, blur_);
    cv::Mat mask = cv::Mat::zeros(picture_, CV_8UC1);
    mask(box).setTo(1);
    Object object;
    object.box = box;
    object.class_index = 0;
    frame.labels = {
        {"person", Mask{mask}}, {"faces", Objects{{object}, {}}}, {"gesture", ClassIndex{1}}};
    return {{frame}, {}, {name(), "box", false}};
  }
  std::string sample_name(int64_t index) const override { return std::to_string(index); }
  std::vector<std::filesystem::path> files(int64_t) const override { return {"a.png", "mask.png"}; }

 private:
  cv::Size picture_;
  double blur_;
};

FilmedStills filmed(cv::Size size) {
  return FilmedStills(std::make_shared<Boxes>(size), kSpecs, /*frames=*/64);
}

TEST(FilmedStills, AreClipsOfEveryStill) {
  const auto clips = filmed({96, 64});
  EXPECT_TRUE(clips.clips());
  EXPECT_EQ(clips.size(), 200);
  EXPECT_EQ(clips.length(3), 64);
  EXPECT_EQ(clips.name(), "boxes, filmed");
  EXPECT_EQ(clips.files(0).size(), 1u) << "the picture alone is what frames are made of";
  const auto whole = clips.get(5), part = clips.part(5, {40, 3});
  ASSERT_EQ(whole.frames.size(), 64u);
  EXPECT_EQ(part.origin.source, "boxes");
  for (size_t t = 0; t < 3; ++t)
    EXPECT_EQ(cv::norm(whole.frames[40 + t].picture, part.frames[t].picture, cv::NORM_INF), 0);
}

TEST(FilmedStills, NeverShowWhatIsBesideThePicture) {
  for (const cv::Size size : {cv::Size(96, 64), cv::Size(50, 120), cv::Size(24, 16)}) {
    const auto clips = filmed(size);
    for (int64_t i = 0; i < clips.size(); i += 7) {
      for (const auto& frame : clips.part(i, {0, 64}).frames) {
        EXPECT_LE(frame.picture.cols, size.width);
        EXPECT_LE(frame.picture.rows, size.height);
        // The border is paper wherever the camera looks; padding would be brighter, and a mask
        // would be told to ignore it.
        double least, most;
        cv::minMaxLoc(frame.picture.row(0).reshape(1), &least, &most);
        EXPECT_EQ(least, kPaper) << i;
        EXPECT_EQ(most, kPaper) << i;
        const auto& mask = std::get<Mask>(frame.labels.at("person")).classes;
        cv::minMaxLoc(mask, nullptr, &most);
        EXPECT_EQ(most, 1) << i;
      }
    }
  }
}

TEST(FilmedStills, LabelsMoveAlong) {
  const auto clips = filmed({96, 64});
  for (int64_t i = 0; i < 20; ++i) {
    for (const auto& frame : clips.part(i, {10, 5}).frames) {
      const auto& objects = std::get<Objects>(frame.labels.at("faces")).list;
      ASSERT_EQ(objects.size(), 1u);
      // The tight box around what is bright, known to half a pixel of a soft edge.
      cv::Mat grey;
      cv::extractChannel(frame.picture, grey, 0);
      const cv::Rect bright = cv::boundingRect(grey > (kInk + kPaper) / 2);
      EXPECT_NEAR(objects[0].box.x, bright.x, 1.5);
      EXPECT_NEAR(objects[0].box.br().y, bright.br().y, 1.5);
      const auto& mask = std::get<Mask>(frame.labels.at("person")).classes;
      EXPECT_NEAR(cv::countNonZero(mask), cv::countNonZero(grey > (kInk + kPaper) / 2), 50);
      EXPECT_EQ(std::get<ClassIndex>(frame.labels.at("gesture")).index, 1);
    }
  }
}

TEST(FilmedStills, MotionTakesAFrameToTheNext) {
  const FilmedStills clips(std::make_shared<Boxes>(cv::Size(160, 120), /*blur=*/2), kSpecs, 64);
  double moved = 0, unmoved = 0;
  for (int64_t i = 0; i < 30; ++i) {
    const auto clip = clips.part(i, {7, 4, /*motion=*/true});
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

TEST(FilmedStills, AQuarterOfTheCamerasStandsStill) {
  const auto clips = filmed({96, 64});
  int still = 0;
  for (int64_t i = 0; i < clips.size(); ++i) {
    const auto clip = clips.part(i, {20, 4});
    still += cv::norm(clip.frames[0].picture, clip.frames[3].picture, cv::NORM_INF) == 0;
  }
  EXPECT_NEAR(still, 50, 20);  // more than three standard deviations of 200 * 1/4 * 3/4
}

}  // namespace
}  // namespace manyfold::data
