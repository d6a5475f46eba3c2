#pragma once

#include <string>
#include <vector>

#include "losses/ssld_options.h"
#include "metrics/objects.h"
#include "train/task.h"

namespace manyfold::train {

/// Boxes with key points in one pass (SSLD), such as faces. Output: [N, A * (5 + 2 K), Sh, Sw], see
/// losses/ssld_options.h. Objects without labelled key points train the box alone.
class FacesTask : public Task {
 public:
  void fields(config::Fields& f) override;
  data::LabelSpec label() const override;
  std::shared_ptr<models::Head> make_head(
      const std::vector<models::FeatureInfo>& features) const override;
  Terms loss(const std::vector<torch::Tensor>& outputs, const data::Labels& labels) const override;
  torch::Tensor imitation(const std::vector<torch::Tensor>& outputs,
                          const std::vector<torch::Tensor>& teacher,
                          double temperature) const override;
  std::vector<torch::Tensor> essence(const std::vector<torch::Tensor>& outputs) const override;
  std::vector<torch::Tensor> blend(const std::vector<std::vector<torch::Tensor>>& answers,
                                   const std::vector<double>& weights, double temperature,
                                   bool by_confidence) const override;
  std::map<std::string, std::vector<int64_t>> output_parts() const override;
  std::vector<data::Label> decode(const std::vector<torch::Tensor>& outputs,
                                  cv::Size input) const override;
  double threshold() const override { return threshold_; }
  std::unique_ptr<metrics::Metric> metric() const override;
  double score(const std::vector<metrics::Figure>& figures) const override;
  std::vector<GateLimit> gate() const override;
  nlohmann::json describe() const override;

 private:
  std::string class_name_ = "face";
  std::vector<int64_t> mirrored_;
  int64_t stride_ = 8;
  int64_t width_ = 0;
  double threshold_ = 0.5;
  double nms_iou_ = 0.45;
  double lowest_score_ = 0.01;
  int64_t most_objects_ = 200;
  losses::SsldOptions ssld_;
  metrics::ObjectsOptions metric_;
};

/// Which key point each becomes when a face is mirrored: iBUG's 68 (300-W), or the five of eyes,
/// nose and mouth corners (left eye, right eye, nose, left corner, right corner); empty for other
/// counts.
std::vector<int64_t> mirrored_landmarks(int64_t landmarks);

}  // namespace manyfold::train
