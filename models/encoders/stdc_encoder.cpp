#include "models/encoders/stdc_encoder.h"

#include <string>

#include "models/blocks/space_to_depth_stem.h"
#include "models/blocks/stdc.h"

namespace manyfold::models {

StdcEncoderImpl::StdcEncoderImpl(const StdcEncoderOptions& options) : options_(options) {
  TORCH_CHECK(options.channels().size() == 4, "StdcEncoder: needs channels at 4 strides, got ",
              options.channels().size());
  TORCH_CHECK(options.modules().size() == 3, "StdcEncoder: needs modules at 3 strides, got ",
              options.modules().size());
  reset();
}

torch::nn::Sequential StdcEncoderImpl::make_stem() {
  const auto out = options_.channels()[0];
  torch::nn::Sequential stem;
  if (options_.space_to_depth()) {
    stem->push_back(SpaceToDepthStem(SpaceToDepthStemOptions(3, out).stride(2)));
  } else {
    stem->push_back(ConvBnAct(ConvBnActOptions(3, out).kernel(7).stride(4)));
  }
  stem->push_back(ConvBnAct(ConvBnActOptions(out, out)));
  return stem;
}

void StdcEncoderImpl::reset() {
  stages_ = {register_module("stride4", make_stem())};
  for (size_t i = 0; i < options_.modules().size(); ++i) {
    const auto in = options_.channels()[i], out = options_.channels()[i + 1];
    torch::nn::Sequential stage;
    stage->push_back(ConvBnAct(ConvBnActOptions(in, out).stride(2)));
    for (int64_t j = 0; j < options_.modules()[i]; ++j) {
      stage->push_back(Stdc(StdcOptions(out, out).blocks(options_.blocks()).residual(true)));
    }
    stages_.push_back(register_module("stride" + std::to_string(8 << i), stage));
  }
}

std::vector<torch::Tensor> StdcEncoderImpl::forward(const torch::Tensor& pictures) {
  TORCH_CHECK(pictures.dim() == 4 && pictures.size(2) % 32 == 0 && pictures.size(3) % 32 == 0,
              "StdcEncoder: needs [N, 3, H, W] with H and W multiples of 32, got ",
              pictures.sizes());
  std::vector<torch::Tensor> maps;
  auto x = pictures;
  for (auto& stage : stages_) {
    x = stage->forward(x);
    maps.push_back(x);
  }
  return maps;
}

std::vector<FeatureInfo> StdcEncoderImpl::features() const {
  std::vector<FeatureInfo> infos;
  for (size_t i = 0; i < options_.channels().size(); ++i) {
    infos.push_back({options_.channels()[i], int64_t{4} << i});
  }
  return infos;
}

}  // namespace manyfold::models
