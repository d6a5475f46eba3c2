#include "pretrain/embed.h"

#include <torch/types.h>

namespace manyfold::pretrain {

at::Tensor embed(models::MultiTaskModel model, const at::Tensor& pictures, int64_t chunk) {
  const torch::NoGradGuard no_grad;
  const auto device = model->parameters().front().device();
  const bool training = model->is_training();
  model->eval();
  std::vector<at::Tensor> rows;
  for (const auto& part : pictures.split(chunk)) {
    const auto maps = model->encode(part.to(device).contiguous(torch::MemoryFormat::ChannelsLast));
    rows.push_back(maps.back().mean({2, 3}).to(torch::kFloat).cpu());
  }
  model->train(training);
  return torch::cat(rows);
}

}  // namespace manyfold::pretrain
