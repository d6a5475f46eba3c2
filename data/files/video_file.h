#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <opencv2/core.hpp>
#include <opencv2/videoio.hpp>
#include <vector>

namespace manyfold::data {

/// Whether a file's ending is that of a video: .avi, .flv, .m4v, .mkv, .mov, .mp4, .mpeg, .mpg,
/// .ogv, .webm or .wmv, in any case.
bool named_like_video(const std::filesystem::path& path);

/// A file before its first frame. Throws BadSample (missing_file, empty_file, not_a_video) naming
/// it.
cv::VideoCapture open_video(const std::filesystem::path& path);

/// Whether a file of this ending holds its number of frames: AVI and the family of MP4 do. Of the
/// others OpenCV multiplies the duration by a rate, which may be a guess (1000 a second of what a
/// screen recorder wrote), and has neither for what a browser recorded.
bool states_frames(const std::filesystem::path& path);

/// The frames a second that a video states; 0 where it states none, or more than 480: that is the
/// clock of the file, not a rate.
double stated_rate(const cv::VideoCapture& video);

/// Whether a video that gives no further frame after `count` of them was to go on. One that does
/// not state its frames may lack a second by its rate, and all where it has none, as OpenCV tells
/// no times of frames; of MPEG it measures the duration by what is left.
bool is_cut_off(const cv::VideoCapture& video, const std::filesystem::path& path, int64_t count);

/// What a video file says of itself.
struct VideoHeader {
  /// As its index states, though it may hold fewer; counted, where it states none and is whole.
  int64_t frames = 0;
  double rate = 0;  // frames a second; 0 = not stated
  cv::Size size;
};

/// Throws BadSample as open_video() does. Decodes all of a file that does not state its frames.
VideoHeader read_video_header(const std::filesystem::path& path);

/// `count` frames from `first` on, CV_8UC3 RGB, decoded from the file's beginning: seeking lands on
/// the nearest key frame in some formats. Throws BadSample (not_a_video; truncated, saying after
/// how many frames the file ends).
std::vector<cv::Mat> read_video(const std::filesystem::path& path, int64_t first, int64_t count);

/// Reads as `read_video` does, and the same frames, but keeps the files that it read last open: a
/// part that begins with the last frame of an earlier one, or after it, is decoded from there on.
/// Files must not change meanwhile.
class VideoReaders {
 public:
  /// `kept`: open files at most, beside those that are being read; the one that was not used for
  /// longest is closed first.
  explicit VideoReaders(size_t kept = 8);
  ~VideoReaders();

  /// Safe to call from several threads: each reads on its own, also of one file.
  std::vector<cv::Mat> read(const std::filesystem::path& path, int64_t first, int64_t count);

 private:
  class Reader;

  std::unique_ptr<Reader> take(const std::filesystem::path& path, int64_t first);
  void keep(std::unique_ptr<Reader> reader);

  size_t kept_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Reader>> idle_;  // the one used last at the end
};

}  // namespace manyfold::data
