#include "data/files/picture_header.h"

#include <cstdlib>
#include <cstring>

#include "data/files/fault.h"

namespace manyfold::data {
namespace {

/// Bounds-checked integers of a file; reading past the end means that the file is cut off.
class Bytes {
 public:
  Bytes(const std::string& bytes, const std::string& file) : bytes_(bytes), file_(file) {}

  size_t size() const { return bytes_.size(); }
  uint8_t byte(size_t at) const {
    if (at >= bytes_.size()) {
      throw BadSample(Fault::truncated, file_,
                      "the file ends inside the picture's header, after " +
                          std::to_string(bytes_.size()) + " bytes");
    }
    return static_cast<uint8_t>(bytes_[at]);
  }
  uint32_t big(size_t at, int count) const {
    uint32_t value = 0;
    for (int i = 0; i < count; ++i) value = value << 8 | byte(at + i);
    return value;
  }
  uint32_t little(size_t at, int count) const {
    uint32_t value = 0;
    for (int i = count; i-- > 0;) value = value << 8 | byte(at + i);
    return value;
  }
  bool says(size_t at, const char* text) const {
    return bytes_.compare(at, std::strlen(text), text) == 0;
  }

 private:
  const std::string& bytes_;
  const std::string& file_;
};

bool is_frame_header(uint8_t marker) {  // SOF0..15 without DHT, JPG and DAC
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

/// Walks the markers: a thumbnail inside an EXIF segment has an end marker of its own, which is
/// not the picture's. Inside a scan, FF is data when 00 follows and a restart when D0..D7 follow.
PictureHeader read_jpeg(const Bytes& b) {
  PictureHeader header;
  header.format = PictureHeader::Format::jpeg;
  bool in_scan = false;
  size_t at = 2;
  while (at + 1 < b.size()) {
    if (b.byte(at) != 0xFF) {
      ++at;
      continue;
    }
    const uint8_t marker = b.byte(at + 1);
    if (marker == 0xD9) {
      header.complete = in_scan;
      break;
    }
    if (marker == 0xFF) {  // fill bytes
      ++at;
    } else if (marker == 0x00 || marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) {
      at += 2;
    } else {
      if (is_frame_header(marker) && header.width == 0) {
        header.height = b.big(at + 5, 2);
        header.width = b.big(at + 7, 2);
      }
      if (marker == 0xDA) in_scan = true;
      if (in_scan && at + 3 >= b.size()) break;
      at += 2 + b.big(at + 2, 2);
    }
  }
  return header;
}

PictureHeader read_png(const Bytes& b) {
  PictureHeader header;
  header.format = PictureHeader::Format::png;
  header.width = b.big(16, 4);
  header.height = b.big(20, 4);
  size_t at = 8;
  while (at + 12 <= b.size()) {
    if (b.says(at + 4, "IEND")) header.complete = true;
    at += size_t{12} + b.big(at, 4);
  }
  return header;
}

PictureHeader read_bmp(const Bytes& b) {
  PictureHeader header;
  header.format = PictureHeader::Format::bmp;
  header.width = b.little(18, 4);
  header.height = std::abs(static_cast<int64_t>(static_cast<int32_t>(b.little(22, 4))));
  header.complete = b.size() >= b.little(2, 4);
  return header;
}

PictureHeader read_webp(const Bytes& b) {
  PictureHeader header;
  header.format = PictureHeader::Format::webp;
  if (b.says(12, "VP8X")) {
    header.width = b.little(24, 3) + 1;
    header.height = b.little(27, 3) + 1;
  } else if (b.says(12, "VP8L")) {
    const uint32_t sizes = b.little(21, 4);
    header.width = (sizes & 0x3FFF) + 1;
    header.height = (sizes >> 14 & 0x3FFF) + 1;
  } else {
    header.width = b.little(26, 2) & 0x3FFF;
    header.height = b.little(28, 2) & 0x3FFF;
  }
  header.complete = b.size() >= b.little(4, 4) + size_t{8};
  return header;
}

}  // namespace

PictureHeader read_picture_header(const std::string& bytes, const std::string& file) {
  const Bytes b(bytes, file);
  const bool webp = bytes.size() > 12 && b.says(0, "RIFF") && b.says(8, "WEBP");
  PictureHeader header;
  if (b.says(0, "\xFF\xD8\xFF")) {
    header = read_jpeg(b);
  } else if (b.says(0, "\x89PNG\r\n\x1A\n")) {
    header = read_png(b);
  } else if (b.says(0, "BM")) {
    header = read_bmp(b);
  } else if (webp) {
    header = read_webp(b);
  } else {
    throw BadSample(Fault::not_a_picture, file, "is not a JPEG, PNG, BMP or WebP picture");
  }
  if (header.width <= 0 || header.height <= 0) {
    const auto fault = header.complete ? Fault::not_a_picture : Fault::truncated;
    throw BadSample(fault, file, header.complete ? "states no size" : "ends before its size");
  }
  return header;
}

}  // namespace manyfold::data
