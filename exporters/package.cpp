#include "exporters/package.h"

#include "common/atomic_file.h"
#include "common/error.h"
#include "common/sha256.h"
#include "exporters/export_passes.h"
#include "exporters/folder_swap.h"
#include "exporters/half.h"
#include "exporters/half_range.h"
#include "exporters/kernels.h"
#include "exporters/onnx_writer.h"

namespace manyfold::exporters {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kFormat = "manyfold-package";
constexpr int64_t kFormatVersion = 1;
constexpr const char* kFloat = "fp32";
constexpr const char* kHalf = "fp16";
constexpr const char* kInt8 = "int8";
constexpr const char* kManifest = "manifest.json";
constexpr const char* kVerification = "verify.json";
constexpr const char* kEncodings = "encodings.json";

std::string file_of(const std::string& precision) {
  return precision == kFloat ? "model.onnx" : "model." + precision + ".onnx";
}

// The best that was asked for comes last.
std::vector<std::string> precisions(const PackageOptions& options) {
  std::vector<std::string> all = {kFloat};
  if (options.half) all.emplace_back(kHalf);
  if (options.quantised) all.emplace_back(kInt8);
  return all;
}

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

json tensor_entry(const std::string& name, const graph::Value& value, c10::ScalarType type,
                  std::optional<int64_t> batch) {
  auto shape = json::array();
  for (const auto& size : value.shape) {
    if (!size.per_sample || batch) {
      shape.push_back(size.at(batch.value_or(0)));
    } else {
      shape.push_back(size.per_sample == 1 ? "N" : std::to_string(size.per_sample) + "N");
    }
  }
  return {{"name", name}, {"shape", shape}, {"dtype", type_name(type)}};
}

// What the package itself says, of the model of one precision.
json own_entries(const graph::Graph& graph, const PackageOptions& options,
                 const std::string& precision) {
  const auto type = [&](const graph::Value& value) {
    const bool half = precision == kHalf && options.half_ends && value.dtype == at::kFloat;
    return half ? at::kHalf : value.dtype;
  };
  auto inputs = json::array(), outputs = json::array();
  for (const auto* input : graph.inputs()) {
    inputs.push_back(tensor_entry(input->name, *input, type(*input), options.batch));
  }
  for (const auto& [name, value] : graph.outputs()) {
    outputs.push_back(tensor_entry(name, *value, type(*value), options.batch));
  }
  auto models = json::object();
  for (const auto& each : precisions(options)) models[each] = file_of(each);
  return {{"format", kFormat},
          {"format_version", kFormatVersion},
          {"producer", "manyfold " MANYFOLD_VERSION},
          {"name", options.name},
          {"model", file_of(precision)},
          {"models", models},
          {"precision", precision},
          {"opset", options.opset},
          {"inputs", inputs},
          {"outputs", outputs},
          {"files", json::object()}};
}

json merged_manifest(const graph::Graph& graph, const PackageOptions& options,
                     const std::string& precision) {
  auto manifest = own_entries(graph, options, precision);
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
                  "tolerance " + json(*verification.tolerance).dump() + "):\n" +
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

/// Writes the models of a package into `files`, and what was found of them into `report`.
class Writer {
 public:
  Writer(const graph::Graph& graph, const std::vector<std::map<std::string, at::Tensor>>& examples,
         const PackageOptions& options)
      : graph_(graph), examples_(examples), options_(options) {}

  std::map<std::string, std::string> files;  // bytes by name
  json report = json::object();              // by precision
  Exported exported;

  void write_float() {
    const auto model = onnx(graph_, kFloat, &tensors_);
    const auto session = open(model);
    refuse_difference(compare(graph_, session, kFloat));
    keep(kFloat, model, session);
  }

  void write_half() {
    auto prepared = graph_;
    prepare_for_export(prepared, std::nullopt);
    const auto range = check_half_range(prepared, examples_);
    exported.warnings += range.text();
    const auto half = to_half(onnx(graph_, kHalf), options_.half_ends);
    const auto session = open(half.bytes);
    compare(graph_, session, kHalf);
    report[kHalf]["clipped_weights"] = half.clipped;
    report[kHalf]["flushed_weights"] = half.flushed;
    report[kHalf]["range"] = range.json();
    keep(kHalf, half.bytes, session);
  }

  /// After `write_float`, whose tensors the encodings name.
  void write_int8(const QuantisedModel& quantised) {
    const auto model = onnx(quantised.graph, kInt8);
    const auto kernels = require_integer_kernels(model, quantised.layers, options_.threads);
    const auto session = open(model);
    compare(quantised.graph, session, kInt8);
    report[kInt8]["kernels"] = kernels;
    report[kInt8]["coverage"] = quantised.coverage;
    keep(kInt8, model, session);
    if (quantised.encodings) files[kEncodings] = quantised.encodings(tensors_);
  }

 private:
  std::string onnx(const graph::Graph& graph, const std::string& precision,
                   std::map<std::string, std::string>* tensors = nullptr) const {
    OnnxOptions onnx;
    onnx.opset = options_.opset;
    onnx.batch = options_.batch;
    onnx.name = options_.name;
    onnx.metadata = as_metadata(merged_manifest(graph_, options_, precision));
    return write_onnx(graph, onnx, tensors);
  }

  Session open(const std::string& model) const {
    SessionOptions session;
    session.threads = options_.threads;
    return Session::from_bytes(model, session);
  }

  const Verification& compare(const graph::Graph& graph, const Session& session,
                              const std::string& precision) {
    // Half precision and whole numbers are judged by the tasks' figures.
    const auto tolerance = precision == kFloat ? std::optional(options_.tolerance) : std::nullopt;
    const auto& found = exported.models[precision] = verify(graph, session, examples_, tolerance);
    report[precision] = found.json();
    report[precision]["file"] = file_of(precision);
    return found;
  }

  void keep(const std::string& precision, const std::string& model, const Session& session) {
    if (options_.measure) report[precision]["metrics"] = options_.measure(session, precision);
    files[file_of(precision)] = model;
  }

  const graph::Graph& graph_;
  const std::vector<std::map<std::string, at::Tensor>>& examples_;
  const PackageOptions& options_;
  std::map<std::string, std::string> tensors_;  // of model.onnx, by the graph's values
};

}  // namespace

Exported export_package(const fs::path& folder, const graph::Graph& graph,
                        const std::vector<std::map<std::string, at::Tensor>>& examples,
                        const PackageOptions& options) {
  refuse_other_folder(folder);
  auto manifest = merged_manifest(graph, options, precisions(options).back());
  Writer writer(graph, examples, options);
  writer.write_float();
  if (options.half) writer.write_half();
  if (options.quantised) writer.write_int8(*options.quantised);

  auto& files = writer.files;
  files[kVerification] = json({{"models", writer.report}}).dump(2) + "\n";
  for (const auto& [name, bytes] : files) {
    manifest["files"][name] = {{"sha256", sha256(bytes)}, {"bytes", bytes.size()}};
  }
  files[kManifest] = manifest.dump(2) + "\n";
  replace_folder(folder, [&](const fs::path& scratch) {
    for (const auto& [name, bytes] : files) write_file(scratch / name, bytes);
  });
  return writer.exported;
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
