#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace manyfold::exporters {

/// An input or output of a model.
struct TensorInfo {
  std::string name;
  std::vector<int64_t> shape;      // -1: any
  std::vector<std::string> names;  // of the free sizes: "N"; empty where the model gives none
  c10::ScalarType type;
};

struct SessionOptions {
  /// Threads of one operator. ONNX Runtime keeps its own, beside LibTorch's.
  int threads = 1;
  /// Whether the runtime may fuse and fold nodes.
  bool optimise = true;
  /// Where the runtime writes the model as it runs it, to see what was fused; empty: nowhere.
  std::filesystem::path optimised_model;
};

using NamedOutputs = std::map<std::string, at::Tensor>;

/// A model in ONNX Runtime, on the CPU.
///
/// The runtime is opened when the first session is made: from the file that the environment
/// variable MANYFOLD_ONNXRUNTIME_LIB names; else from the folder that the program was built with;
/// else from `../lib` beside the program; else from where the system looks. Any version from that
/// of the headers on serves. UserError, with the way out, when there is none.
class Session {
 public:
  /// Throws UserError, with the runtime's words, for a file it cannot load.
  static Session open(const std::filesystem::path& model, const SessionOptions& options = {});
  static Session from_bytes(const std::string& model, const SessionOptions& options = {});
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  const std::vector<TensorInfo>& inputs() const;
  const std::vector<TensorInfo>& outputs() const;
  const std::map<std::string, std::string>& metadata() const;

  /// Runs the model; all outputs when `wanted` is empty. Contiguous CPU tensors are handed over
  /// without a copy, and the results own the runtime's memory. May be called by several threads.
  /// Throws UserError for an input that is missing, unknown, or of another type or shape, and for
  /// inputs whose sizes of one name differ: one state cannot serve two pictures.
  NamedOutputs run(const std::map<std::string, at::Tensor>& inputs,
                   const std::vector<std::string>& wanted = {}) const;

 private:
  struct Impl;
  explicit Session(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// "1.29.0". Throws UserError when there is none.
std::string runtime_version();

}  // namespace manyfold::exporters
