#include "exporters/manifest.h"

#include "common/atomic_file.h"
#include "common/error.h"
#include "common/sha256.h"

namespace manyfold::exporters {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* kFormat = "manyfold-package";
constexpr int64_t kFormatVersion = 1;

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

json states_entry(const std::vector<StatePair>& states) {
  auto pairs = json::array();
  for (const auto& pair : states) pairs.push_back({{"input", pair.input}, {"output", pair.output}});
  return {
      {"pairs", pairs},
      {"start", "zeros"},
      {"rule",
       "give each output to its input with the next frame; begin again with zeros at the start of "
       "a stream, after a cut, a dropped second or more, and when the camera or its resolution "
       "changes; do not let an input and its output share memory"}};
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
  for (const auto& task : options.detections) {
    for (const auto& output : detection_outputs(task)) {
      auto shape = json::array({detection_axis(task)});
      for (const auto size : output.each) shape.push_back(size);
      outputs.push_back(
          {{"name", output.name}, {"shape", shape}, {"dtype", type_name(output.type)}});
    }
  }
  auto models = json::object();
  for (const auto& each : precisions(options)) models[each] = file_of(each);
  json own = {{"format", kFormat},
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
  for (const auto& task : options.detections)
    own["detections"][task.task] = describe_detections(task);
  if (!options.states.empty()) own["states"] = states_entry(options.states);
  return own;
}

bool is_manifest(const json& manifest) {
  return manifest.is_object() && manifest.contains("format") && manifest["format"] == kFormat &&
         manifest.contains("model") && manifest["model"].is_string() &&
         manifest.contains("files") && manifest["files"].is_object();
}

json pairs_of(const json& manifest) {
  const auto states = manifest.value("states", json());
  return states.is_object() ? states.value("pairs", json()) : json();
}

/// The shape of the input or output of a name; null when there is none.
json shape_of(const json& manifest, const char* ends, const json& name) {
  for (const auto& entry : manifest.value(ends, json::array())) {
    if (entry.is_object() && entry.value("name", json()) == name)
      return entry.value("shape", json());
  }
  return {};
}

json parse_manifest(const fs::path& path) {
  return json::parse(read_file(path), nullptr, /*allow_exceptions=*/false);
}

}  // namespace

std::string file_of(const std::string& precision) {
  return precision == kFloat ? "model.onnx" : "model." + precision + ".onnx";
}

std::vector<std::string> precisions(const PackageOptions& options) {
  std::vector<std::string> all = {kFloat};
  if (options.half) all.emplace_back(kHalf);
  if (options.quantised) all.emplace_back(kInt8);
  return all;
}

json make_manifest(const graph::Graph& graph, const PackageOptions& options,
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

bool is_package(const fs::path& folder) {
  return fs::exists(folder / kManifest) && is_manifest(parse_manifest(folder / kManifest));
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

void check_states(const fs::path& model, const json& manifest, const json& own) {
  if (!own.contains("inputs") || !own["inputs"].is_array()) return;  // no metadata of ours
  const auto refuse = [&](const std::string& what, const json& said, const json& found) {
    throw UserError((model.parent_path() / kManifest).string() + ": " + what + " " + said.dump() +
                    ", and " + model.filename().string() + " has " + found.dump() +
                    "; export the model again");
  };
  const auto pairs = pairs_of(own), said = pairs_of(manifest);
  if (pairs != said) refuse("the pairs of `states` are", said, pairs);
  for (const auto& pair : pairs) {
    for (const auto& [key, ends] : {std::pair("input", "inputs"), std::pair("output", "outputs")}) {
      const auto& name = pair.at(key);
      const auto given = shape_of(manifest, ends, name), shape = shape_of(own, ends, name);
      if (given != shape) refuse("state " + name.dump() + " is", given, shape);
    }
  }
}

}  // namespace manyfold::exporters
