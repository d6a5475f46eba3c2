#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "data/check.h"
#include "data/sources/source.h"

namespace manyfold::data {

/// A sample that was read as a whole: what it holds, and all of its frames that cannot be used.
class CheckedSample {
 public:
  CheckedSample(const Source& source, int64_t index, const LabelSpecs& specs);

  const std::vector<BadSample>& faults() const { return faults_; }
  /// Of a sample without faults, what it holds.
  void add_to(SourceReport& report) const;

 private:
  void read(const FrameRange& range);
  void read_alone(int64_t number);
  bool check_size(int64_t number, cv::Size size);
  void count(const Frame& frame);

  const Source& source_;
  const int64_t index_;
  const LabelSpecs& specs_;
  const std::vector<std::filesystem::path> files_;
  std::vector<BadSample> faults_;
  bool ended_ = false;
  cv::Size size_, last_size_;  // of the clip, and of the frame before
  int64_t frames_ = 0;
  PixelRange width_, height_;
  std::map<std::string, TaskReport> tasks_;
};

}  // namespace manyfold::data
