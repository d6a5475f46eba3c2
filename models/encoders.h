#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "models/features.h"

namespace manyfold::models {

/// How an encoder begins: `conv` is one 7x7 convolution with stride 4, `space_to_depth` moves 2x2
/// pixels into channels and convolves 3x3 with stride 2. For the same maps; some accelerators run
/// the second faster.
enum class Stem { conv, space_to_depth };

using EncoderFactory = std::function<std::shared_ptr<Encoder>(Stem)>;

/// Every encoder that a config may name. Their names tell the number of parameters. Weights are
/// drawn from LibTorch's generator: torch::manual_seed makes them repeatable.
const std::map<std::string, EncoderFactory>& encoders();

}  // namespace manyfold::models
