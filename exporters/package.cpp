#include "exporters/package.h"

#include "common/atomic_file.h"
#include "common/error.h"
#include "common/sha256.h"
#include "exporters/folder_swap.h"
#include "exporters/half.h"
#include "exporters/onnx_writer.h"

namespace manyfold::exporters {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kFormat = "manyfold-package";
constexpr int64_t kFormatVersion = 1;
constexpr const char* kModel = "model.onnx";
constexpr const char* kHalfModel = "model.fp16.onnx";
constexpr const char* kManifest = "manifest.json";
constexpr const char* kVerification = "verify.json";

std::string type_name(c10::ScalarType type) {
  switch (type) {
    case c10::ScalarType::Float:
      return "float32";
    case c10::ScalarType::Double:
      return "float64";
    case c10::ScalarType::Half:
      return "float16";
    case c10::ScalarType::Byte:
      return "uint8";
    case c10::ScalarType::Char:
      return "int8";
    case c10::ScalarType::Int:
      return "int32";
    case c10::ScalarType::Long:
      return "int64";
    case c10::ScalarType::Bool:
      return "bool";
    default:
      return c10::toString(type);
  }
}

json tensor_entry(const std::string& name, const graph::Value& value,
                  std::optional<int64_t> batch) {
  auto shape = json::array();
  for (const auto& size : value.shape) {
    if (!size.per_sample || batch) {
      shape.push_back(size.at(batch.value_or(0)));
    } else {
      shape.push_back(size.per_sample == 1 ? "N" : std::to_string(size.per_sample) + "N");
    }
  }
  return {{"name", name}, {"shape", shape}, {"dtype", type_name(value.dtype)}};
}

// What the package itself says.
json own_entries(const graph::Graph& graph, const PackageOptions& options) {
  auto inputs = json::array(), outputs = json::array();
  for (const auto* input : graph.inputs()) {
    inputs.push_back(tensor_entry(input->name, *input, options.batch));
  }
  for (const auto& [name, value] : graph.outputs()) {
    outputs.push_back(tensor_entry(name, *value, options.batch));
  }
  return {{"format", kFormat},
          {"format_version", kFormatVersion},
          {"producer", "manyfold " MANYFOLD_VERSION},
          {"name", options.name},
          {"model", kModel},
          {"opset", options.opset},
          {"inputs", inputs},
          {"outputs", outputs},
          {"files", json::object()}};
}

json merged_manifest(const graph::Graph& graph, const PackageOptions& options) {
  auto manifest = own_entries(graph, options);
  if (!options.manifest.is_object()) throw UserError("export: the manifest must be an object");
  for (const auto& [key, value] : options.manifest.items()) {
    if (manifest.contains(key)) {
      throw UserError("export: '" + key + "' in the manifest is a key of the package's own");
    }
    manifest[key] = value;
  }
  return manifest;
}

// Each key for people and tools that show metadata, and the whole for `Package::open`.
std::map<std::string, std::string> as_metadata(json manifest) {
  manifest.erase("files");
  std::map<std::string, std::string> metadata = {{"manifest", manifest.dump()}};
  for (const auto& [key, value] : manifest.items()) {
    metadata[key] = value.is_string() ? value.get<std::string>() : value.dump();
  }
  return metadata;
}

json from_metadata(const std::map<std::string, std::string>& metadata) {
  const auto whole = metadata.find("manifest");
  if (whole != metadata.end()) {
    const auto manifest = json::parse(whole->second, nullptr, /*allow_exceptions=*/false);
    if (manifest.is_object()) return manifest;
  }
  return metadata;
}

bool is_manifest(const json& manifest) {
  return manifest.is_object() && manifest.contains("format") && manifest["format"] == kFormat &&
         manifest.contains("model") && manifest["model"].is_string() &&
         manifest.contains("files") && manifest["files"].is_object();
}

json parse_manifest(const fs::path& path) {
  return json::parse(read_file(path), nullptr, /*allow_exceptions=*/false);
}

bool is_package(const fs::path& folder) {
  return fs::exists(folder / kManifest) && is_manifest(parse_manifest(folder / kManifest));
}

void refuse_other_folder(const fs::path& folder) {
  if (!fs::exists(folder)) return;
  if (fs::is_directory(folder) && (fs::is_empty(folder) || is_package(folder))) return;
  throw UserError("export: " + folder.string() +
                  " is there and is no exported package; name another folder");
}

void refuse_difference(const Verification& verification) {
  if (verification.passed) return;
  throw UserError("export: " + verification.runtime + " does not give what LibTorch gives (" +
                  "tolerance " + json(verification.tolerance).dump() + "):\n" +
                  verification.text() +
                  "nothing was written; raise the tolerance if the difference is acceptable");
}

void refuse_newer_format(const fs::path& path, const json& manifest) {
  if (!manifest.is_object() || manifest.value("format", json()) != kFormat) return;
  const auto version = manifest.value("format_version", json());
  if (!version.is_number_integer() || version.get<int64_t>() <= kFormatVersion) return;
  throw UserError(path.string() + ": the package has format_version " + version.dump() +
                  ", this program reads up to " + std::to_string(kFormatVersion) +
                  "; use the manyfold that exported it, or a newer one");
}

json read_manifest(const fs::path& path) {
  auto manifest = parse_manifest(path);
  refuse_newer_format(path, manifest);
  if (!is_manifest(manifest)) {
    throw UserError(path.string() + " is not the manifest of an exported package");
  }
  return manifest;
}

void check_files(const fs::path& folder, const json& manifest) {
  for (const auto& [name, entry] : manifest.at("files").items()) {
    const auto path = folder / name;
    if (!fs::exists(path)) throw UserError(path.string() + " is missing from the package");
    if (!entry.is_object() || entry.value("sha256", json()) != sha256_of_file(path)) {
      throw UserError(path.string() +
                      " was changed after the export: its SHA-256 is not the one "
                      "in manifest.json; export the model again");
    }
  }
}

}  // namespace

