#include "data/files/video_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <opencv2/videoio.hpp>
#include <random>

#include "data/loading/parallel.h"
#include "tests/data/fixture.h"

namespace manyfold::data {
namespace {

using Frames = std::vector<cv::Mat>;

struct Format {
  const char* ending;
  const char* codec;
};

/// 50 frames, each another one; in .mp4 most are written as differences from those before.
class VideoReadersTest : public testing::TestWithParam<Format> {
 protected:
  static constexpr int kLength = 50;

  void SetUp() override {
    const auto* codec = GetParam().codec;
    path_ = folder_ / ("film" + std::string(GetParam().ending));
    cv::VideoWriter writer(path_.string(),
                           cv::VideoWriter::fourcc(codec[0], codec[1], codec[2], codec[3]), 25,
                           {64, 48});
    if (!writer.isOpened()) GTEST_SKIP() << "this build of OpenCV does not write " << codec;
    for (int t = 0; t < kLength; ++t) {
      cv::Mat bgr;
      cv::cvtColor(drawn_picture(64, 48, t), bgr, cv::COLOR_RGB2BGR);
      writer.write(bgr);
    }
    writer.release();
    all_ = read_video(path_, 0, kLength);
    for (int t = 1; t < kLength; ++t) ASSERT_FALSE(same(all_[t - 1], all_[t])) << t;
  }

  static bool same(const cv::Mat& a, const cv::Mat& b) {
    return a.size() == b.size() && cv::norm(a, b, cv::NORM_INF) == 0;
  }
  void expect_part(const Frames& part, int64_t first, int64_t count) const {
    ASSERT_EQ(part.size(), static_cast<size_t>(count));
    for (int64_t t = 0; t < count; ++t)
      EXPECT_TRUE(same(part[t], all_[first + t])) << first << " + " << t;
  }

  TempFolder folder_;
  std::filesystem::path path_;
  Frames all_;
};

TEST_P(VideoReadersTest, GiveTheSameFramesInAnyOrder) {
  std::mt19937 random(1);
  for (const size_t kept : {0, 1, 3}) {
    VideoReaders readers(kept);
    for (int i = 0; i < 60; ++i) {
      const auto first = static_cast<int64_t>(random() % kLength);
      const auto count = 1 + static_cast<int64_t>(random()) % std::min<int64_t>(7, kLength - first);
      expect_part(readers.read(path_, first, count), first, count);
    }
  }
}

TEST_P(VideoReadersTest, GoOnWithTheLastFrameAgain) {
  VideoReaders readers;
  expect_part(readers.read(path_, 0, 8), 0, 8);
  for (int64_t first = 7; first + 9 <= kLength; first += 8)
    expect_part(readers.read(path_, first, 9), first, 9);
  expect_part(readers.read(path_, 20, 1), 20, 1);
  expect_part(readers.read(path_, 20, 1), 20, 1);
  expect_part(readers.read(path_, 25, 3), 25, 3);
}

TEST_P(VideoReadersTest, KeepNoHoldOnTheFramesThatTheyGave) {
  VideoReaders readers;
  auto given = readers.read(path_, 0, 4);
  given.back().setTo(0);
  expect_part(readers.read(path_, 3, 2), 3, 2);
}

// A file that is gone can be read by those alone who have it open.
TEST_P(VideoReadersTest, ReadOnWithoutOpeningTheFileAgain) {
  VideoReaders readers;
  expect_part(readers.read(path_, 0, 8), 0, 8);
  std::filesystem::rename(path_, path_.string() + ".moved");
  expect_part(readers.read(path_, 8, 8), 8, 8);
  expect_part(readers.read(path_, 15, 8), 15, 8);
  expect_part(readers.read(path_, 40, 2), 40, 2);
  EXPECT_EQ(fault_of([&] { readers.read(path_, 39, 2); }), "missing file") << "it lies behind";
}

TEST_P(VideoReadersTest, ServeSeveralThreads) {
  std::vector<int64_t> firsts(kLength - 4);
  std::iota(firsts.begin(), firsts.end(), 0);
  std::shuffle(firsts.begin(), firsts.end(), std::mt19937(2));
  VideoReaders readers(2);
  std::vector<Frames> parts(firsts.size());
  parallel_for(static_cast<int64_t>(firsts.size()), 4, [&](int64_t i) {
    parts[static_cast<size_t>(i)] = readers.read(path_, firsts[static_cast<size_t>(i)], 4);
  });
  for (size_t i = 0; i < parts.size(); ++i) expect_part(parts[i], firsts[i], 4);
}

TEST_P(VideoReadersTest, BeginAgainAfterAFault) {
  VideoReaders readers;
  readers.read(path_, 0, 4);
  EXPECT_EQ(fault_of([&] { readers.read(path_, kLength - 2, 4); }), "truncated");
  expect_part(readers.read(path_, kLength - 2, 2), kLength - 2, 2);
}

INSTANTIATE_TEST_SUITE_P(Formats, VideoReadersTest,
                         testing::Values(Format{".avi", "MJPG"}, Format{".mp4", "mp4v"}),
                         [](const auto& info) { return std::string(info.param.codec); });

}  // namespace
}  // namespace manyfold::data
