#pragma once

#include <cstdint>
#include <filesystem>
#include <opencv2/core.hpp>
#include <vector>

namespace manyfold::data {

/// Whether a file's ending is that of a video: .avi, .m4v, .mkv, .mov, .mp4, .mpeg, .mpg or .webm,
/// in any case.
bool named_like_video(const std::filesystem::path& path);

/// What a video file says of itself.
struct VideoHeader {
  int64_t frames = 0;  // as its index states; it may hold fewer
  double rate = 0;     // frames a second; 0 = not stated
  cv::Size size;
};

/// Throws BadSample (missing_file, not_a_video) naming the file.
VideoHeader read_video_header(const std::filesystem::path& path);

/// `count` frames from `first` on, CV_8UC3 RGB. Throws BadSample (not_a_video; truncated, saying
/// after how many frames the file ends).
std::vector<cv::Mat> read_video(const std::filesystem::path& path, int64_t first, int64_t count);

}  // namespace manyfold::data
