#include "models/heads/segmentation_head.h"

#include "models/blocks/upsample.h"

namespace manyfold::models {

SegmentationHeadOptions::SegmentationHeadOptions(std::vector<FeatureInfo> features, int64_t classes)
    : features_(std::move(features)), classes_(classes) {
  TORCH_CHECK(features_.size() == 4 && features_[0].stride == 4 && features_[3].stride == 32,
              "SegmentationHead: needs maps at strides 4, 8, 16 and 32");
  width_ = (features_[1].channels * 3 / 4 + 7) / 8 * 8;
}

SegmentationHeadImpl::SegmentationHeadImpl(const SegmentationHeadOptions& options)
    : options_(options) {
  TORCH_CHECK(options.classes() > 0 && options.width() > 0, "SegmentationHead: ", options.classes(),
              " classes with width ", options.width());
  reset();
}

void SegmentationHeadImpl::reset() {
  const auto& maps = options_.features();
  const auto width = options_.width(), fine = maps[0].channels;
  const auto squeeze = [&](size_t map, int64_t out) {
    return register_module("squeeze" + std::to_string(maps[map].stride),
                           ConvBnAct(ConvBnActOptions(maps[map].channels, out).kernel(1)));
  };
  squeeze4_ = squeeze(0, fine);
  squeeze8_ = squeeze(1, width);
  squeeze16_ = squeeze(2, width);
  squeeze32_ = squeeze(3, width);
  merge16_ = register_module("merge16", ConvBnAct(ConvBnActOptions(width, width)));
  merge8_ = register_module("merge8", ConvBnAct(ConvBnActOptions(width, fine)));
  merge4_ = register_module("merge4", ConvBnAct(ConvBnActOptions(fine, fine)));
  out_ = register_module("out", PixelShuffleUp(PixelShuffleUpOptions(fine, options_.classes(), 4)));
}

std::vector<torch::Tensor> SegmentationHeadImpl::forward(
    const std::vector<torch::Tensor>& features) {
  auto x = merge16_->forward(upsample2(squeeze32_->forward(features[3])) +
                             squeeze16_->forward(features[2]));
  x = merge8_->forward(upsample2(x) + squeeze8_->forward(features[1]));
  x = merge4_->forward(upsample2(x) + squeeze4_->forward(features[0]));
  return {out_->forward(x)};
}

}  // namespace manyfold::models
