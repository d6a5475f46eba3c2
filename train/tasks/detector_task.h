#pragma once

#include <string>
#include <vector>

#include "losses/detector_options.h"
#include "metrics/objects.h"
#include "train/task.h"

namespace manyfold::train {

/// What all tasks share that find objects in one pass. Outputs: for each stride, finest first, one
/// tensor [N, A * D, H / stride, W / stride], see losses/detector_options.h.
class DetectorTask : public Task {
 public:
  data::LabelSpec label() const override;
  /// Throws ConfigError where the encoder has no map at one of the strides.
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
  /// Objects of all classes, the most confident first. Doubles are looked for within a class.
  std::vector<data::Label> decode(const std::vector<torch::Tensor>& outputs,
                                  cv::Size input) const override;
  double threshold() const override { return threshold_; }
  /// What is kept of a picture's candidates to be shown.
  struct Suppression {
    double least_score;    // an object has at least
    double nms_iou;        // two of a class overlap at most
    int64_t most_objects;  // of all classes together
  };
  Suppression suppression() const;
  const losses::DetectorOptions& detector() const { return detector_; }
  std::unique_ptr<metrics::Metric> metric() const override;
  /// The metric's headline: the mean average precision.
  double score(const std::vector<metrics::Figure>& figures) const override;
  std::vector<GateLimit> gate() const override;
  /// All but `type`.
  nlohmann::json describe() const override;

 protected:
  DetectorTask(std::vector<std::string> classes, losses::DetectorOptions detector);
  /// The keys of every detector; to be called when classes and key points are known.
  void detector_fields(config::Fields& f);

  std::vector<std::string> classes_;
  losses::DetectorOptions detector_;

 private:
  int64_t width_ = 0;
  double threshold_ = 0.5;
  double nms_iou_ = 0.45;
  double lowest_score_ = 0.01;
  int64_t most_objects_ = 200;
  metrics::ObjectsOptions metric_;
};

}  // namespace manyfold::train
