#pragma once
// Every model that the project ships: each encoder with each stem, carrying every head; and, of the
// smallest encoder, one with a detector at three scales and one with a memory.

#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "graph/trace.h"
#include "models/encoders.h"
#include "models/heads.h"
#include "models/multitask.h"
#include "models/temporal.h"

namespace manyfold::graph {

struct ShippedModel {
  std::string encoder;
  models::Stem stem;
  bool scales = false;  // with a task `detection`: two classes, boxes alone, at three strides
  bool memory = false;

  std::string name() const {
    return encoder + (stem == models::Stem::conv ? "_conv" : "_space_to_depth") +
           (scales ? "_three_scales" : "") + (memory ? "_memory" : "");
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
    if (scales) {
      options.classes = 2;
      options.landmarks = 0;
      options.strides = {8, 16, 32};
      heads.emplace_back("detection",
                         models::heads().at("detector")(encoder_module->features(), options));
    }
    return models::MultiTaskModel(encoder_module, heads,
                                  memory ? make_memory(*encoder_module) : nullptr);
  }

 private:
  /// With random parameters: the candidate of a new memory is all but zeros.
  static std::shared_ptr<models::Temporal> make_memory(const models::Encoder& encoder) {
    auto temporal = models::temporal_layers().at("convgru")(encoder.features(), {});
    const torch::NoGradGuard no_grad;
    for (auto& parameter : temporal->parameters()) parameter.normal_(0, 0.1);
    return temporal;
  }
};

inline std::ostream& operator<<(std::ostream& out, const ShippedModel& model) {
  return out << model.name();
}

/// Those that see every picture by itself.
inline std::vector<ShippedModel> shipped_models() {
  std::vector<ShippedModel> all;
  for (const auto& encoder : models::encoders()) {
    all.push_back({encoder.first, models::Stem::conv});
    all.push_back({encoder.first, models::Stem::space_to_depth});
  }
  all.push_back({"edge_200k", models::Stem::conv, /*scales=*/true});
  return all;
}

/// Those, and one whose graph also takes a state and returns the next.
inline std::vector<ShippedModel> all_shipped_models() {
  auto all = shipped_models();
  all.push_back({"edge_200k", models::Stem::conv, /*scales=*/false, /*memory=*/true});
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

/// What a model takes, drawn at random: pictures, and the state before them where it remembers.
inline NamedTensors inputs_of(models::MultiTaskModel& model, int64_t rows, int64_t size = 64) {
  NamedTensors inputs = {{"pictures", torch::randint(256, {rows, 3, size, size}, torch::kUInt8)}};
  if (!model->temporal()) return inputs;
  for (const auto& [name, channels, stride] : model->temporal()->states()) {
    inputs.emplace_back("state_in_" + name,
                        torch::randn({rows, channels, size / stride, size / stride}));
  }
  return inputs;
}

/// What it makes of them: its tasks' outputs, and the state after the pictures.
inline NamedTensors outputs_of(models::MultiTaskModel& model, const Tensors& inputs) {
  const auto step = model->forward(inputs[0], models::State(inputs.begin() + 1, inputs.end()));
  auto outputs = named(step.outputs);
  for (size_t i = 0; i < step.state.size(); ++i)
    outputs.emplace_back("state_out_" + model->temporal()->states()[i].name, step.state[i]);
  return outputs;
}

inline Graph trace_model(models::MultiTaskModel& model, Mode mode, int64_t size = 64) {
  return trace(
      *model, [&](const Tensors& in) { return outputs_of(model, in); }, inputs_of(model, 2, size),
      mode);
}

}  // namespace manyfold::graph
