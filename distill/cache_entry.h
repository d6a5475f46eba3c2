#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace manyfold::distill {

/// The format of an entry: part of every key, so that another one finds nothing.
constexpr int kCacheFormat = 1;

/// The tensors of one picture's answer by name, without the row's axis; float16.
using Entry = std::map<std::string, at::Tensor>;

/// Float as the cache keeps it: float16, what is beyond its range clamped to +-65504.
at::Tensor to_cached(const at::Tensor& tensor);

/// A file's bytes. In order: "MFCACHE1"; CRC-32 of all that follows (4 bytes, little-endian);
/// length of the header (4 bytes); the header, JSON with the key and the name and shape of each
/// tensor; all numbers, compressed (zlib): first the high bytes, then the low ones.
std::string pack_entry(const std::string& key, const Entry& entry);

/// Reads what `pack_entry` wrote. None for anything damaged, and for another key.
std::optional<Entry> unpack_entry(const std::string& key, const std::string& bytes);

}  // namespace manyfold::distill
