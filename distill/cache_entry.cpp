#include "distill/cache_entry.h"

#include <ATen/ATen.h>
#include <zlib.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace manyfold::distill {
namespace {

using nlohmann::json;

const std::string kMagic = "MFCACHE1";
constexpr size_t kPreamble = 16;  // magic, checksum, length of the header
constexpr double kMostHalf = 65504;
constexpr int kLevel = 1;  // speed counts more than the last bytes
constexpr int64_t kMostNumbers = int64_t{1} << 30;

std::string four_bytes(size_t number) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes += static_cast<char>((number >> (8 * i)) & 0xff);
  return bytes;
}

size_t number_at(const std::string& bytes, size_t place) {
  size_t number = 0;
  for (size_t i = 0; i < 4; ++i)
    number |= static_cast<size_t>(static_cast<unsigned char>(bytes[place + i])) << (8 * i);
  return number;
}

size_t checksum(const char* data, size_t size) {
  return ::crc32_z(0, reinterpret_cast<const Bytef*>(data), size);
}

/// b0 b1 | b0 b1 ... -> all b1, then all b0: signs and exponents are much alike, the rest is noise.
std::string in_planes(const std::string& words) {
  const size_t count = words.size() / 2;
  std::string planes(words.size(), '\0');
  for (size_t i = 0; i < count; ++i) {
    planes[i] = words[2 * i + 1];
    planes[count + i] = words[2 * i];
  }
  return planes;
}

std::string from_planes(const std::string& planes) {
  const size_t count = planes.size() / 2;
  std::string words(planes.size(), '\0');
  for (size_t i = 0; i < count; ++i) {
    words[2 * i + 1] = planes[i];
    words[2 * i] = planes[count + i];
  }
  return words;
}

std::string compressed(const std::string& bytes) {
  uLongf size = ::compressBound(bytes.size());
  std::string result(size, '\0');
  const int status =
      ::compress2(reinterpret_cast<Bytef*>(result.data()), &size,
                  reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), kLevel);
  if (status != Z_OK) throw std::runtime_error("zlib cannot compress");
  result.resize(size);
  return result;
}

std::optional<std::string> expanded(const char* data, size_t size, size_t expected) {
  std::string result(expected, '\0');
  uLongf length = expected;
  const int status = ::uncompress(reinterpret_cast<Bytef*>(result.data()), &length,
                                  reinterpret_cast<const Bytef*>(data), size);
  if (status != Z_OK || length != expected) return std::nullopt;
  return result;
}

/// Empty when there is none, or too many to be true.
std::optional<int64_t> numbers_in(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (const auto side : shape) {
    if (side < 0 || side > kMostNumbers) return std::nullopt;
    count *= side;
    if (count > kMostNumbers) return std::nullopt;
  }
  return count;
}

/// The tensors that a sound header describes, out of the numbers behind it.
std::optional<Entry> tensors_of(const json& header, const char* data, size_t size) {
  std::vector<std::pair<std::string, std::vector<int64_t>>> parts;
  int64_t total = 0;
  for (const auto& part : header.at("tensors")) {
    parts.emplace_back(part.at(0).get<std::string>(), part.at(1).get<std::vector<int64_t>>());
    const auto count = numbers_in(parts.back().second);
    if (!count || (total += *count) > kMostNumbers) return std::nullopt;
  }
  const auto planes = expanded(data, size, static_cast<size_t>(total) * 2);
  if (!planes) return std::nullopt;
  const auto words = from_planes(*planes);
  Entry entry;
  const char* next = words.data();
  for (const auto& [name, shape] : parts) {
    auto tensor = at::empty(shape, at::kHalf);
    if (tensor.nbytes() > 0) std::memcpy(tensor.data_ptr(), next, tensor.nbytes());
    next += tensor.nbytes();
    entry[name] = tensor;
  }
  return entry;
}

}  // namespace

at::Tensor to_cached(const at::Tensor& tensor) {
  return tensor.clamp(-kMostHalf, kMostHalf).to(at::kHalf);
}

std::string pack_entry(const std::string& key, const Entry& entry) {
  json header = {{"key", key}, {"tensors", json::array()}};
  std::string words;
  for (const auto& [name, tensor] : entry) {
    TORCH_CHECK(tensor.scalar_type() == at::kHalf, "pack_entry: '", name, "' is not float16");
    const auto solid = tensor.cpu().contiguous();
    header["tensors"].push_back({name, solid.sizes().vec()});
    words.append(static_cast<const char*>(solid.data_ptr()), solid.nbytes());
  }
  const auto text = header.dump();
  const auto rest = four_bytes(text.size()) + text + compressed(in_planes(words));
  return kMagic + four_bytes(checksum(rest.data(), rest.size())) + rest;
}

std::optional<Entry> unpack_entry(const std::string& key, const std::string& bytes) {
  if (bytes.size() < kPreamble || bytes.compare(0, kMagic.size(), kMagic) != 0) return std::nullopt;
  const size_t start = kMagic.size() + 4;
  if (number_at(bytes, kMagic.size()) != checksum(bytes.data() + start, bytes.size() - start))
    return std::nullopt;
  const auto length = number_at(bytes, start);
  if (length > bytes.size() - kPreamble) return std::nullopt;
  try {
    const auto header = json::parse(bytes.substr(kPreamble, length));
    if (header.at("key") != key) return std::nullopt;
    const auto data = kPreamble + length;
    return tensors_of(header, bytes.data() + data, bytes.size() - data);
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

}  // namespace manyfold::distill
