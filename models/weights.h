#pragma once

#include <torch/nn/module.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace manyfold::models {

/// Parameters and buffers by PyTorch's names ("encoder.stride8.0.conv.weight").
using StateDict = std::map<std::string, torch::Tensor>;

/// The module's own tensors, not copies.
StateDict state_dict(const torch::nn::Module& module);

/// How a StateDict fits a module.
struct LoadReport {
  std::vector<std::string> missing;     // the module has it, the dict does not
  std::vector<std::string> unexpected;  // the other way round
  std::vector<std::string> mismatched;  // "out.bias: [3] in the weights, [5] in the model"
  bool complete() const { return missing.empty() && unexpected.empty() && mismatched.empty(); }
  /// One line for each kind, the first few names of each.
  std::string text() const;
};

/// Copies what fits by name and shape, converting types, and reports the rest. `prefix` + name is
/// looked up for each of the module's names; what does not begin with it is not looked at.
LoadReport load_matching(torch::nn::Module& module, const StateDict& state,
                         const std::string& prefix = "");

/// Copies all or nothing: throws UserError with the report, beginning with `origin`, unless every
/// name is there with its shape.
void load_state(torch::nn::Module& module, const StateDict& state, const std::string& origin);

/// safetensors files of tensors. Contiguous copies are written.
void save_tensors(const std::filesystem::path& path, const StateDict& state,
                  const std::map<std::string, std::string>& metadata = {});
/// Throws UserError when the file is damaged or holds a type that LibTorch lacks.
StateDict load_tensors(const std::filesystem::path& path);
std::map<std::string, std::string> load_metadata(const std::filesystem::path& path);

void save_weights(const std::filesystem::path& path, const torch::nn::Module& module,
                  const std::map<std::string, std::string>& metadata = {});
void load_weights(const std::filesystem::path& path, torch::nn::Module& module);

}  // namespace manyfold::models
