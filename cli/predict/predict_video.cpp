#include "cli/predict/predict_video.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>

#include "cli/predict/predictions.h"
#include "cli/predict/stream.h"
#include "common/error.h"
#include "data/files/picture_file.h"
#include "report/progress.h"
#include "train/signals.h"

namespace manyfold::cli {
namespace {

namespace fs = std::filesystem;

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

/// What people know an input by: "clip" of "clip/" and of "." in it.
std::string name_of(const fs::path& input) {
  if (!fs::is_directory(input)) return input.filename().string();
  return fs::canonical(input).filename().string();
}

/// A file's name for what is written of an input, before its ending is taken: "camera-0". That of a
/// folder has none.
std::string file_of(const fs::path& input) {
  std::string name = name_of(input) + (fs::is_directory(input) ? ".avi" : "");
  std::replace(name.begin(), name.end(), ':', '-');
  return name;
}

/// Throws UserError where a stream that has ended was to go on.
void require_all(const Stream& stream, const fs::path& input, int64_t count,
                 const std::string& kept) {
  if (!stream.is_cut_off(count)) return;
  std::string promised = " frames, before the end that it states";
  if (stream.frames() > 0) promised = " of " + std::to_string(stream.frames()) + " frames";
  if (stream.is_camera()) promised = " frames (is the camera still there?)";
  throw UserError(input.string() + " ends after " + std::to_string(count) + promised + kept);
}

}  // namespace

nlohmann::json predict_video(const LoadedModel& loaded, const fs::path& input, OutputFolder& out,
                             int64_t most) {
  const auto stream = open_stream(input);
  const auto name = name_of(input);
  const auto written = out.stem(file_of(input));
  refuse_overwriting(input, with_extension(written, ".avi"));
  Results results(written);
  report::Progress progress(name, most > 0 ? most : stream->frames());
  const auto kept = "; what was read is in " + results.video().string();
  models::State state;
  int64_t count = 0;
  double seconds = 0;  // at the model and at drawing, not waiting for the camera
  const auto stopped = [] { return train::StopSignals::received() != 0; };
  std::string fault;  // that ends the stream
  cv::Size size;      // of every frame
  const auto next = [&](cv::Mat& rgb) {
    try {
      if (!stream->read(rgb)) return false;
      if (size.empty()) size = rgb.size();
      if (rgb.size() == size) return true;
      throw UserError(input.string() + ": frame " + std::to_string(count) + " is " +
                      data::size_text(rgb.size()) + " pixels, and those before it are " +
                      data::size_text(size) +
                      "; a memory holds for one size: give what follows "
                      "as an input of its own");
    } catch (const UserError& error) {
      fault = error.what();
      return false;
    }
  };
  for (cv::Mat rgb; (most == 0 || count < most) && !stopped() && next(rgb); ++count) {
    const double start = seconds_now();
    const auto predictions = predict(loaded, rgb, &state);
    results.add(overlay(loaded, rgb, predictions), stream->rate(),
                {{"frame", count}, {"tasks", as_json(loaded, predictions)}});
    seconds += seconds_now() - start;
    progress.step(1, 0);
  }
  if (count > 0) progress.message(name + ": " + speed_line(*stream, count, seconds));
  if (!fault.empty()) throw UserError(fault + (count > 0 ? kept : ""));
  if (count == 0 && !stopped()) throw UserError(input.string() + ": no frame could be read");
  if (!stopped() && (most == 0 || count < most)) require_all(*stream, input, count, kept);
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
