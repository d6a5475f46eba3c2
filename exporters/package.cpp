#include "exporters/package.h"

#include "common/atomic_file.h"
#include "common/error.h"
#include "common/sha256.h"
#include "exporters/append_model.h"
#include "exporters/detections_check.h"
#include "exporters/export_passes.h"
#include "exporters/folder_swap.h"
#include "exporters/half.h"
#include "exporters/half_range.h"
#include "exporters/kernels.h"
#include "exporters/manifest.h"
#include "exporters/onnx_writer.h"

namespace manyfold::exporters {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kVerification = "verify.json";
constexpr const char* kEncodings = "encodings.json";

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
    const auto model = with_detections(onnx(graph_, kFloat, &tensors_));
    const auto session = open(model);
    refuse_difference(compare(graph_, session, kFloat));
    keep(kFloat, model, session);
  }

  void write_half() {
    auto prepared = graph_;
    prepare_for_export(prepared, std::nullopt);
    const auto range =
        check_half_range(prepared, with_states(prepared, examples_, options_.states));
    exported.warnings += range.text();
    const auto half = to_half(onnx(graph_, kHalf), options_.half_ends);
    const auto model = with_detections(half.bytes, options_.half_ends ? at::kHalf : at::kFloat);
    const auto session = open(model);
    compare(graph_, session, kHalf);
    report[kHalf]["clipped_weights"] = half.clipped;
    report[kHalf]["flushed_weights"] = half.flushed;
    report[kHalf]["range"] = range.json();
    keep(kHalf, model, session);
  }

  /// After `write_float`, whose tensors the encodings name.
  void write_int8(const QuantisedModel& quantised) {
    const auto model = with_detections(onnx(quantised.graph, kInt8));
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
    onnx.metadata = as_metadata(make_manifest(graph_, options_, precision));
    return write_onnx(graph, onnx, tensors);
  }

  std::string with_detections(std::string model, c10::ScalarType raw = at::kFloat) const {
    for (const auto& task : options_.detections) {
      const auto tail = detections_model(task, graph_, options_.opset, options_.batch, raw);
      model = append_model(model, tail, detection_axis(task) + "/");
    }
    return model;
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
    std::vector<DetectionsCheck> checks;
    for (const auto& task : options_.detections) checks.emplace_back(task, options_.tolerance);
    const auto& found = exported.models[precision] =
        verify(graph, session, examples_, tolerance, options_.states, [&](const auto& outputs) {
          for (auto& check : checks) check.add(outputs);
        });
    report[precision] = found.json();
    report[precision]["file"] = file_of(precision);
    for (const auto& check : checks) judge(check, precision);
    return found;
  }

  void judge(const DetectionsCheck& check, const std::string& precision) {
    check.require();
    report[precision]["detections"][check.task()] = check.json();
    if (check.objects() > 0) return;
    exported.warnings += precision + ": no object of " + check.task() +
                         " reaches its threshold on the examples, so that the detections in the "
                         "graph were compared with nothing\n";
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
  auto manifest = make_manifest(graph, options, precisions(options).back());
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
  auto session = Session::open(file, options);
  check_states(file, manifest, from_metadata(session.metadata()));
  return {std::move(manifest), std::move(session)};
}

}  // namespace manyfold::exporters
