#include "data/video_file.h"

#include <algorithm>
#include <cctype>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>
#include <set>

#include "data/fault.h"

namespace manyfold::data {
namespace {

namespace fs = std::filesystem;

cv::VideoCapture open(const fs::path& path) {
  if (!fs::exists(path)) throw BadSample(Fault::missing_file, path.string(), "does not exist");
  cv::VideoCapture video(path.string());
  if (!video.isOpened()) {
    throw BadSample(Fault::not_a_video, path.string(),
                    "OpenCV cannot open this video: it is none, or its codec is not installed");
  }
  return video;
}

}  // namespace

bool named_like_video(const fs::path& path) {
  static const std::set<std::string> known = {".avi", ".m4v",  ".mkv", ".mov",
                                              ".mp4", ".mpeg", ".mpg", ".webm"};
  auto ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return known.count(ending) > 0;
}

VideoHeader read_video_header(const fs::path& path) {
  const auto video = open(path);
  VideoHeader header;
  header.frames = static_cast<int64_t>(video.get(cv::CAP_PROP_FRAME_COUNT));
  header.rate = std::max(0.0, video.get(cv::CAP_PROP_FPS));
  header.size = {static_cast<int>(video.get(cv::CAP_PROP_FRAME_WIDTH)),
                 static_cast<int>(video.get(cv::CAP_PROP_FRAME_HEIGHT))};
  return header;
}

std::vector<cv::Mat> read_video(const fs::path& path, int64_t first, int64_t count) {
  auto video = open(path);
  const auto promised = static_cast<int64_t>(video.get(cv::CAP_PROP_FRAME_COUNT));
  const auto ended = [&](int64_t frames) {
    return BadSample(
        Fault::truncated, path.string(),
        "ends after " + std::to_string(frames) + " of " + std::to_string(promised) + " frames");
  };
  // Seeking lands on the nearest key frame in some formats; passing over frames is exact.
  for (int64_t t = 0; t < first; ++t) {
    if (!video.grab()) throw ended(t);
  }
  std::vector<cv::Mat> frames;
  for (int64_t t = 0; t < count; ++t) {
    cv::Mat bgr, rgb;
    if (!video.read(bgr)) throw ended(first + t);
    cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
    frames.push_back(rgb);
  }
  return frames;
}

}  // namespace manyfold::data
