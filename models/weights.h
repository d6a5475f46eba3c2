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

/// Copies all or nothing: throws UserError with the report, beginning with `origin`, unless every
/// name is there with its shape.
void load_state(torch::nn::Module& module, const StateDict& state, const std::string& origin);

/// Names, types, shapes and bytes of all tensors as one text: what hashes are made of.
std::string bytes_of(const StateDict& state);

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
