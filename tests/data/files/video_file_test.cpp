#include "data/files/video_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <opencv2/imgcodecs.hpp>
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

/// A Matroska element: its ID, its size in eight bytes, what it holds.
std::string element(const std::string& id, const std::string& content) {
  std::string text = id + '\x01';
  for (int shift = 48; shift >= 0; shift -= 8)
    text += static_cast<char>(content.size() >> shift & 0xff);
  return text + content;
}

std::string byte(int value) { return std::string(1, static_cast<char>(value)); }

/// A Matroska file of `frames` pictures, each with its time: every 40 ms, or, as screen recorders
/// write it, irregularly. Nothing in it states a rate; it says that it is `stated` milliseconds
/// long.
std::string recorded(int frames, double stated, bool irregular) {
  std::string duration(sizeof stated, 0);
  std::memcpy(duration.data(), &stated, sizeof stated);
  std::reverse(duration.begin(), duration.end());
  auto cluster = element("\xe7", byte(0));
  for (int t = 0; t < frames; ++t) {
    const int time = 40 * t + (irregular ? t % 3 * 7 : 0);
    std::vector<uint8_t> jpeg;
    cv::imencode(".jpg", drawn_picture(64, 48, t), jpeg);
    cluster += element("\xa3", byte(0x81) + byte(time >> 8) + byte(time) + byte(0x80) +
                                   std::string(jpeg.begin(), jpeg.end()));
  }
  const auto track = element("\xd7", byte(1)) + element("\x73\xc5", byte(1)) +
                     element("\x83", byte(1)) + element("\x86", "V_MJPEG") +
                     element("\xe0", element("\xb0", byte(64)) + element("\xba", byte(48)));
  return element("\x1a\x45\xdf\xa3", element("\x42\x82", "matroska")) +
         element("\x18\x53\x80\x67",
                 element("\x15\x49\xa9\x66",
                         element("\x2a\xd7\xb1", "\x0f\x42\x40") + element("\x44\x89", duration)) +
                     element("\x16\x54\xae\x6b", element("\xae", track)) +
                     element("\x1f\x43\xb6\x75", cluster));
}

TEST(VideoHeader, CountsTheFramesOfAFileThatStatesNone) {
  TempFolder folder;
  const auto path = folder / "screen.mkv";
  for (const bool irregular : {false, true}) {
    write_bytes(path, recorded(40, 1600, irregular));
    const auto header = read_video_header(path);
    EXPECT_EQ(header.frames, 40);
    EXPECT_EQ(header.rate, irregular ? 0 : 25);
    EXPECT_EQ(read_video(path, 38, 2).size(), 2u);
  }
}

TEST(VideoHeader, CountsTheFramesOfEveryKnownKindOfFile) {
  TempFolder folder;
  const std::map<std::string, std::string> codecs = {
      {".avi", "MJPG"}, {".flv", "FLV1"}, {".m4v", "mp4v"}, {".mkv", "MJPG"},
      {".mov", "mp4v"}, {".mp4", "mp4v"}, {".mpg", "MPG1"}, {".wmv", "WMV2"}};
  for (const auto& [ending, codec] : codecs) {
    const auto path = folder / ("film" + ending);
    cv::VideoWriter writer(path.string(),
                           cv::VideoWriter::fourcc(codec[0], codec[1], codec[2], codec[3]), 25,
                           {64, 48});
    ASSERT_TRUE(writer.isOpened()) << ending;
    for (int t = 0; t < 30; ++t) writer.write(drawn_picture(64, 48, t));
    writer.release();
    EXPECT_TRUE(named_like_video(path));
    EXPECT_EQ(read_video_header(path).frames, 30) << ending;
  }
}

TEST(VideoHeader, SaysWhyAFileCannotBeOpened) {
  TempFolder folder;
  const auto path = folder / "film.mp4";
  EXPECT_EQ(fault_of([&] { read_video_header(path); }), "missing file");
  write_bytes(path, "");
  EXPECT_EQ(fault_of([&] { read_video_header(path); }), "empty file");
  write_bytes(path, "no video");
  EXPECT_EQ(fault_of([&] { read_video_header(path); }), "not a video");
}

TEST(VideoHeader, CountsNoFramesWhereMoreWereToCome) {
  TempFolder folder;
  const auto path = folder / "screen.mkv";
  write_bytes(path, recorded(40, 20000, /*irregular=*/false));
  EXPECT_EQ(read_video_header(path).frames, 500);
  EXPECT_EQ(fault_of([&] { read_video(path, 38, 8); }), "truncated");
}

}  // namespace
}  // namespace manyfold::data
