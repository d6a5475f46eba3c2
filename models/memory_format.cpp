#include "models/memory_format.h"

#include <torch/types.h>

namespace manyfold::models {

void set_channels_last(torch::nn::Module& module) {
  const auto lay_out = [](torch::Tensor& tensor) {
    if (tensor.dim() == 4) {
      tensor.set_data(tensor.data().contiguous(torch::MemoryFormat::ChannelsLast));
    }
  };
  for (auto& parameter : module.parameters()) lay_out(parameter);
  for (auto& buffer : module.buffers()) lay_out(buffer);
}

}  // namespace manyfold::models
