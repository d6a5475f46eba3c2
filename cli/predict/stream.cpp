#include "cli/predict/stream.h"

#include <spdlog/spdlog.h>

#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>
#include <optional>

#include "cli/predict/picture_files.h"
#include "common/error.h"
#include "data/files/video_file.h"
#include "data/sources/clip_folder.h"

namespace manyfold::cli {
namespace {

namespace fs = std::filesystem;

const std::string kCamera = "camera:";
constexpr double kUsualRate = 30;  // of what does not state one

/// The number behind "camera:"; none of a file.
std::optional<int> camera_of(const fs::path& input) {
  const auto text = input.string();
  if (text.rfind(kCamera, 0) != 0) return {};
  const auto number = text.substr(kCamera.size());
  const bool digits = !number.empty() && number.size() < 4 &&
                      number.find_first_not_of("0123456789") == std::string::npos;
  if (!digits) throw UserError(text + ": expected a number, such as camera:0");
  return std::stoi(number);
}

class VideoStream : public Stream {
 public:
  explicit VideoStream(const fs::path& input) : input_(input), camera_(camera_of(input)) {
    if (!camera_) {
      video_ = data::open_video(input);
    } else if (!video_.open(*camera_)) {
      throw UserError(input.string() + ": OpenCV finds no such camera, or it is in use");
    }
    rate_ = data::stated_rate(video_);
    if (rate_ == 0) rate_ = kUsualRate;
    if (!camera_ && data::states_frames(input))
      frames_ = static_cast<int64_t>(video_.get(cv::CAP_PROP_FRAME_COUNT));
  }

  bool read(cv::Mat& rgb) override {
    if (!video_.read(bgr_)) return false;
    cv::cvtColor(bgr_, rgb, cv::COLOR_BGR2RGB);
    return true;
  }
  int64_t frames() const override { return frames_; }
  bool is_cut_off(int64_t count) const override {
    return camera_ || data::is_cut_off(video_, input_, count);
  }
  double rate() const override { return rate_; }
  bool is_camera() const override { return camera_.has_value(); }

 private:
  fs::path input_;
  std::optional<int> camera_;
  cv::VideoCapture video_;
  cv::Mat bgr_;
  double rate_ = 0;
  int64_t frames_ = 0;
};

class FolderStream : public Stream {
 public:
  explicit FolderStream(const fs::path& input) : clip_(data::read_clip_folder(input)) {
    for (const auto& problem : clip_.problems) spdlog::warn("{}: {}", problem.file, problem.text);
  }

  bool read(cv::Mat& rgb) override {
    if (next_ == clip_.frames.size()) return false;
    rgb = read_picture(clip_.frames[next_++]);
    return true;
  }
  int64_t frames() const override { return static_cast<int64_t>(clip_.frames.size()); }
  double rate() const override { return kUsualRate; }

 private:
  data::ClipFolder clip_;
  size_t next_ = 0;
};

}  // namespace

bool is_stream(const fs::path& input) {
  return fs::is_directory(input) || data::named_like_video(input) ||
         input.string().rfind(kCamera, 0) == 0;
}

std::unique_ptr<Stream> open_stream(const fs::path& input) {
  if (fs::is_directory(input)) return std::make_unique<FolderStream>(input);
  return std::make_unique<VideoStream>(input);
}

}  // namespace manyfold::cli
