#include "quantise/sensitivity.h"

#include <algorithm>
#include <set>

namespace manyfold::quantise {

std::vector<LayerSensitivity> sensitivity(QuantisedModel& model,
                                          const std::function<double()>& score) {
  const auto& quantisers = model.quantisers();
  model.set_mode(Mode::off);
  const double reference = score();
  std::vector<LayerSensitivity> found;
  const auto measure = [&](const std::string& name) {
    const double here = score();
    found.push_back({name, here, reference - here});
    model.set_mode(Mode::off);
  };
  std::set<std::string> covered;
  for (const auto& layer : model.plan().layers) {
    const auto& owner = model.plan().find(layer.output)->owner;
    covered.insert(owner);
    quantisers.weights.at(layer.node)->mode = Mode::quantise;
    quantisers.activations.at(owner)->mode = Mode::quantise;
    measure(layer.scope);
  }
  for (const auto& [name, quantiser] : quantisers.activations) {
    if (covered.count(name)) continue;
    quantiser->mode = Mode::quantise;
    measure(name);
  }
  model.set_mode(Mode::quantise);
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.loss > b.loss; });
  return found;
}

}  // namespace manyfold::quantise
