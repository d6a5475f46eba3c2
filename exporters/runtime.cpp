#include "exporters/runtime.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>
#include <sstream>

#include "common/atomic_file.h"
#include "common/error.h"
#include "exporters/runtime_library.h"

namespace manyfold::exporters {
namespace {

struct TypePair {
  c10::ScalarType torch;
  ONNXTensorElementDataType onnx;
};
constexpr TypePair kTypes[] = {
    {c10::ScalarType::Float, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT},
    {c10::ScalarType::Double, ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE},
    {c10::ScalarType::Half, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16},
    {c10::ScalarType::Byte, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8},
    {c10::ScalarType::Char, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8},
    {c10::ScalarType::Short, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16},
    {c10::ScalarType::Int, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32},
    {c10::ScalarType::Long, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64},
    {c10::ScalarType::Bool, ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL},
};

c10::ScalarType torch_type(ONNXTensorElementDataType type) {
  for (const auto& pair : kTypes) {
    if (pair.onnx == type) return pair.torch;
  }
  throw UserError("the ONNX model has a tensor of element type " + std::to_string(type) +
                  ", which manyfold does not run");
}

ONNXTensorElementDataType onnx_type(c10::ScalarType type) {
  for (const auto& pair : kTypes) {
    if (pair.torch == type) return pair.onnx;
  }
  throw UserError(std::string("ONNX Runtime takes no tensor of ") + c10::toString(type));
}

template <class F>
auto translated(const std::string& doing, F f) {
  try {
    return f();
  } catch (const Ort::Exception& error) {
    throw UserError("ONNX Runtime, " + doing + ": " + error.what());
  }
}

Ort::Env& environment() {
  open_runtime();
  static Ort::Env env(ORT_LOGGING_LEVEL_ERROR, "manyfold");
  return env;
}

Ort::SessionOptions runtime_options(const SessionOptions& options) {
  Ort::SessionOptions result;
  result.SetIntraOpNumThreads(options.threads);
  result.SetInterOpNumThreads(1);
  result.SetGraphOptimizationLevel(options.optimise ? ORT_ENABLE_ALL : ORT_DISABLE_ALL);
  // A thread that waits for work would take it from LibTorch's.
  result.AddConfigEntry("session.intra_op.allow_spinning", "0");
  if (!options.optimised_model.empty()) {
    result.SetGraphOptimizationLevel(ORT_ENABLE_EXTENDED);
    result.SetOptimizedModelFilePath(options.optimised_model.c_str());
  }
  return result;
}

std::string to_string(const std::vector<int64_t>& shape) {
  std::ostringstream text;
  text << "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    text << (i ? ", " : "") << (shape[i] < 0 ? "any" : std::to_string(shape[i]));
  }
  text << "]";
  return text.str();
}

void check(const TensorInfo& info, const at::Tensor& tensor) {
  bool fits = tensor.defined() && tensor.scalar_type() == info.type &&
              tensor.dim() == static_cast<int64_t>(info.shape.size());
  for (int64_t d = 0; fits && d < tensor.dim(); ++d) {
    fits = info.shape[d] < 0 || info.shape[d] == tensor.size(d);
  }
  if (fits) return;
  const auto found = !tensor.defined() ? std::string("nothing")
                                       : std::string(c10::toString(tensor.scalar_type())) + " " +
                                             to_string(tensor.sizes().vec());
  throw UserError("the ONNX model's input '" + info.name + "' must be " + c10::toString(info.type) +
                  " " + to_string(info.shape) + ", got " + found);
}

/// That free sizes of one name are one size. Every tensor has been checked by itself.
void check_together(const std::vector<TensorInfo>& infos, const std::vector<at::Tensor>& tensors) {
  std::map<std::string, std::pair<std::string, int64_t>> seen;  // the input that set the size
  for (size_t i = 0; i < infos.size(); ++i) {
    for (size_t d = 0; d < infos[i].names.size(); ++d) {
      const auto& size_name = infos[i].names[d];
      const int64_t size = tensors[i].size(static_cast<int64_t>(d));
      if (size_name.empty() || infos[i].shape[d] >= 0) continue;
      const auto& first = seen.try_emplace(size_name, infos[i].name, size).first->second;
      if (first.second == size) continue;
      throw UserError("the ONNX model's inputs must agree on " + size_name + ": '" + first.first +
                      "' has " + std::to_string(first.second) + ", '" + infos[i].name + "' " +
                      std::to_string(size));
    }
  }
}

// The tensor keeps the runtime's memory alive.
at::Tensor as_tensor(Ort::Value&& value) {
  const auto info = value.GetTensorTypeAndShapeInfo();
  const auto owner = std::make_shared<Ort::Value>(std::move(value));
  return at::from_blob(
      owner->GetTensorMutableRawData(), info.GetShape(), [owner](void*) {},
      at::TensorOptions().dtype(torch_type(info.GetElementType())));
}

}  // namespace

