#include "cli/label/label_frames.h"

#include <gmock/gmock.h>

#include "data/sources/clip_source.h"

namespace manyfold::cli {
namespace {

using testing::ElementsAre;

/// "walk", a folder of three frames, and "turn.mp4" with two. Frame t of clip n is grey 10 n + t.
class Clips : public data::ClipSource {
 public:
  Clips() : ClipSource("rooms", /*synthetic=*/false) {}
  int64_t size() const override { return 2; }
  int64_t length(int64_t index) const override { return index == 0 ? 3 : 2; }
  data::Sample part(int64_t index, const data::FrameRange& range, int64_t) const override {
    data::Sample sample;
    for (int64_t t = range.first; t < range.first + range.count; ++t)
      sample.frames.push_back({cv::Mat(4, 4, CV_8UC3, cv::Scalar::all(double(10 * index + t)))});
    return sample;
  }
  std::string sample_name(int64_t index) const override { return index == 0 ? "walk" : "turn.mp4"; }
  std::vector<std::filesystem::path> files(int64_t index) const override {
    if (index == 1) return {"/rooms/turn.mp4"};
    return {"/rooms/walk/4.jpg", "/rooms/walk/5.jpg", "/rooms/walk/6.jpg"};
  }
};

TEST(FramesSource, ShowsEveryFrameOfEveryClipAsAStill) {
  const FramesSource frames(std::make_shared<Clips>());
  EXPECT_FALSE(frames.clips());
  EXPECT_EQ(frames.name(), "rooms");
  ASSERT_EQ(frames.size(), 5);
  std::vector<int> grey;
  for (int64_t i = 0; i < frames.size(); ++i) {
    const auto sample = frames.get(i);
    ASSERT_EQ(sample.frames.size(), 1u);
    grey.push_back(sample.frames[0].picture.at<cv::Vec3b>(0, 0)[0]);
  }
  EXPECT_THAT(grey, ElementsAre(0, 1, 2, 10, 11));
}

TEST(FramesSource, NamesThemAsASetOfClipsHasThem) {
  const FramesSource frames(std::make_shared<Clips>());
  EXPECT_EQ(frames.sample_name(2), "walk/frames/000002");
  EXPECT_EQ(frames.sample_name(3), "turn.mp4/frames/000000");
  EXPECT_EQ(mask_beside(frames.sample_name(2)), "walk/masks/000002");
  EXPECT_THAT(frames.files(1), ElementsAre("/rooms/walk/5.jpg"));
  EXPECT_THAT(frames.files(4), ElementsAre("/rooms/turn.mp4"));
}

}  // namespace
}  // namespace manyfold::cli
