#include "train/tasks/classification.h"

#include <algorithm>

#include "losses/classification.h"
#include "losses/ensemble.h"
#include "losses/imitation.h"
#include "models/heads.h"

namespace manyfold::train {
namespace {

int64_t index_of(const std::vector<std::string>& classes, const std::string& name) {
  return std::find(classes.begin(), classes.end(), name) - classes.begin();
}

}  // namespace

void ClassificationTask::fields(config::Fields& f) {
  f.required("classes");
  f.field("classes", classes_, "Names of the classes, in the order of the logits.");
  f.require(classes_.size() >= 2, "classes", "needs at least two names");
  f.field("mirrored", mirrored_,
          "Classes that change when a picture is mirrored, by name: {left_hand: right_hand, "
          "right_hand: left_hand}.");
  for (const auto& [from, to] : mirrored_) {
    const bool known = std::count(classes_.begin(), classes_.end(), from) &&
                       std::count(classes_.begin(), classes_.end(), to);
    f.require(known, "mirrored", "names a class that `classes` does not have: " + from + ": " + to);
    const auto back = mirrored_.find(to);
    f.require(back != mirrored_.end() && back->second == from, "mirrored",
              "must go both ways: write {" + from + ": " + to + ", " + to + ": " + from + "}");
  }
  f.field("smoothing", smoothing_,
          "Label smoothing: the share of the target spread over all classes.",
          config::between(0, 0.9));
  f.field("width", width_, "Hidden channels of the head; 0 = what suits the encoder.",
          config::at_least(0));
  f.section("metric", metric_, "How validation is reported.");
}

data::LabelSpec ClassificationTask::label() const {
  data::LabelSpec spec;
  spec.kind = data::LabelSpec::Kind::class_index;
  spec.classes = classes_;
  if (mirrored_.empty()) return spec;
  for (const auto& name : classes_) {
    const auto found = mirrored_.find(name);
    spec.mirrored_class.push_back(
        index_of(classes_, found == mirrored_.end() ? name : found->second));
  }
  return spec;
}

std::shared_ptr<models::Head> ClassificationTask::make_head(
    const std::vector<models::FeatureInfo>& features) const {
  models::HeadOptions options;
  options.classes = static_cast<int64_t>(classes_.size());
  options.width = width_;
  return models::heads().at("classification")(features, options);
}

Terms ClassificationTask::loss(const std::vector<torch::Tensor>& outputs,
                               const data::Labels& labels) const {
  return {{"cross_entropy", losses::class_cross_entropy(outputs.at(0), labels.index, smoothing_)}};
}

torch::Tensor ClassificationTask::imitation(const std::vector<torch::Tensor>& outputs,
                                            const std::vector<torch::Tensor>& teacher,
                                            double temperature) const {
  return losses::imitate_scores(outputs.at(0), teacher.at(0), temperature);
}

std::vector<torch::Tensor> ClassificationTask::blend(
    const std::vector<std::vector<torch::Tensor>>& answers, const std::vector<double>& weights,
    double temperature, bool by_confidence) const {
  return {losses::blend_scores(only_outputs(answers), weights, temperature, by_confidence)};
}

std::vector<data::Label> ClassificationTask::decode(const std::vector<torch::Tensor>& outputs,
                                                    cv::Size) const {
  const auto [scores, indices] = outputs.at(0).softmax(1).max(1);
  std::vector<data::Label> labels;
  for (int64_t row = 0; row < scores.size(0); ++row) {
    labels.emplace_back(data::ClassIndex{indices[row].item<int64_t>(), scores[row].item<float>()});
  }
  return labels;
}

std::unique_ptr<metrics::Metric> ClassificationTask::metric() const {
  return std::make_unique<metrics::ClassificationMetric>(classes_, metric_);
}

double ClassificationTask::score(const std::vector<metrics::Figure>& figures) const {
  return metrics::value_of(figures, "macro_f1");
}

std::vector<GateLimit> ClassificationTask::gate() const { return {{"accuracy", 0.005}}; }

nlohmann::json ClassificationTask::describe() const {
  return {{"type", "classification"}, {"classes", classes_}, {"activation", "softmax"}};
}

}  // namespace manyfold::train
