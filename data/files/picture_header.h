#pragma once

#include <cstdint>
#include <string>

namespace manyfold::data {

/// What a picture file says of itself before anything is decoded.
struct PictureHeader {
  enum class Format { jpeg, png, bmp, webp };
  Format format = Format::jpeg;
  int64_t width = 0;  // as stored: before an EXIF orientation turns it
  int64_t height = 0;
  /// The file holds all that its structure promises (JPEG: the end marker; PNG: IEND; others: the
  /// stated length). Decoders fill what is missing with grey and say nothing.
  bool complete = false;
};

/// Reads the header of a JPEG, PNG, BMP or WebP file without decoding it. Throws BadSample
/// (not_a_picture, truncated) naming `file`.
PictureHeader read_picture_header(const std::string& bytes, const std::string& file);

}  // namespace manyfold::data
