#pragma once

#include <torch/nn/module.h>

namespace manyfold::models {

/// Lays every 4-D parameter and buffer out channels-last, in which convolutions on the CPU and on
/// tensor cores are faster. Before an optimiser is made; the pictures must be laid out alike.
void set_channels_last(torch::nn::Module& module);

}  // namespace manyfold::models
