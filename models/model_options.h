#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/config/fields.h"
#include "models/encoders.h"
#include "models/temporal.h"

namespace manyfold::models {

/// What a config says of the shared part of a model: the keys under `model`.
struct ModelOptions {
  std::string encoder = "edge_420k";  // a name in encoders()
  Stem stem = Stem::conv;
  config::PictureSize input_size = {160, 160};
  TemporalOptions temporal;

  void fields(config::Fields& f);
  std::shared_ptr<Encoder> make_encoder() const;
  /// For an encoder with these maps; null for the type `none`.
  std::shared_ptr<Temporal> make_temporal(const std::vector<FeatureInfo>& features) const;
};

/// What is wrong with a size of pictures, to stand after "model.input_size = [100, 160], "; empty
/// when nothing is. Encoders halve five times, so both sides must be multiples of 32; BatchNorm
/// needs more than one cell of the coarsest map, so one side must be at least 64.
std::string input_size_problem(const config::PictureSize& size);

}  // namespace manyfold::models
