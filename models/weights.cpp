#include "models/weights.h"

#include <torch/types.h>

#include <algorithm>
#include <cstring>
#include <sstream>

#include "common/error.h"
#include "common/safetensors.h"

namespace manyfold::models {
namespace {

using torch::Tensor;

const std::map<std::string, torch::ScalarType>& types() {
  static const std::map<std::string, torch::ScalarType> table = {
      {"BF16", torch::kBFloat16}, {"BOOL", torch::kBool},  {"F16", torch::kHalf},
      {"F32", torch::kFloat},     {"F64", torch::kDouble}, {"I16", torch::kShort},
      {"I32", torch::kInt},       {"I64", torch::kLong},   {"I8", torch::kChar},
      {"U8", torch::kByte}};
  return table;
}

std::string type_name(const std::string& name, torch::ScalarType type) {
  for (const auto& [text, known] : types()) {
    if (known == type) return text;
  }
  TORCH_CHECK(false, "save_tensors: '", name, "' has type ", type, ", which cannot be written");
}

std::string shape_text(const Tensor& tensor) {
  std::ostringstream text;
  text << tensor.sizes();
  return text.str();
}

/// How a StateDict fits a module.
struct LoadReport {
  std::vector<std::string> missing;     // the module has it, the dict does not
  std::vector<std::string> unexpected;  // the other way round
  std::vector<std::string> mismatched;  // "out.bias: [3] in the weights, [5] in the model"
  bool complete() const { return missing.empty() && unexpected.empty() && mismatched.empty(); }
  /// One line for each kind, the first few names of each.
  std::string text() const;
};

void list(std::ostringstream& text, const char* title, const std::vector<std::string>& names) {
  constexpr size_t kShown = 8;
  if (names.empty()) return;
  text << "\n  " << title << " (" << names.size() << "): ";
  for (size_t i = 0; i < std::min(kShown, names.size()); ++i) text << (i ? ", " : "") << names[i];
  if (names.size() > kShown) text << ", ...";
}

std::string LoadReport::text() const {
  std::ostringstream text;
  list(text, "missing", missing);
  list(text, "unexpected", unexpected);
  list(text, "of another shape", mismatched);
  return text.str();
}

/// Compares names and shapes; `matched` receives (the module's tensor, the dict's).
LoadReport compare(const torch::nn::Module& module, const StateDict& state,
                   std::vector<std::pair<Tensor, Tensor>>& matched) {
  LoadReport report;
  const auto own = state_dict(module);
  for (const auto& [name, tensor] : own) {
    const auto found = state.find(name);
    if (found == state.end()) {
      report.missing.push_back(name);
    } else if (found->second.sizes() != tensor.sizes()) {
      report.mismatched.push_back(name + ": " + shape_text(found->second) + " in the weights, " +
                                  shape_text(tensor) + " in the model");
    } else {
      matched.emplace_back(tensor, found->second);
    }
  }
  for (const auto& [name, tensor] : state) {
    if (own.count(name) == 0) report.unexpected.push_back(name);
  }
  return report;
}

void copy(const std::vector<std::pair<Tensor, Tensor>>& matched) {
  const torch::NoGradGuard no_grad;
  for (const auto& [to, from] : matched) to.copy_(from);
}

}  // namespace

StateDict state_dict(const torch::nn::Module& module) {
  StateDict state;
  for (const auto& item : module.named_parameters()) state[item.key()] = item.value();
  for (const auto& item : module.named_buffers()) state[item.key()] = item.value();
  return state;
}

void load_state(torch::nn::Module& module, const StateDict& state, const std::string& origin) {
  std::vector<std::pair<Tensor, Tensor>> matched;
  const auto report = compare(module, state, matched);
  if (!report.complete()) throw UserError(origin + ": weights of another model:" + report.text());
  copy(matched);
}

std::string bytes_of(const StateDict& state) {
  std::string text;
  for (const auto& [name, tensor] : state) {
    text += name + ' ' + c10::toString(tensor.scalar_type());
    for (const auto size : tensor.sizes()) text += ' ' + std::to_string(size);
    const auto bytes = tensor.detach().cpu().contiguous();
    text.append(static_cast<const char*>(bytes.data_ptr()), bytes.nbytes());
  }
  return text;
}

void save_tensors(const std::filesystem::path& path, const StateDict& state,
                  const std::map<std::string, std::string>& metadata) {
  std::vector<Tensor> kept;  // owns the bytes until they are written
  safetensors::Entries entries;
  for (const auto& [name, tensor] : state) {
    const auto& plain =
        kept.emplace_back(tensor.detach().cpu().contiguous(torch::MemoryFormat::Contiguous));
    entries[name] = {type_name(name, plain.scalar_type()),
                     plain.sizes().vec(),
                     {static_cast<const char*>(plain.data_ptr()), plain.nbytes()}};
  }
  safetensors::write(path, entries, metadata);
}

StateDict load_tensors(const std::filesystem::path& path) {
  StateDict state;
  const auto file = safetensors::read(path);
  for (const auto& [name, entry] : file.entries) {
    const auto type = types().find(entry.dtype);
    if (type == types().end()) {
      throw UserError(path.string() + ": tensor '" + name + "' has type " + entry.dtype +
                      ", which LibTorch cannot hold");
    }
    const auto tensor = torch::empty(entry.shape, type->second);
    if (!entry.bytes.empty()) {
      std::memcpy(tensor.data_ptr(), entry.bytes.data(), entry.bytes.size());
    }
    state[name] = tensor;
  }
  return state;
}

std::map<std::string, std::string> load_metadata(const std::filesystem::path& path) {
  return safetensors::read(path).metadata;
}

void save_weights(const std::filesystem::path& path, const torch::nn::Module& module,
                  const std::map<std::string, std::string>& metadata) {
  save_tensors(path, state_dict(module), metadata);
}

void load_weights(const std::filesystem::path& path, torch::nn::Module& module) {
  load_state(module, load_tensors(path), path.string());
}

}  // namespace manyfold::models
