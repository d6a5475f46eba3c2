#include "report/event_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <opencv2/imgcodecs.hpp>

#include "common/atomic_file.h"
#include "common/error.h"
#include "report/crc32c.h"
#include "temporary_folder.h"

namespace manyfold::report {
namespace {

using testing::HasSubstr;

uint32_t word(const std::string& bytes, size_t at) {
  uint32_t value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

/// The events of a file, their checksums verified.
std::vector<std::string> events_of(const std::filesystem::path& path) {
  const std::string bytes = read_file(path);
  std::vector<std::string> events;
  for (size_t at = 0; at < bytes.size();) {
    const uint32_t length = word(bytes, at);
    EXPECT_EQ(word(bytes, at + 8), masked_crc32c(bytes.substr(at, 8)));
    events.push_back(bytes.substr(at + 12, length));
    EXPECT_EQ(word(bytes, at + 12 + length), masked_crc32c(events.back()));
    at += 16 + length;
  }
  return events;
}

TEST(EventFile, IsNamedAsTensorBoardLooksForIt) {
  const TemporaryFolder folder;
  const EventFile file(folder.path / "new");
  EXPECT_EQ(file.path().parent_path(), folder.path / "new");
  EXPECT_THAT(file.path().filename().string(), testing::StartsWith("events.out.tfevents."));
  EXPECT_THAT(events_of(file.path()).at(0), HasSubstr("brain.Event:2"));
}

TEST(EventFile, EveryCallReachesTheFileAtOnce) {
  const TemporaryFolder folder;
  EventFile file(folder.path);
  file.scalars(1, {{"loss/total", 0.5}});
  EXPECT_EQ(events_of(file.path()).size(), 2u);
  file.text(1, "config", "a: 1");
  EXPECT_THAT(events_of(file.path()).back(), HasSubstr("a: 1"));
}

TEST(EventFile, PicturesAreWholePngsInTheirColours) {
  const TemporaryFolder folder;
  EventFile file(folder.path);
  const cv::Mat rgb(4, 6, CV_8UC3, cv::Scalar(200, 100, 50));
  file.picture(3, "pictures/person", rgb);
  const std::string event = events_of(file.path()).back();
  const size_t begin = event.find("\x89PNG");
  ASSERT_NE(begin, std::string::npos);
  const std::vector<uchar> png(event.begin() + static_cast<long>(begin), event.end());
  const cv::Mat bgr = cv::imdecode(png, cv::IMREAD_COLOR);
  ASSERT_EQ(bgr.size(), rgb.size());
  EXPECT_EQ(bgr.at<cv::Vec3b>(1, 1), cv::Vec3b(50, 100, 200));
  EXPECT_THROW(file.picture(3, "x", cv::Mat()), std::invalid_argument);
}

TEST(EventFile, TwoWritersOfOneSecondHaveTwoFiles) {
  const TemporaryFolder folder;
  const EventFile a(folder.path), b(folder.path);
  EXPECT_NE(a.path(), b.path());
}

TEST(EventFile, AResumedRunAsksToForgetWhatCameAfterItsCheckpoint) {
  const TemporaryFolder folder;
  const EventFile file(folder.path, 300);
  const auto events = events_of(file.path());
  ASSERT_EQ(events.size(), 2u);
  // After the time (9 bytes): step 301 as field 2, then a session log with status 1 as field 7.
  EXPECT_EQ(events[1].substr(9), std::string("\x10\xad\x02\x3a\x02\x08\x01"));
}

TEST(EventFile, SaysWhereItCannotWrite) {
  const TemporaryFolder folder;
  write_file(folder.path / "file", std::string("x"));
  try {
    EventFile file(folder.path / "file");
    FAIL() << "a file served as a folder";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("cannot write"));
    EXPECT_THAT(error.what(), HasSubstr("events.out.tfevents."));
  }
}

}  // namespace
}  // namespace manyfold::report
