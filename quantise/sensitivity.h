#pragma once

#include <functional>
#include <string>
#include <vector>

#include "quantise/quantised_model.h"

namespace manyfold::quantise {

/// What quantising one layer alone (its weight and its output) does to a model's score.
struct LayerSensitivity {
  std::string layer;  // its module, or the name of a tensor that no layer gives
  double score = 0;
  double loss = 0;  // score of the float model - score
};

/// `score` judges the model as it stands; higher is better. The most sensitive layer first. The
/// model is quantised as a whole afterwards.
std::vector<LayerSensitivity> sensitivity(QuantisedModel& model,
                                          const std::function<double()>& score);

}  // namespace manyfold::quantise
