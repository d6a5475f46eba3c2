#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <opencv2/core.hpp>

namespace manyfold::cli {

/// Frames one after the other.
class Stream {
 public:
  virtual ~Stream() = default;

  /// The next one, CV_8UC3 RGB; false at the end, be it early. Throws UserError for a frame that is
  /// there and cannot be used.
  virtual bool read(cv::Mat& rgb) = 0;
  /// How many there are to be; 0 = endless, or not known.
  virtual int64_t frames() const = 0;
  /// Whether a stream that gives no further frame was to go on, after `count` of them.
  virtual bool is_cut_off(int64_t count) const { return count < frames(); }
  /// Frames a second.
  virtual double rate() const = 0;
  virtual bool is_camera() const { return false; }
};

/// Whether an input is a stream: a video file, a camera ("camera:0"), or a folder, which is a clip
/// of numbered pictures (data/sources/clip_folder.h) at 30 frames a second.
bool is_stream(const std::filesystem::path& input);

/// Throws UserError for an input that cannot be opened.
std::unique_ptr<Stream> open_stream(const std::filesystem::path& input);

}  // namespace manyfold::cli
