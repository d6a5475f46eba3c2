// Clips in evaluation: each by itself, from its beginning, in parts.

#include "data/loading/evaluation_loader.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "data/sources/clip_source.h"
#include "tests/data/drawn_clips.h"

namespace manyfold::data {
namespace {

using testing::HasSubstr;

class EvaluatedClips : public testing::Test {
 protected:
  EvaluatedClips() {
    options_.size = {64, 64};
    options_.threads = 2;
  }
  DataOptions options_;
};

TEST_F(EvaluatedClips, AreEvaluatedOneByOneFromTheirBeginning) {
  const auto source = make_source("clips", drawn_source(20), kGestures);
  BadFiles bad(0);
  options_.batch = 8;
  const auto loader = evaluation_loader(*source, options_, kGestures, bad);
  std::vector<int64_t> frames;
  std::vector<bool> continues;
  while (const auto batch = loader->next()) {
    EXPECT_EQ(batch->size(), 1);
    frames.push_back(batch->frames());
    continues.push_back(batch->continues);
    EXPECT_FALSE(batch->motion.defined()) << "of no use to classes";
  }
  ASSERT_EQ(frames.size(), 18u);  // 6 clips of 8 + 8 + 4
  for (size_t i = 0; i < frames.size(); ++i) {
    EXPECT_EQ(frames[i], i % 3 == 2 ? 4 : 8);
    EXPECT_EQ(continues[i], i % 3 > 0);
  }
}

TEST_F(EvaluatedClips, SayHowTheyMoveWhereMasksAreEvaluatedWhateverTheBatch) {
  auto options = drawn_source(12);
  options.labels = masks();
  const LabelSpecs specs = {{"person", mask_spec()}};
  const auto source = make_source("clips", options, specs);
  const auto motions = [&](int64_t batch_size) {
    BadFiles bad(0);
    options_.batch = batch_size;
    const auto loader = evaluation_loader(*source, options_, specs, bad);
    std::vector<torch::Tensor> all;
    while (const auto batch = loader->next()) all.push_back(batch->motion);
    return torch::cat(all);
  };
  const auto whole = motions(12), cut = motions(5);
  ASSERT_EQ(whole.size(0), 6 * 12);
  EXPECT_TRUE(torch::equal(whole.nan_to_num(99), cut.nan_to_num(99)));
  EXPECT_TRUE(whole[0].isnan().all().item<bool>()) << "nothing comes before the first frame";
  EXPECT_GT(whole[5].isfinite().to(torch::kFloat).mean().item<double>(), 0.3);
}

/// A clip of a 32 x 16 picture that stands still, and of which nobody says so.
class StillClip : public ClipSource {
 public:
  StillClip() : ClipSource("still", /*synthetic=*/false) {}
  int64_t size() const override { return 1; }
  int64_t length(int64_t) const override { return 3; }
  Sample part(int64_t, const data::FrameRange& range, int64_t) const override {
    Sample sample;
    sample.origin = {name(), "0", false};
    for (int64_t t = 0; t < range.count; ++t) sample.frames.push_back({drawn_picture(32, 16, 1)});
    return sample;
  }
  std::string sample_name(int64_t) const override { return "0"; }
};

TEST_F(EvaluatedClips, HaveNoMotionAroundTheirPicture) {
  BadFiles bad(0);
  options_.size = {32, 32};
  const StillClip source;
  const auto loader = evaluation_loader(source, options_, {{"person", mask_spec()}}, bad);
  const auto motion = loader->next()->motion;
  EXPECT_TRUE(motion.slice(1, 8, 24).slice(0, 1).isfinite().all().item<bool>());
  EXPECT_LT(motion.slice(1, 8, 24).slice(0, 1).abs().max().item<double>(), 0.1);
  EXPECT_TRUE(motion.slice(1, 0, 8).isnan().all().item<bool>());
  EXPECT_TRUE(motion.slice(1, 24).isnan().all().item<bool>());
}

/// Clips of 8 frames, of which frame 5 of the first one cannot be read.
class BrokenClips : public ClipSource {
 public:
  BrokenClips() : ClipSource("broken", /*synthetic=*/false) {}
  int64_t size() const override { return 3; }
  int64_t length(int64_t) const override { return 8; }
  Sample part(int64_t index, const data::FrameRange& range, int64_t) const override {
    if (index == 0 && range.first <= 5 && 5 < range.first + range.count)
      throw BadSample(Fault::truncated, "0/5.jpg", "is cut off");
    Sample sample;
    sample.origin = {name(), std::to_string(index), false};
    for (int64_t t = range.first; t < range.first + range.count; ++t) {
      sample.frames.push_back({drawn_picture(16, 16, static_cast<int>(10 * index + t))});
      sample.frames.back().labels["gesture"] = ClassIndex{1};
    }
    return sample;
  }
  std::string sample_name(int64_t index) const override { return std::to_string(index); }
  std::vector<std::filesystem::path> files(int64_t index) const override {
    std::vector<std::filesystem::path> files;
    for (int t = 0; t < 8; ++t) files.push_back(sample_name(index) + "/" + std::to_string(t));
    return files;
  }
};

TEST_F(EvaluatedClips, OfWhichAFrameIsBadLeaveTheirPlaceEmpty) {
  const BrokenClips source;
  BadFiles bad(0.1);  // one of 24 frames
  options_.batch = 4;
  for (int again = 0; again < 2; ++again) {  // a second evaluation sees the same
    const auto loader = evaluation_loader(source, options_, kGestures, bad);
    for (int64_t i = 0; i < 6; ++i) {
      const auto batch = loader->next();
      ASSERT_TRUE(batch);
      const auto labelled = batch->labels.at("gesture").present.sum().item<int64_t>();
      EXPECT_EQ(labelled, i == 1 ? 0 : 4) << i;
      EXPECT_EQ(batch->origins[0].name, i == 1 ? "" : std::to_string(i / 2));
    }
  }
  ASSERT_EQ(bad.list().size(), 1u);
  EXPECT_EQ(bad.list()[0].sample, "0");
  BadFiles strict(0.01);
  EXPECT_THAT(message_of<UserError>([&] {
                strict.read_part(source, 0, {4, 4});
              }),
              HasSubstr("1 of 24 files are bad"));
}

}  // namespace
}  // namespace manyfold::data
