#pragma once

#include <string>
#include <vector>

#include "metrics/segmentation.h"
#include "train/task.h"

namespace manyfold::train {

/// A class for every pixel, such as person or not. Output: logits [N, C, H, W], where C = 1 tells
/// the one class from the background, and otherwise there is a logit for each class, the background
/// first.
class SegmentationTask : public Task {
 public:
  void fields(config::Fields& f) override;
  data::LabelSpec label() const override;
  std::shared_ptr<models::Head> make_head(
      const std::vector<models::FeatureInfo>& features) const override;
  Terms loss(const std::vector<torch::Tensor>& outputs, const data::Labels& labels) const override;
  torch::Tensor imitation(const std::vector<torch::Tensor>& outputs,
                          const std::vector<torch::Tensor>& teacher,
                          double temperature) const override;
  std::vector<torch::Tensor> blend(const std::vector<std::vector<torch::Tensor>>& answers,
                                   const std::vector<double>& weights, double temperature,
                                   bool by_confidence) const override;
  std::vector<data::Label> decode(const std::vector<torch::Tensor>& outputs,
                                  cv::Size input) const override;
  std::unique_ptr<metrics::Metric> metric() const override;
  double score(const std::vector<metrics::Figure>& figures) const override;
  std::vector<GateLimit> gate() const override;
  nlohmann::json describe() const override;

 private:
  bool binary() const { return classes_.size() == 2; }
  std::string main_figure() const;

  std::vector<std::string> classes_ = {"background", "person"};
  std::string pixel_loss_ = "cross_entropy";
  double dice_weight_ = 1;
  double boundary_weight_ = 0;
  int64_t width_ = 0;
  metrics::SegmentationOptions metric_;
};

/// How far each pixel of a mask (uint8 [N, H, W]) is from the outline between class 1 and class 0,
/// negative inside, in units of the picture's diagonal: float [N, H, W]. Ignored pixels (255) have
/// no outline of their own. A picture without class 1, or without class 0, is 0 throughout.
torch::Tensor outline_distance(const torch::Tensor& mask);

}  // namespace manyfold::train
