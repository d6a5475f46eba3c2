#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// The safetensors format (github.com/huggingface/safetensors): tensors by name with a JSON header,
/// and nothing that could be executed. 8 bytes little-endian length of the header, the header, the
/// tensors' bytes without gaps.
namespace manyfold::safetensors {

/// One tensor, row-major, little-endian. The bytes belong to somebody else.
struct Entry {
  std::string dtype;  // BOOL U8 I8 F8_E5M2 F8_E4M3 I16 U16 F16 BF16 I32 U32 F32 I64 U64 F64
  std::vector<int64_t> shape;
  std::string_view bytes;
};
using Entries = std::map<std::string, Entry>;
using Metadata = std::map<std::string, std::string>;

/// A file in memory: `entries` point into `storage`, so keep the two together.
struct File {
  std::shared_ptr<const std::string> storage;
  Entries entries;
  Metadata metadata;
};

/// The file's bytes, the same for the same content: wider types first, then by name, so that every
/// tensor is aligned for its type.
std::string serialise(const Entries& entries, const Metadata& metadata = {});

/// Reads what `serialise` wrote, or any other writer. Everything is checked: length and UTF-8 of
/// the header, types, shapes, and that the tensors cover the data exactly, without gap or overlap.
/// Throws UserError, which begins with `origin`.
File parse(std::string bytes, const std::string& origin);

void write(const std::filesystem::path& path, const Entries& entries,
           const Metadata& metadata = {});
File read(const std::filesystem::path& path);

}  // namespace manyfold::safetensors
