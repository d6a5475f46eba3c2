#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <opencv2/core.hpp>
#include <optional>
#include <string>

#include "report/metrics_log.h"

namespace manyfold::report {

/// `events.out.tfevents.<time>.<host>.<pid>`, what TensorBoard shows. Every call reaches the file
/// before it returns; errors are UserError.
class EventFile {
 public:
  /// Opens a new file in `folder`. A resumed run's file tells TensorBoard to forget what earlier
  /// files of the folder say past `resumed_step`.
  explicit EventFile(const std::filesystem::path& folder, std::optional<int64_t> resumed_step = {});

  void scalars(int64_t step, const NamedValues& values);
  /// CV_8UC3, RGB; stored as PNG.
  void picture(int64_t step, const std::string& tag, const cv::Mat& rgb);
  void text(int64_t step, const std::string& tag, const std::string& markdown);

  const std::filesystem::path& path() const { return path_; }

 private:
  void write(const std::string& event);

  std::filesystem::path path_;
  std::ofstream out_;
};

}  // namespace manyfold::report
