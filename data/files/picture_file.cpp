#include "data/files/picture_file.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <set>

#include "data/files/fault.h"
#include "data/files/picture_header.h"

namespace manyfold::data {
namespace {

PictureHeader checked_header(const std::string& bytes, const std::string& file,
                             int64_t max_pixels) {
  const auto header = read_picture_header(bytes, file);
  const auto size = std::to_string(header.width) + "x" + std::to_string(header.height);
  if (header.width > max_pixels / header.height) {
    throw BadSample(Fault::too_large, file,
                    "is " + size + " pixels, more than the limit of " + std::to_string(max_pixels) +
                        " pixels in all");
  }
  if (!header.complete) {
    throw BadSample(Fault::truncated, file,
                    "is cut off: " + std::to_string(bytes.size()) + " bytes, and the end of the " +
                        size + " picture is missing");
  }
  return header;
}

/// How many times smaller a picture may be decoded: 1, 2, 4 or 8.
int reduction_of(const PictureHeader& header, int64_t detail) {
  if (header.format != PictureHeader::Format::jpeg || detail <= 0) return 1;
  int reduction = 8;
  while (reduction > 1 && std::max(header.width, header.height) < reduction * detail) {
    reduction /= 2;
  }
  return reduction;
}

int reading_flags(int reduction) {
  switch (reduction) {
    case 2:
      return cv::IMREAD_REDUCED_COLOR_2;
    case 4:
      return cv::IMREAD_REDUCED_COLOR_4;
    case 8:
      return cv::IMREAD_REDUCED_COLOR_8;
  }
  return cv::IMREAD_COLOR;
}

cv::Mat decode(const std::string& bytes, const std::string& file, int flags) {
  const cv::Mat packed(1, static_cast<int>(bytes.size()), CV_8UC1, const_cast<char*>(bytes.data()));
  cv::Mat picture;
  try {
    picture = cv::imdecode(packed, flags);
  } catch (const cv::Exception& error) {
    throw BadSample(Fault::not_a_picture, file, "cannot be decoded: " + error.err);
  }
  if (picture.empty()) throw BadSample(Fault::not_a_picture, file, "cannot be decoded");
  return picture;
}

}  // namespace

std::string size_text(cv::Size size) {
  return std::to_string(size.width) + "x" + std::to_string(size.height);
}

bool named_like_picture(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  static const std::set<std::string> known = {".bmp", ".jpeg", ".jpg", ".png", ".webp"};
  return known.count(extension) > 0;
}

std::string read_sample_file(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    throw BadSample(Fault::unreadable, path.string(), "is a folder, not a file");
  }
  errno = 0;
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) {
    const auto fault = errno == ENOENT ? Fault::missing_file : Fault::unreadable;
    throw BadSample(fault, path.string(), std::string("cannot be read: ") + std::strerror(errno));
  }
  std::string bytes(static_cast<size_t>(in.tellg()), '\0');
  in.seekg(0).read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!in) throw BadSample(Fault::unreadable, path.string(), "reading it failed half-way");
  if (bytes.empty()) throw BadSample(Fault::empty_file, path.string(), "has zero bytes");
  return bytes;
}

DecodedPicture decode_reduced(const std::string& bytes, const std::string& file, int64_t detail,
                              int64_t max_pixels) {
  const int reduction = reduction_of(checked_header(bytes, file, max_pixels), detail);
  cv::Mat picture = decode(bytes, file, reading_flags(reduction));
  cv::cvtColor(picture, picture, cv::COLOR_BGR2RGB);
  return {picture, reduction};
}

cv::Mat decode_picture(const std::string& bytes, const std::string& file, int64_t detail,
                       int64_t max_pixels) {
  return decode_reduced(bytes, file, detail, max_pixels).picture;
}

cv::Mat decode_grey(const std::string& bytes, const std::string& file, int64_t max_pixels) {
  checked_header(bytes, file, max_pixels);
  const cv::Mat picture = decode(bytes, file, cv::IMREAD_UNCHANGED);
  if (picture.type() != CV_8UC1) {
    throw BadSample(Fault::not_a_picture, file,
                    "has " + std::to_string(picture.channels()) + " channels of " +
                        std::to_string(8 * picture.elemSize1()) +
                        " bits; a mask has one channel of 8 bits");
  }
  return picture;
}

}  // namespace manyfold::data
