#pragma once

#include <cstdint>
#include <string_view>

namespace manyfold::report {

/// CRC-32C (Castagnoli), as in iSCSI (RFC 3720): the checksum of TensorFlow's record files.
uint32_t crc32c(std::string_view bytes);

/// A checksum that is itself stored among checksummed bytes, as TensorFlow and LevelDB mask it.
inline uint32_t masked_crc32c(std::string_view bytes) {
  const uint32_t crc = crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

}  // namespace manyfold::report