Verification export_package(const fs::path& folder, const graph::Graph& graph,
                            const std::vector<std::map<std::string, at::Tensor>>& examples,
                            const PackageOptions& options) {
  refuse_other_folder(folder);
  auto manifest = merged_manifest(graph, options);
  OnnxOptions onnx;
  onnx.opset = options.opset;
  onnx.batch = options.batch;
  onnx.name = options.name;
  onnx.metadata = as_metadata(manifest);
  const auto model = write_onnx(graph, onnx);

  SessionOptions session_options;
  session_options.threads = options.threads;
  const auto session = Session::from_bytes(model, session_options);
  const auto verification = verify(graph, session, examples, options.tolerance);
  refuse_difference(verification);

  auto report = verification.json();
  if (options.measure) report["metrics"] = options.measure(session);
  std::map<std::string, std::string> files = {{kModel, model}};
  if (options.half) {
    const auto half = to_half(model);
    const auto half_session = Session::from_bytes(half.bytes, session_options);
    auto entry = verify(graph, half_session, examples, options.tolerance).json();
    entry["clipped_weights"] = half.clipped;
    entry["flushed_weights"] = half.flushed;
    report[kHalfModel] = entry;
    files[kHalfModel] = half.bytes;
  }
  files[kVerification] = report.dump(2) + "\n";
  for (const auto& [name, bytes] : files) {
    manifest["files"][name] = {{"sha256", sha256(bytes)}, {"bytes", bytes.size()}};
  }
  files[kManifest] = manifest.dump(2) + "\n";
  replace_folder(folder, [&](const fs::path& scratch) {
    for (const auto& [name, bytes] : files) write_file(scratch / name, bytes);
  });
  return verification;
}

Package Package::open(const fs::path& path, const SessionOptions& options) {
  if (!fs::exists(path)) throw UserError(path.string() + ": no such package or ONNX file");
  const bool is_folder = fs::is_directory(path);
  const auto folder = is_folder ? path : path.parent_path();
  const auto manifest_path = folder / kManifest;
  if (!is_folder) {
    const auto manifest = fs::exists(manifest_path) ? read_manifest(manifest_path) : json();
    if (!manifest.is_object() || !manifest.at("files").contains(path.filename().string())) {
      auto session = Session::open(path, options);
      auto metadata = from_metadata(session.metadata());
      refuse_newer_format(path, metadata);
      return {std::move(metadata), std::move(session)};
    }
  } else if (!fs::exists(manifest_path)) {
    throw UserError(path.string() + " holds no manifest.json: it is no exported package");
  }
  auto manifest = read_manifest(manifest_path);
  check_files(folder, manifest);
  const auto file = is_folder ? folder / manifest.at("model").get<std::string>() : path;
  return {std::move(manifest), Session::open(file, options)};
}

}  // namespace manyfold::exporters
