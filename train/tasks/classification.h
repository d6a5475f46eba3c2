#pragma once

#include <string>
#include <vector>

#include "metrics/classification.h"
#include "train/task.h"

namespace manyfold::train {

/// One class for a picture, such as the sign that a hand shows. Output: logits [N, classes].
class ClassificationTask : public Task {
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
  std::vector<std::string> classes_;
  std::map<std::string, std::string> mirrored_;
  double smoothing_ = 0.1;
  int64_t width_ = 0;
  metrics::ClassificationOptions metric_;
};

}  // namespace manyfold::train
