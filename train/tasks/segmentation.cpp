#include "train/tasks/segmentation.h"

#include <cmath>
#include <opencv2/imgproc.hpp>

#include "losses/ensemble.h"
#include "losses/imitation.h"
#include "losses/segmentation.h"
#include "models/heads.h"

namespace manyfold::train {

using torch::Tensor;

void SegmentationTask::fields(config::Fields& f) {
  f.field("classes", classes_, "Names of the classes; the first is the background.");
  f.require(classes_.size() >= 2, "classes", "needs the background and at least one class");
  f.field("pixel_loss", pixel_loss_,
          "What is averaged over pixels: the cross-entropy of all, or of the hardest alone (ohem).",
          {"cross_entropy", "ohem"});
  f.field("dice_weight", dice_weight_, "Factor on the Dice loss; 0 = none.", config::at_least(0));
  f.field("boundary_weight", boundary_weight_,
          "Factor on the boundary loss, which pulls outlines together; only with one class beside "
          "the background; 0 = none.",
          config::at_least(0));
  f.require(boundary_weight_ == 0 || binary(), "boundary_weight",
            "needs exactly one class beside the background");
  f.field("width", width_, "Hidden channels of the head; 0 = what suits the encoder.",
          config::at_least(0));
  f.section("metric", metric_, "How validation is reported.");
}

data::LabelSpec SegmentationTask::label() const {
  data::LabelSpec spec;
  spec.kind = data::LabelSpec::Kind::mask;
  spec.classes = classes_;
  return spec;
}

std::shared_ptr<models::Head> SegmentationTask::make_head(
    const std::vector<models::FeatureInfo>& features) const {
  models::HeadOptions options;
  options.classes = binary() ? 1 : static_cast<int64_t>(classes_.size());
  options.width = width_;
  return models::heads().at("segmentation")(features, options);
}

Terms SegmentationTask::loss(const std::vector<Tensor>& outputs, const data::Labels& labels) const {
  const auto& logits = outputs.at(0);
  const auto& mask = labels.mask;
  Terms terms = {{pixel_loss_, pixel_loss_ == "ohem"
                                   ? losses::hard_pixel_cross_entropy(logits, mask)
                                   : losses::pixel_cross_entropy(logits, mask)}};
  if (dice_weight_ > 0) terms.push_back({"dice", losses::dice_loss(logits, mask), dice_weight_});
  if (boundary_weight_ > 0) {
    terms.push_back({"boundary", losses::boundary_loss(logits, outline_distance(mask), mask),
                     boundary_weight_});
  }
  return terms;
}

Tensor SegmentationTask::imitation(const std::vector<Tensor>& outputs,
                                   const std::vector<Tensor>& teacher, double temperature) const {
  return losses::imitate_scores(outputs.at(0), teacher.at(0), temperature);
}

std::vector<Tensor> SegmentationTask::blend(const std::vector<std::vector<Tensor>>& answers,
                                            const std::vector<double>& weights, double temperature,
                                            bool by_confidence) const {
  return {losses::blend_scores(only_outputs(answers), weights, temperature, by_confidence)};
}

std::vector<data::Label> SegmentationTask::decode(const std::vector<Tensor>& outputs,
                                                  cv::Size input) const {
  const auto& logits = outputs.at(0);
  const auto classes =
      (binary() ? logits.select(1, 0) > 0 : logits.argmax(1)).to(torch::kByte).contiguous();
  std::vector<data::Label> labels;
  for (int64_t row = 0; row < classes.size(0); ++row) {
    const auto picture = classes[row];
    const cv::Mat mask(static_cast<int>(picture.size(0)), static_cast<int>(picture.size(1)),
                       CV_8UC1, picture.data_ptr<uint8_t>());
    cv::Mat full;
    cv::resize(mask, full, input, 0, 0, cv::INTER_NEAREST);
    labels.emplace_back(data::Mask{mask.size() == input ? mask.clone() : full});
  }
  return labels;
}

std::unique_ptr<metrics::Metric> SegmentationTask::metric() const {
  return std::make_unique<metrics::SegmentationMetric>(classes_, metric_);
}

std::string SegmentationTask::main_figure() const {
  return binary() ? metrics::figure_name(classes_[1]) + "_iou" : "miou";
}

double SegmentationTask::score(const std::vector<metrics::Figure>& figures) const {
  return metrics::value_of(figures, main_figure());
}

std::vector<GateLimit> SegmentationTask::gate() const { return {{main_figure(), 0.005}}; }

nlohmann::json SegmentationTask::describe() const {
  return {{"type", "segmentation"},
          {"classes", classes_},
          {"activation", binary() ? "sigmoid" : "softmax"},
          {"note", binary() ? "one logit a pixel: class 1 where it is above 0"
                            : "one logit a class and pixel"}};
}

Tensor outline_distance(const Tensor& mask) {
  const auto masks = mask.cpu().contiguous();
  const int height = static_cast<int>(masks.size(1)), width = static_cast<int>(masks.size(2));
  auto distances = torch::zeros(masks.sizes(), torch::kFloat);
  const float diagonal = std::hypot(static_cast<float>(height), static_cast<float>(width));
  for (int64_t n = 0; n < masks.size(0); ++n) {
    const cv::Mat picture(height, width, CV_8UC1, masks[n].data_ptr<uint8_t>());
    if (cv::countNonZero(picture == 1) == 0 || cv::countNonZero(picture == 0) == 0) continue;
    // To the nearest pixel that is known to be of the class: ignored ones are of neither.
    cv::Mat to_outside, to_inside;
    cv::distanceTransform(picture != 0, to_outside, cv::DIST_L2, cv::DIST_MASK_PRECISE);
    cv::distanceTransform(picture != 1, to_inside, cv::DIST_L2, cv::DIST_MASK_PRECISE);
    cv::Mat result(height, width, CV_32FC1, distances[n].data_ptr<float>());
    cv::subtract(to_inside, to_outside, result);
    result /= diagonal;
  }
  return distances.to(mask.device());
}

}  // namespace manyfold::train
