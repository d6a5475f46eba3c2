#include "train/checkpoint.h"

#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/sha256.h"

namespace manyfold::train {
namespace {

using models::StateDict;
using torch::Tensor;
using Metadata = std::map<std::string, std::string>;

constexpr char kFormat[] = "manyfold checkpoint 1";

void add(StateDict& all, const std::string& prefix, const StateDict& part) {
  for (const auto& [name, tensor] : part) all[prefix + name] = tensor;
}

/// The entries under a prefix, which is cut off; an empty prefix takes the names without a slash.
StateDict take(const StateDict& all, const std::string& prefix) {
  StateDict part;
  for (const auto& [name, tensor] : all) {
    if (prefix.empty() ? name.find('/') == std::string::npos
                       : name.compare(0, prefix.size(), prefix) == 0) {
      part[name.substr(prefix.size())] = tensor;
    }
  }
  return part;
}

/// Covers names, types, shapes, bytes and metadata alike.
std::string digest(const StateDict& all, const Metadata& metadata) {
  std::string text;
  for (const auto& [key, value] : metadata) text += key + '\n' + value + '\n';
  return sha256(text + models::bytes_of(all));
}

}  // namespace

void save_checkpoint(const std::filesystem::path& path, const Checkpoint& c,
                     const BatchPart& batch) {
  StateDict all = c.deployed();
  if (!c.average.empty()) add(all, "raw/", c.weights);
  add(all, "optimizer/", c.optimizer);
  add(all, "weighting/", c.weighting);
  add(all, "objective/", c.objective);
  add(all, "batch/", batch.tensors);
  const nlohmann::json state = {{"step", c.step},
                                {"average_updates", c.average_updates},
                                {"skipped_in_a_row", c.skipped_in_a_row},
                                {"best", c.best},
                                {"loss_scale", c.loss_scale},
                                {"good_steps", c.good_steps},
                                {"optimizer_type", c.optimizer_type},
                                {"averaged", !c.average.empty()}};
  Metadata metadata = {{"format", kFormat}, {"state", state.dump()}, {"config", c.config}};
  if (!batch.notes.empty()) metadata["batch"] = batch.notes;
  metadata["sha256"] = digest(all, metadata);
  models::save_tensors(path, all, metadata);
}

Checkpoint load_checkpoint(const std::filesystem::path& path, BatchPart* batch) {
  const auto all = models::load_tensors(path);
  auto metadata = models::load_metadata(path);
  if (metadata["format"] != kFormat) {
    throw UserError(path.string() + " is no checkpoint of manyfold: its format says '" +
                    metadata["format"] + "', expected '" + kFormat + "'");
  }
  const auto expected = metadata["sha256"];
  metadata.erase("sha256");
  if (digest(all, metadata) != expected) {
    throw UserError(path.string() + " is damaged: its contents do not match their SHA-256 (" +
                    expected + "). Use another checkpoint of the run");
  }
  const auto state = nlohmann::json::parse(metadata["state"]);
  Checkpoint c;
  const bool averaged = state["averaged"];
  c.weights = take(all, averaged ? "raw/" : "");
  if (averaged) c.average = take(all, "");
  c.optimizer = take(all, "optimizer/");
  c.weighting = take(all, "weighting/");
  c.objective = take(all, "objective/");
  c.step = state["step"];
  c.average_updates = state["average_updates"];
  c.skipped_in_a_row = state["skipped_in_a_row"];
  c.best = state["best"];
  c.loss_scale = state.value("loss_scale", 0.0);
  c.good_steps = state.value("good_steps", int64_t{0});
  c.optimizer_type = state.value("optimizer_type", "");
  c.config = metadata["config"];
  if (batch) *batch = {take(all, "batch/"), metadata["batch"]};
  return c;
}

}  // namespace manyfold::train