struct Session::Impl {
  Impl(const std::string& bytes, const std::string& name, const SessionOptions& options) {
    auto& env = environment();
    translated("loading " + name, [&] {
      session = Ort::Session(env, bytes.data(), bytes.size(), runtime_options(options));
      Ort::AllocatorWithDefaultOptions allocator;
      const auto describe = [](const Ort::AllocatedStringPtr& name, const Ort::TypeInfo& type) {
        const auto info = type.GetTensorTypeAndShapeInfo();
        const auto names = info.GetSymbolicDimensions();
        return TensorInfo{name.get(),
                          info.GetShape(),
                          {names.begin(), names.end()},
                          torch_type(info.GetElementType())};
      };
      for (size_t i = 0; i < session.GetInputCount(); ++i) {
        inputs.push_back(
            describe(session.GetInputNameAllocated(i, allocator), session.GetInputTypeInfo(i)));
      }
      for (size_t i = 0; i < session.GetOutputCount(); ++i) {
        outputs.push_back(
            describe(session.GetOutputNameAllocated(i, allocator), session.GetOutputTypeInfo(i)));
      }
      const auto properties = session.GetModelMetadata();
      for (const auto& key : properties.GetCustomMetadataMapKeysAllocated(allocator)) {
        const auto value = properties.LookupCustomMetadataMapAllocated(key.get(), allocator);
        metadata[key.get()] = value ? value.get() : "";
      }
    });
  }

  mutable Ort::Session session{nullptr};
  std::vector<TensorInfo> inputs, outputs;
  std::map<std::string, std::string> metadata;
};

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

Session Session::open(const std::filesystem::path& model, const SessionOptions& options) {
  return Session(std::make_unique<Impl>(read_file(model), model.string(), options));
}

Session Session::from_bytes(const std::string& model, const SessionOptions& options) {
  return Session(std::make_unique<Impl>(model, "a model", options));
}

const std::vector<TensorInfo>& Session::inputs() const { return impl_->inputs; }
const std::vector<TensorInfo>& Session::outputs() const { return impl_->outputs; }
const std::map<std::string, std::string>& Session::metadata() const { return impl_->metadata; }

NamedOutputs Session::run(const std::map<std::string, at::Tensor>& inputs,
                          const std::vector<std::string>& wanted) const {
  std::vector<std::string> known;
  for (const auto& info : impl_->inputs) known.push_back(info.name);
  for (const auto& [name, tensor] : inputs) {
    if (std::count(known.begin(), known.end(), name)) continue;
    throw UserError("the ONNX model has no input '" + name + "'" + known_names(name, known));
  }
  const auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  std::vector<at::Tensor> alive;
  std::vector<Ort::Value> values;
  std::vector<const char*> input_names, output_names;
  for (const auto& info : impl_->inputs) {
    const auto given = inputs.find(info.name);
    check(info, given == inputs.end() ? at::Tensor() : given->second);
    alive.push_back(given->second.detach().cpu().contiguous());
    const auto& tensor = alive.back();
    values.push_back(Ort::Value::CreateTensor(memory, tensor.data_ptr(), tensor.nbytes(),
                                              tensor.sizes().data(), tensor.dim(),
                                              onnx_type(tensor.scalar_type())));
    input_names.push_back(info.name.c_str());
  }
  check_together(impl_->inputs, alive);
  for (const auto& info : impl_->outputs) {
    if (wanted.empty() || std::count(wanted.begin(), wanted.end(), info.name)) {
      output_names.push_back(info.name.c_str());
    }
  }
  TORCH_CHECK(wanted.empty() || output_names.size() == wanted.size(),
              "the ONNX model has not every output that was asked for");
  return translated("running the model", [&] {
    auto results = impl_->session.Run(Ort::RunOptions{nullptr}, input_names.data(), values.data(),
                                      values.size(), output_names.data(), output_names.size());
    NamedOutputs outputs;
    for (size_t i = 0; i < results.size(); ++i) {
      outputs[output_names[i]] = as_tensor(std::move(results[i]));
    }
    return outputs;
  });
}

std::string runtime_version() { return open_runtime().GetVersionString(); }

}  // namespace manyfold::exporters
