#include "cli/predict/predict_video.h"

#include <chrono>
#include <cstdio>
#include <fstream>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>
#include <optional>

#include "cli/predict/predictions.h"
#include "common/error.h"
#include "data/files/video_file.h"
#include "report/progress.h"
#include "train/signals.h"

namespace manyfold::cli {
namespace {

namespace fs = std::filesystem;

const std::string kCamera = "camera:";

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

/// Frames as they come.
class Stream {
 public:
  explicit Stream(const fs::path& input) : name_(input.string()), camera_(camera_of(input)) {
    const bool opened = camera_ ? video_.open(*camera_) : video_.open(name_);
    if (!opened) {
      throw UserError(name_ + (camera_ ? ": OpenCV finds no such camera, or it is in use"
                                       : ": OpenCV cannot open this video"));
    }
    rate_ = video_.get(cv::CAP_PROP_FPS);
    if (!camera_) frames_ = static_cast<int64_t>(video_.get(cv::CAP_PROP_FRAME_COUNT));
  }

  bool read(cv::Mat& bgr) { return video_.read(bgr); }
  bool is_camera() const { return camera_.has_value(); }
  int64_t frames() const { return frames_; }  // as the file states; 0 = endless, or not stated
  double rate() const { return rate_ > 0 ? rate_ : 25; }

 private:
  std::string name_;
  std::optional<int> camera_;
  cv::VideoCapture video_;
  double rate_ = 0;
  int64_t frames_ = 0;
};

/// The video with overlays, and a line of results for each frame.
class Results {
 public:
  explicit Results(const fs::path& stem)
      : video_path_(with_extension(stem, ".avi")),
        lines_path_(with_extension(stem, ".jsonl")),
        lines_(lines_path_) {}

  void add(const cv::Mat& rgb, double rate, const nlohmann::json& line) {
    if (!video_.isOpened() &&
        !video_.open(video_path_.string(), cv::VideoWriter::fourcc('M', 'J', 'P', 'G'), rate,
                     rgb.size())) {
      throw UserError("cannot write video " + video_path_.string());
    }
    cv::Mat bgr;
    cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
    video_.write(bgr);
    lines_ << line.dump() << '\n' << std::flush;
    if (!lines_) throw UserError("cannot write " + lines_path_.string());
  }

  const fs::path& video() const { return video_path_; }
  const fs::path& lines() const { return lines_path_; }

 private:
  fs::path video_path_, lines_path_;
  std::ofstream lines_;
  cv::VideoWriter video_;
};

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// "120 frames, 84.2 a second looked at; the input has 30"
std::string speed_line(const Stream& stream, int64_t frames, double seconds) {
  char text[160];
  const double speed = static_cast<double>(frames) / std::max(seconds, 1e-9);
  std::snprintf(text, sizeof text, "%lld frames, %.1f a second; the input has %.4g%s",
                static_cast<long long>(frames), speed, stream.rate(),
                speed < stream.rate() ? ": too slow to keep up with it" : "");
  return text;
}

}  // namespace

bool is_stream(const fs::path& input) {
  return data::named_like_video(input) || input.string().rfind(kCamera, 0) == 0;
}

nlohmann::json predict_video(const LoadedModel& loaded, const fs::path& input, OutputFolder& out,
                             int64_t most) {
  Stream stream(input);
  const auto name = input.filename().string();
  std::string stem = name;
  for (auto& c : stem) c = c == ':' ? '-' : c;
  const auto written = out.stem(stem);
  refuse_overwriting(input, with_extension(written, ".avi"));
  Results results(written);
  report::Progress progress(name, most > 0 ? most : stream.frames());
  models::State state;
  int64_t count = 0;
  double seconds = 0;  // at the model and at drawing, not waiting for the camera
  const auto stopped = [] { return train::StopSignals::received() != 0; };
  for (cv::Mat bgr, rgb; (most == 0 || count < most) && !stopped() && stream.read(bgr); ++count) {
    const double start = seconds_now();
    cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
    const auto predictions = predict(loaded, rgb, &state);
    results.add(overlay(loaded, rgb, predictions), stream.rate(),
                {{"frame", count}, {"tasks", as_json(loaded, predictions)}});
    seconds += seconds_now() - start;
    progress.step(1, 0);
  }
  if (count == 0 && !stopped()) throw UserError(input.string() + ": no frame could be read");
  if (count > 0) progress.message(name + ": " + speed_line(stream, count, seconds));
  progress.finish();
  const bool ended = !stopped() && (most == 0 || count < most);
  if (ended && (stream.is_camera() || count < stream.frames())) {
    throw UserError(input.string() + " ends after " + std::to_string(count) +
                    (stream.is_camera() ? " frames: is the camera still there?"
                                        : " of " + std::to_string(stream.frames()) + " frames;") +
                    " what was read is in " + results.video().string());
  }
  nlohmann::json found = {
      {"file", input.string()},
      {"overlay", results.video().filename().string()},
      {"frames", count},
      {"frames_per_second", static_cast<double>(count) / std::max(seconds, 1e-9)},
      {"results", results.lines().filename().string()}};
  if (stopped()) found["stopped_by_signal"] = train::StopSignals::received();
  return found;
}

}  // namespace manyfold::cli
