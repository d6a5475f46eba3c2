#include "exporters/kernels.h"

#include <onnx/onnx_pb.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "common/atomic_file.h"
#include "common/error.h"
#include "exporters/runtime.h"

namespace manyfold::exporters {
namespace {

namespace fs = std::filesystem;

const std::set<std::string> kIntegerLayers = {"ConvInteger",          "MatMulInteger",
                                              "MatMulIntegerToFloat", "QGemm",
                                              "QLinearConv",          "QLinearMatMul"};
const std::set<std::string> kFloatLayers = {
    "Conv", "ConvTranspose", "FusedConv", "FusedGemm", "FusedMatMul", "Gemm", "MatMul"};

/// A folder of its own under the system's for temporary files.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = fs::temp_directory_path() / "manyfold_XXXXXX";
    if (!mkdtemp(name.data())) {
      throw UserError("export: cannot make a folder for temporary files in " +
                      fs::temp_directory_path().string());
    }
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

onnx::GraphProto optimised(const std::string& model, int threads) {
  const ScratchFolder folder;
  SessionOptions options;
  options.threads = threads;
  options.optimised_model = folder.path() / "optimised.onnx";
  Session::from_bytes(model, options);
  onnx::ModelProto result;
  if (!result.ParseFromString(read_file(options.optimised_model))) {
    throw UserError("export: ONNX Runtime wrote its optimised model in a form that is not ONNX");
  }
  return result.graph();
}

std::map<std::string, int64_t> count(const onnx::GraphProto& graph) {
  std::map<std::string, int64_t> kernels;
  for (const auto& node : graph.node()) ++kernels[node.op_type()];
  return kernels;
}

// "encoder.stem/Conv" is of the module "encoder.stem", as is the graph's
// "encoder.stem/convolution".
std::string module_of(const std::string& node) { return node.substr(0, node.rfind('/')); }

// Of the modules of `layers`; of any module when that leaves none.
std::string float_layers(const onnx::GraphProto& graph, const std::vector<std::string>& layers) {
  std::set<std::string> modules;
  for (const auto& layer : layers) modules.insert(module_of(layer));
  std::string wanted, any;
  for (const auto& node : graph.node()) {
    if (!kFloatLayers.count(node.op_type())) continue;
    const auto line = "\n  " + node.name() + " (" + node.op_type() + ")";
    any += line;
    if (modules.count(module_of(node.name()))) wanted += line;
  }
  return wanted.empty() ? any : wanted;
}

}  // namespace

std::map<std::string, int64_t> optimised_kernels(const std::string& model, int threads) {
  return count(optimised(model, threads));
}

std::map<std::string, int64_t> require_integer_kernels(const std::string& model,
                                                       const std::vector<std::string>& layers,
                                                       int threads) {
  const auto graph = optimised(model, threads);
  const auto kernels = count(graph);
  int64_t found = 0;
  for (const auto& [name, nodes] : kernels) found += kIntegerLayers.count(name) ? nodes : 0;
  const auto expected = static_cast<int64_t>(layers.size());
  if (found >= expected) return kernels;
  throw UserError("export: " + std::to_string(expected) +
                  " layers are quantised, but ONNX Runtime " + runtime_version() + " runs " +
                  std::to_string(found) + " in whole numbers; in float it runs" +
                  float_layers(graph, layers) +
                  "\nan integer kernel needs a quantised input, weight and output, the output with "
                  "no other reader, and a bias in steps of input times weight; quantise what "
                  "surrounds these layers, too, or leave them in float by name");
}

}  // namespace manyfold::exporters
