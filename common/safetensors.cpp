#include "common/safetensors.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "common/atomic_file.h"
#include "common/error.h"

namespace manyfold::safetensors {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kLengthBytes = 8;
constexpr uint64_t kLongestHeader = 100'000'000;  // the limit of the reference implementation

/// Bytes of one element; 0 for an unknown type.
uint64_t width_of(const std::string& dtype) {
  static const std::map<std::string, uint64_t> widths = {
      {"BF16", 2},    {"BOOL", 1},    {"F16", 2}, {"F32", 4}, {"F64", 8},
      {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"I16", 2}, {"I32", 4}, {"I64", 8},
      {"I8", 1},      {"U16", 2},     {"U32", 4}, {"U64", 8}, {"U8", 1}};
  const auto found = widths.find(dtype);
  return found == widths.end() ? 0 : found->second;
}

/// Throws std::runtime_error with what is wrong; `parse` and `serialise` say where.
[[noreturn]] void fail(const std::string& message) { throw std::runtime_error(message); }

uint64_t size_of(const std::string& name, const std::string& dtype,
                 const std::vector<int64_t>& shape) {
  uint64_t bytes = width_of(dtype);
  if (bytes == 0) fail("tensor '" + name + "' has the unknown type '" + dtype + "'");
  for (const auto side : shape) {
    if (side < 0) fail("tensor '" + name + "' has a negative size");
    if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(side), &bytes)) {
      fail("tensor '" + name + "' is larger than can be addressed");
    }
  }
  return bytes;
}

/// Parses the header and refuses a key that stands twice in one object, of which a JSON library
/// keeps either.
Json parse_header(std::string_view text) {
  std::vector<std::set<std::string>> keys;
  return Json::parse(text, [&](int, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second) {
      fail("key '" + value.get<std::string>() + "' stands twice");
    }
    return true;
  });
}

struct Span {
  uint64_t begin, end;
  std::string name;
};

uint64_t unsigned_number(const Json& value, const std::string& name) {
  if (!value.is_number_unsigned())
    fail("tensor '" + name + "': not a whole number: " + value.dump());
  return value.get<uint64_t>();
}

Entry parse_entry(const std::string& name, const Json& json, std::string_view data, Span& span) {
  if (!json.is_object() || json.size() != 3) {
    fail("tensor '" + name + "' needs exactly dtype, shape and data_offsets");
  }
  Entry entry;
  entry.dtype = json.at("dtype").get<std::string>();
  if (!json.at("shape").is_array()) fail("tensor '" + name + "': its shape is not a list");
  for (const auto& side : json.at("shape")) {
    entry.shape.push_back(static_cast<int64_t>(unsigned_number(side, name)));
  }
  const auto& offsets = json.at("data_offsets");
  if (!offsets.is_array() || offsets.size() != 2) fail("tensor '" + name + "' needs two offsets");
  span = {unsigned_number(offsets[0], name), unsigned_number(offsets[1], name), name};
  const auto needed = size_of(name, entry.dtype, entry.shape);
  if (span.begin > span.end || span.end > data.size() || span.end - span.begin != needed) {
    fail("tensor '" + name + "' says that it is bytes " + std::to_string(span.begin) + " to " +
         std::to_string(span.end) + " of " + std::to_string(data.size()) + "; its shape needs " +
         std::to_string(needed));
  }
  entry.bytes = data.substr(span.begin, needed);
  return entry;
}

void check_cover(std::vector<Span> spans, uint64_t data_size) {
  std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) {
    return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
  });
  uint64_t end = 0;
  for (const auto& span : spans) {
    if (span.begin != end) {
      fail("tensor '" + span.name + (span.begin < end ? "' overlaps another" : "' follows a gap"));
    }
    end = span.end;
  }
  if (end != data_size) fail("there are bytes after the last tensor");
}

File parse_checked(std::string bytes) {
  if (bytes.size() < kLengthBytes) fail("too short to be a safetensors file");
  uint64_t length = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) {
    length |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  }
  if (length > kLongestHeader || length > bytes.size() - kLengthBytes) {
    fail("the header should have " + std::to_string(length) + " bytes, but the file has " +
         std::to_string(bytes.size()) + " (cut off, or not a safetensors file)");
  }
  File file;
  file.storage = std::make_shared<const std::string>(std::move(bytes));
  const auto all = std::string_view(*file.storage);
  const auto header = parse_header(all.substr(kLengthBytes, length));
  if (!header.is_object()) fail("the header is not a JSON object");
  std::vector<Span> spans;
  const auto data = all.substr(kLengthBytes + length);
  for (const auto& [name, json] : header.items()) {
    if (name == "__metadata__") {
      file.metadata = json.get<Metadata>();
    } else {
      file.entries[name] = parse_entry(name, json, data, spans.emplace_back());
    }
  }
  check_cover(std::move(spans), data.size());
  return file;
}

}  // namespace

std::string serialise(const Entries& entries, const Metadata& metadata) {
  std::vector<const Entries::value_type*> order;
  for (const auto& item : entries) order.push_back(&item);
  std::stable_sort(order.begin(), order.end(), [](auto* a, auto* b) {
    return width_of(a->second.dtype) > width_of(b->second.dtype);
  });
  auto header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::string data;
  for (const auto* item : order) {
    const auto& [name, entry] = *item;
    if (name == "__metadata__" || size_of(name, entry.dtype, entry.shape) != entry.bytes.size()) {
      throw std::invalid_argument("safetensors: tensor '" + name + "' does not match its shape");
    }
    const auto begin = data.size();
    data += entry.bytes;
    header[name] = {
        {"dtype", entry.dtype}, {"shape", entry.shape}, {"data_offsets", {begin, data.size()}}};
  }
  auto text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data then begins at a multiple of 8
  std::string bytes;
  bytes.reserve(kLengthBytes + text.size() + data.size());
  for (size_t i = 0; i < kLengthBytes; ++i) {
    bytes += static_cast<char>(uint64_t{text.size()} >> (8 * i) & 0xff);
  }
  return bytes += text += data;
}

File parse(std::string bytes, const std::string& origin) {
  try {
    return parse_checked(std::move(bytes));
  } catch (const std::exception& e) {
    throw UserError(origin + ": damaged safetensors file: " + e.what());
  }
}

void write(const std::filesystem::path& path, const Entries& entries, const Metadata& metadata) {
  write_file(path, serialise(entries, metadata));
}

File read(const std::filesystem::path& path) { return parse(read_file(path), path.string()); }

}  // namespace manyfold::safetensors
