#pragma once

#include <opencv2/core.hpp>
#include <string>

namespace manyfold::report {

/// A picture (CV_8UC3, RGB) as the bytes of a PNG or JPEG file.
std::string png_bytes(const cv::Mat& rgb);
std::string jpeg_bytes(const cv::Mat& rgb, int quality = 88);

/// RFC 4648, with padding.
std::string base64(const std::string& bytes);

}  // namespace manyfold::report
