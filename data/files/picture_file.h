#pragma once

#include <cstdint>
#include <filesystem>
#include <opencv2/core.hpp>
#include <string>

namespace manyfold::data {

/// Pictures with more pixels than this are refused before they are decoded: 8192 x 8192.
constexpr int64_t kMaxPixels = int64_t{1} << 26;

/// "640x480", for messages.
std::string size_text(cv::Size size);

/// Whether a file's ending is that of a picture: .bmp, .jpeg, .jpg, .png or .webp, in any case.
bool named_like_picture(const std::filesystem::path& path);

/// The bytes of a file. Throws BadSample: missing_file, unreadable, empty_file.
std::string read_sample_file(const std::filesystem::path& path);

/// A picture as CV_8UC3 RGB, and how many times smaller than its file it was decoded.
struct DecodedPicture {
  cv::Mat picture;    // each side divided by `reduction`, rounded up
  int reduction = 1;  // 1, 2, 4 or 8
};

/// Decodes a picture and turns it as its EXIF orientation says.
///
/// `detail` > 0: whoever asks needs no more than so many pixels along the longer side, and a JPEG
/// that is at least twice as large is decoded at 1/2, 1/4 or 1/8 of its size, which is faster by
/// about that factor; never below `detail`.
/// Throws BadSample naming `file`: truncated, not_a_picture, too_large.
DecodedPicture decode_reduced(const std::string& bytes, const std::string& file, int64_t detail,
                              int64_t max_pixels = kMaxPixels);

/// The same, for those who need not know the reduction.
cv::Mat decode_picture(const std::string& bytes, const std::string& file, int64_t detail = 0,
                       int64_t max_pixels = kMaxPixels);

/// A picture of grey values as it is stored, CV_8UC1. Throws BadSample as above, and not_a_picture
/// when it has several channels or more than 8 bits.
cv::Mat decode_grey(const std::string& bytes, const std::string& file,
                    int64_t max_pixels = kMaxPixels);

}  // namespace manyfold::data
