#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "exporters/detections.h"
#include "exporters/runtime.h"
#include "exporters/verify.h"
#include "graph/graph.h"

namespace manyfold::exporters {

/// An int8 model for a package.
struct QuantisedModel {
  /// Frozen and prepared for export, with aten::fake_quantize_per_{tensor,channel}_affine where
  /// values are quantised and manyfold::quantise_bias on biases.
  graph::Graph graph;
  /// What is quantised and what is not: stands in verify.json under "coverage".
  nlohmann::json coverage;
  /// The text of encodings.json, from the ONNX tensor of model.onnx that every value of the float
  /// graph became (see `write_onnx`). None: no such file.
  std::function<std::string(const std::map<std::string, std::string>& tensors)> encodings;
  /// Names of the convolutions and linear layers that must run in whole numbers.
  std::vector<std::string> layers;
};

/// What may be chosen about an exported package.
struct PackageOptions {
  /// 11 to 17.
  int opset = 13;
  /// The batch size of the model; none leaves it free.
  std::optional<int64_t> batch;
  /// Largest allowed difference between LibTorch and ONNX Runtime; see `verify`.
  double tolerance = 1e-4;
  /// Threads of ONNX Runtime while it is verified.
  int threads = 1;
  std::string name = "manyfold";
  /// Of a model with memory: `examples` are the frames of one clip. Stands in manifest.json, too.
  std::vector<StatePair> states;
  /// Adds finished detections to every model, behind its raw outputs. They stand in manifest.json,
  /// and are compared with the decoder's on the examples; a difference stops the export. Float in
  /// every precision, `half_ends` or not.
  std::vector<DetectionOptions> detections;
  /// Adds model.fp16.onnx, once no value of the examples is beyond the largest half. Its
  /// differences stand in verify.json and do not stop the export.
  bool half = false;
  /// Whether float inputs and outputs of model.fp16.onnx are float16, too; else they stay float32.
  bool half_ends = false;
  /// Adds model.int8.onnx, once its layers run in whole numbers, and encodings.json. Its
  /// differences to the fake-quantised graph stand in verify.json and do not stop the export.
  std::optional<QuantisedModel> quantised;
  /// What a program needs to know to use the outputs (tasks, classes, anchors, strides, decoding
  /// parameters ...): an object whose keys stand in manifest.json beside the package's own, and in
  /// the model's metadata_props.
  nlohmann::json manifest = nlohmann::json::object();
  /// Measures every model that was written, as it runs in ONNX Runtime: what it returns stands in
  /// verify.json under the model's "metrics", such as the tasks' figures in both runtimes. The
  /// precision is "fp32", "fp16" or "int8". What it throws stops the export.
  std::function<nlohmann::json(const Session&, const std::string& precision)> measure;
};

/// What an export has found.
struct Exported {
  std::map<std::string, Verification> models;  // by precision: "fp32", "fp16", "int8"
  std::string warnings;                        // lines; empty when all is well
};

/// Writes the folder `folder` with model.onnx, what else was asked for, manifest.json and
/// verify.json. The manifest's "model" is the file to run: the int8 one, else the fp16 one, else
/// model.onnx.
///
/// `graph` was traced in evaluation. `examples` are input tensors by name, real ones where there
/// are some: LibTorch and ONNX Runtime run each of them, and the largest difference of every output
/// stands in verify.json.
///
/// All files are written to a folder beside and moved into place at once; a package that was there
/// is replaced. Past the tolerance, or on any other error, nothing is left under the final name.
///
/// Throws UserError for a difference of model.onnx past the tolerance (naming the output), a value
/// that half precision cannot hold, detections that are not the decoder's, a quantised layer that
/// runs in float, an operator that cannot be written, a manifest key that is the package's own, no
/// examples, and a folder that holds something other than a package.
Exported export_package(const std::filesystem::path& folder, const graph::Graph& graph,
                        const std::vector<std::map<std::string, at::Tensor>>& examples,
                        const PackageOptions& options = {});

/// An exported package, opened to be run.
class Package {
 public:
  /// A package's folder, or an ONNX file. Beside a manifest.json that names the file, every file of
  /// the package is compared with its SHA-256; an ONNX file on its own gives the manifest that its
  /// metadata holds.
  /// Throws UserError for a missing or changed file, naming it, for a package of a newer format,
  /// and for a manifest.json that says of the memory what the model does not.
  static Package open(const std::filesystem::path& path, const SessionOptions& options = {});

  const nlohmann::json& manifest() const { return manifest_; }
  const Session& session() const { return session_; }

 private:
  Package(nlohmann::json manifest, Session session)
      : manifest_(std::move(manifest)), session_(std::move(session)) {}
  nlohmann::json manifest_;
  Session session_;
};

}  // namespace manyfold::exporters
