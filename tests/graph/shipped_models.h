#pragma once
// Every model that the project ships: each encoder with each stem, carrying every head.

#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "graph/trace.h"
#include "models/encoders.h"
#include "models/heads.h"
#include "models/multitask.h"

namespace manyfold::graph {

struct ShippedModel {
  std::string encoder;
  models::Stem stem;

  std::string name() const {
    return encoder + (stem == models::Stem::conv ? "_conv" : "_space_to_depth");
  }
  models::MultiTaskModel make() const {
    auto encoder_module = models::encoders().at(encoder)(stem);
    models::HeadOptions options;
    options.classes = 3;
    options.landmarks = 5;
    std::vector<std::pair<std::string, std::shared_ptr<models::Head>>> heads;
    for (const auto& [kind, factory] : models::heads()) {
      heads.emplace_back(kind, factory(encoder_module->features(), options));
    }
    return models::MultiTaskModel(encoder_module, heads);
  }
};

inline std::ostream& operator<<(std::ostream& out, const ShippedModel& model) {
  return out << model.name();
}

inline std::vector<ShippedModel> shipped_models() {
  std::vector<ShippedModel> all;
  for (const auto& encoder : models::encoders()) {
    all.push_back({encoder.first, models::Stem::conv});
    all.push_back({encoder.first, models::Stem::space_to_depth});
  }
  return all;
}

inline NamedTensors named(const models::Outputs& outputs) {
  NamedTensors result;
  for (const auto& [task, tensors] : outputs) {
    for (size_t i = 0; i < tensors.size(); ++i) {
      result.emplace_back(tensors.size() == 1 ? task : task + "." + std::to_string(i), tensors[i]);
    }
  }
  return result;
}

inline Graph trace_model(models::MultiTaskModel& model, Mode mode, int64_t size = 64) {
  const auto pictures = torch::randint(256, {2, 3, size, size}, torch::kUInt8);
  return trace(
      *model, [&](const Tensors& in) { return named(model->forward(in[0])); },
      {{"pictures", pictures}}, mode);
}

}  // namespace manyfold::graph
