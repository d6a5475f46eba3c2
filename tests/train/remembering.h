#pragma once

#include "models/temporal.h"
#include "tests/train/tiny_model.h"

namespace manyfold::train {

/// The tiny model with a memory of all its channels, in evaluation.
inline models::MultiTaskModel remembering() {
  const TinyModel tiny;
  const auto temporal =
      std::make_shared<models::Temporal>(tiny.encoder->features(), models::TemporalOptions());
  models::MultiTaskModel model(
      tiny.encoder,
      std::vector<std::pair<std::string, std::shared_ptr<models::Head>>>{{"sign", tiny.head}},
      temporal);
  model->eval();
  return model;
}

}  // namespace manyfold::train
