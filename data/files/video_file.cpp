#include "data/files/video_file.h"

#include <algorithm>
#include <cctype>
#include <opencv2/imgproc.hpp>
#include <set>

#include "data/files/fault.h"

namespace manyfold::data {
namespace {

namespace fs = std::filesystem;

std::string ending_of(const fs::path& path) {
  auto ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ending;
}

}  // namespace

cv::VideoCapture open_video(const fs::path& path) {
  std::error_code code;
  const auto size = fs::file_size(path, code);
  if (code) throw BadSample(Fault::missing_file, path.string(), code.message());
  if (size == 0) throw BadSample(Fault::empty_file, path.string(), "is empty");
  cv::VideoCapture video(path.string());
  if (!video.isOpened()) {
    throw BadSample(Fault::not_a_video, path.string(),
                    "OpenCV cannot open this video: it is none, was cut off before its index was "
                    "written, or its codec is not installed");
  }
  return video;
}

bool named_like_video(const fs::path& path) {
  static const std::set<std::string> known = {".avi",  ".flv", ".m4v", ".mkv",  ".mov", ".mp4",
                                              ".mpeg", ".mpg", ".ogv", ".webm", ".wmv"};
  return known.count(ending_of(path)) > 0;
}

bool states_frames(const fs::path& path) {
  static const std::set<std::string> stated = {".avi", ".m4v", ".mov", ".mp4"};
  return stated.count(ending_of(path)) > 0;
}

double stated_rate(const cv::VideoCapture& video) {
  constexpr double kFastest = 480;
  const double rate = video.get(cv::CAP_PROP_FPS);
  return rate > 0 && rate <= kFastest ? rate : 0;
}

bool is_cut_off(const cv::VideoCapture& video, const fs::path& path, int64_t count) {
  const double frames = video.get(cv::CAP_PROP_FRAME_COUNT);
  if (states_frames(path)) return static_cast<double>(count) < frames;
  const double rate = stated_rate(video);
  return rate > 0 && static_cast<double>(count) + rate < frames;
}

VideoHeader read_video_header(const fs::path& path) {
  auto video = open_video(path);
  VideoHeader header;
  header.frames = static_cast<int64_t>(video.get(cv::CAP_PROP_FRAME_COUNT));
  if (!states_frames(path)) {
    int64_t count = 0;
    while (video.grab()) ++count;
    if (!is_cut_off(video, path, count)) header.frames = count;
  }
  header.rate = stated_rate(video);
  header.size = {static_cast<int>(video.get(cv::CAP_PROP_FRAME_WIDTH)),
                 static_cast<int>(video.get(cv::CAP_PROP_FRAME_HEIGHT))};
  return header;
}

/// A file that is open, at some frame.
class VideoReaders::Reader {
 public:
  explicit Reader(const fs::path& path)
      : path_(path),
        video_(open_video(path)),
        promised_(static_cast<int64_t>(video_.get(cv::CAP_PROP_FRAME_COUNT))) {}

  const fs::path& path() const { return path_; }
  /// The first frame that it can give: the one it gave last, or else the next.
  int64_t first() const { return next_ - (last_.empty() ? 0 : 1); }
  bool at_end() const { return next_ >= promised_; }

  /// From first() on. Passing over frames is exact, unlike seeking.
  std::vector<cv::Mat> read(int64_t first, int64_t count) {
    std::vector<cv::Mat> frames;
    if (count > 0 && first < next_) frames.push_back(rgb(last_));
    if (next_ < first) last_.release();
    while (next_ < first) advance(!ended_ && video_.grab());
    while (static_cast<int64_t>(frames.size()) < count) {
      advance(!ended_ && video_.read(last_));
      frames.push_back(rgb(last_));
    }
    return frames;
  }

 private:
  static cv::Mat rgb(const cv::Mat& bgr) {
    cv::Mat rgb;
    cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
    return rgb;
  }

  void advance(bool there_was_one) {
    ended_ = !there_was_one;
    if (ended_) {
      throw BadSample(
          Fault::truncated, path_.string(),
          "ends after " + std::to_string(next_) + " of " + std::to_string(promised_) + " frames");
    }
    ++next_;
  }

  fs::path path_;
  cv::VideoCapture video_;
  int64_t promised_, next_ = 0;
  bool ended_ = false;  // before it was promised to: what comes after is asked for in vain
  cv::Mat last_;        // BGR; empty where frame next_ - 1 was passed over
};

VideoReaders::VideoReaders(size_t kept) : kept_(kept) {}
VideoReaders::~VideoReaders() = default;

std::vector<cv::Mat> read_video(const fs::path& path, int64_t first, int64_t count) {
  return VideoReaders(/*kept=*/0).read(path, first, count);
}

std::vector<cv::Mat> VideoReaders::read(const fs::path& path, int64_t first, int64_t count) {
  auto reader = take(path, first);
  if (!reader) reader = std::make_unique<Reader>(path);
  try {
    auto frames = reader->read(first, count);
    keep(std::move(reader));
    return frames;
  } catch (const BadSample&) {
    keep(std::move(reader));  // it knows where the file ends
    throw;
  }
}

/// The reader that has to pass over the fewest frames; null when none can give frame `first`.
std::unique_ptr<VideoReaders::Reader> VideoReaders::take(const fs::path& path, int64_t first) {
  const std::lock_guard lock(mutex_);
  auto best = idle_.end();
  for (auto it = idle_.begin(); it != idle_.end(); ++it) {
    if ((*it)->path() != path || (*it)->first() > first) continue;
    if (best == idle_.end() || (*it)->first() > (*best)->first()) best = it;
  }
  if (best == idle_.end()) return nullptr;
  auto reader = std::move(*best);
  idle_.erase(best);
  return reader;
}

/// What stands at its end is of no use to anyone.
void VideoReaders::keep(std::unique_ptr<Reader> reader) {
  if (reader->at_end()) return;
  std::unique_ptr<Reader> oldest;  // closed when the lock is gone
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(reader));
  if (idle_.size() <= kept_) return;
  oldest = std::move(idle_.front());
  idle_.erase(idle_.begin());
}

}  // namespace manyfold::data
