#include "cli/job/encoder_init.h"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <set>
#include <vector>

#include "common/config/yaml_reader.h"
#include "common/error.h"
#include "common/sha256.h"
#include "train/checkpoint.h"
#include "train/run_folder.h"

namespace manyfold::cli {
namespace {

using models::StateDict;

constexpr char kEncoder[] = "encoder.";

bool is_of_encoder(const std::string& name) { return name.rfind(kEncoder, 0) == 0; }

StateDict encoder_part(const StateDict& state) {
  StateDict part;
  for (const auto& [name, tensor] : state) {
    if (is_of_encoder(name)) part[name.substr(sizeof kEncoder - 1)] = tensor;
  }
  return part;
}

/// The parts beside the encoder ("heads.gesture", "temporal") that weights hold.
std::string other_parts(const StateDict& state) {
  std::set<std::string> parts;
  for (const auto& [name, tensor] : state) {
    const auto first = name.find('.');
    if (is_of_encoder(name) || first == std::string::npos) continue;
    const bool head = name.rfind("heads.", 0) == 0;
    parts.insert(name.substr(0, head ? name.find('.', first + 1) : first));
  }
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text.empty() ? "nothing" : text;
}

std::pair<std::filesystem::path, train::Checkpoint> checkpoint_of(const std::string& init) {
  if (!std::filesystem::exists(init)) {
    throw UserError("encoder.init = " + init + " does not exist; expected a run or a checkpoint");
  }
  try {
    const auto file = train::find_checkpoint(init);
    return {file, train::load_checkpoint(file)};
  } catch (const UserError& error) {
    throw UserError("encoder.init = " + init + ": " + error.what());
  }
}

/// In which tensors weights differ from a model's, the first three; empty when they fit.
std::string differences(const StateDict& weights, const StateDict& own) {
  std::vector<std::string> found;
  for (const auto& [name, tensor] : weights) {
    const auto place = own.find(name);
    if (place == own.end() || place->second.sizes() == tensor.sizes()) continue;
    found.push_back(name + c10::str(": ", tensor.sizes(), " in the weights, ",
                                    place->second.sizes(), " in the model"));
  }
  for (const auto& entry : weights) {
    if (!own.count(entry.first)) found.push_back(entry.first + " is in the weights only");
  }
  for (const auto& entry : own) {
    if (!weights.count(entry.first)) found.push_back(entry.first + " is in the model only");
  }
  std::string text;
  for (size_t i = 0; i < found.size() && i < 3; ++i) text += "\n  " + found[i];
  return found.size() > 3 ? text + "\n  and so on" : text;
}

/// "; it holds edge_2m4 (from its config): take model=edge_2m4 model.stem=conv"
std::string held_encoder(const std::string& yaml) {
  const auto config = config::parse_yaml(yaml, "a checkpoint");
  const auto* model = config.find("model");
  const auto* encoder = model ? model->find("encoder") : nullptr;
  const auto* stem = model ? model->find("stem") : nullptr;
  if (!encoder || !encoder->is_string()) return "";
  const auto choice =
      encoder->text() + (stem && stem->is_string() ? " model.stem=" + stem->text() : "");
  return "; it holds " + encoder->text() + " (from its config): take model=" + choice;
}

void load_fitting(const EncoderOptions& options, const std::string& config,
                  const StateDict& weights, models::Encoder& encoder) {
  try {
    models::load_state(encoder, weights, "encoder.init = " + options.init);
  } catch (const UserError&) {
    const auto text = differences(weights, models::state_dict(encoder));
    if (text.empty()) throw;
    throw UserError("encoder.init = " + options.init +
                    " does not fit model.encoder of this config, and nothing was loaded" +
                    held_encoder(config) + text);
  }
}

void refuse_other_hash(const EncoderOptions& options, const std::string& found) {
  if (found.rfind(options.sha256, 0) == 0) return;
  throw UserError("encoder.init = " + options.init + " hashes to " + found +
                  ", and encoder.sha256 expects " + options.sha256 +
                  ": it is another encoder than the one meant");
}

}  // namespace

std::string encoder_hash(const models::MultiTaskModel& model) {
  return sha256(models::bytes_of(encoder_part(models::state_dict(*model))));
}

void load_encoder(const EncoderOptions& options, models::MultiTaskModel& model) {
  const auto [file, checkpoint] = checkpoint_of(options.init);
  const auto encoder = encoder_part(checkpoint.deployed());
  if (encoder.empty())
    throw UserError("encoder.init = " + options.init + ": " + file.string() + " holds no encoder");
  const auto hash = sha256(models::bytes_of(encoder));
  refuse_other_hash(options, hash);
  load_fitting(options, checkpoint.config, encoder, model->encoder());
  spdlog::info("encoder.init: all {} tensors of the encoder in {} (sha256 {}) are loaded",
               encoder.size(), file.string(), hash.substr(0, 16));
  spdlog::info("encoder.init: left there: {}; begin anew here: {}",
               other_parts(checkpoint.deployed()), other_parts(models::state_dict(*model)));
}

}  // namespace manyfold::cli
