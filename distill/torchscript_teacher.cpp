#include "distill/torchscript_teacher.h"

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <filesystem>

#include "common/error.h"
#include "common/sha256.h"

namespace manyfold::distill {
namespace {

[[noreturn]] void refuse(const c10::IValue& value) {
  throw UserError("it returns " + value.tagKind() +
                  ", expected a tensor, or a dictionary, tuple or list of tensors");
}

torch::Tensor tensor_of(const c10::IValue& value) {
  if (!value.isTensor()) refuse(value);
  return value.toTensor();
}

template <class Items>
Named numbered(const Items& items) {
  Named outputs;
  for (const auto& item : items) {
    const auto name = std::to_string(outputs.size());
    outputs[name] = tensor_of(item);
  }
  return outputs;
}

Named named(const c10::IValue& result) {
  if (result.isTensor()) return {{"output", result.toTensor()}};
  if (result.isTuple()) return numbered(result.toTupleRef().elements());
  if (result.isTensorList()) return numbered(result.toTensorVector());
  if (result.isList()) return numbered(result.toListRef());
  if (!result.isGenericDict()) refuse(result);
  Named outputs;
  for (const auto& entry : result.toGenericDict()) {
    if (!entry.key().isString()) refuse(result);
    outputs[entry.key().toStringRef()] = tensor_of(entry.value());
  }
  return outputs;
}

torch::jit::Module load(const TeacherSetup& setup, torch::Device device) {
  const auto& path = setup.options.model;
  if (!std::filesystem::is_regular_file(path))
    throw UserError(who(setup) + ": there is no such file");
  try {
    auto module = torch::jit::load(path, device);
    module.eval();
    return torch::jit::freeze(module);
  } catch (const std::exception& error) {
    const std::string text = error.what();
    throw UserError(who(setup) +
                    " is no TorchScript that can be loaded: " + text.substr(0, text.find('\n')) +
                    "; save it with torch.jit.save(torch.jit.script(model.eval()), path)");
  }
}

}  // namespace

std::shared_ptr<Teacher> torchscript_teacher(const TeacherSetup& setup, torch::Device device) {
  const auto module = std::make_shared<torch::jit::Module>(load(setup, device));
  const auto run = [module, device](const torch::Tensor& pictures) {
    return named(module->forward({pictures.to(device)}));
  };
  return model_teacher(setup, sha256_of_file(setup.options.model), run);
}

}  // namespace manyfold::distill
