#pragma once

#include <torch/nn/module.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <opencv2/core/types.hpp>
#include <string>
#include <utility>
#include <vector>

#include "common/config/fields.h"
#include "data/augment/warp.h"
#include "data/loading/batch.h"
#include "metrics/metric.h"
#include "models/features.h"

namespace manyfold::train {

/// One named scalar of a loss. What is logged is what is summed: value * weight.
struct Term {
  std::string name;
  torch::Tensor value;  // []
  double weight = 1;
};
using Terms = std::vector<Term>;

/// How much worse a task's figure may be after an export, at most.
struct GateLimit {
  std::string figure;     // of the task's metric
  double limit;           // in the figure's unit: 0.005 is half a point of an IoU
  bool relative = false;  // then a share of the figure before: 0.02 is 2 % of it
};

/// One function of the model: its label, head, loss, decoder and metric stand together, in one file
/// of tasks/.
class Task {
 public:
  virtual ~Task() = default;

  /// The task's own options.
  virtual void fields(config::Fields& f) = 0;
  /// What it learns from.
  virtual data::LabelSpec label() const = 0;
  virtual std::shared_ptr<models::Head> make_head(
      const std::vector<models::FeatureInfo>& features) const = 0;
  /// Loss terms over labelled pictures. Every row of `labels` carries the label; outputs have the
  /// same rows.
  virtual Terms loss(const std::vector<torch::Tensor>& outputs,
                     const data::Labels& labels) const = 0;
  /// How far raw outputs are from a teacher's for the same rows: a scalar, 0 where they agree.
  /// `temperature` softens scores.
  virtual torch::Tensor imitation(const std::vector<torch::Tensor>& outputs,
                                  const std::vector<torch::Tensor>& teacher,
                                  double temperature) const = 0;
  /// Outputs with what `imitation` does not read of a teacher set to 0: what is worth keeping.
  virtual std::vector<torch::Tensor> essence(const std::vector<torch::Tensor>& outputs) const {
    return outputs;
  }
  /// What several teachers say together of the same rows: imitating it at `temperature` means
  /// imitating the weighted mean of their probabilities. `by_confidence`: where each is sure, it
  /// weighs more.
  virtual std::vector<torch::Tensor> blend(const std::vector<std::vector<torch::Tensor>>& answers,
                                           const std::vector<double>& weights, double temperature,
                                           bool by_confidence) const = 0;
  /// Channels of the (only) output that need scales of their own when it is quantised, by what they
  /// mean; empty when all mean one thing.
  virtual std::map<std::string, std::vector<int64_t>> output_parts() const { return {}; }
  /// One prediction for each row of the outputs, in pixels of the network's input. Objects come
  /// with every score from a low one on: whoever shows them applies `threshold`.
  virtual std::vector<data::Label> decode(const std::vector<torch::Tensor>& outputs,
                                          cv::Size input) const = 0;
  /// The score from which an object is shown to people.
  virtual double threshold() const { return 0; }
  virtual std::unique_ptr<metrics::Metric> metric() const = 0;
  /// One number in [0, 1], higher is better, out of the metric's figures: what the best checkpoint
  /// is chosen by. NaN when there was nothing to measure.
  virtual double score(const std::vector<metrics::Figure>& figures) const = 0;
  /// The figures that an exported model must keep, and how closely.
  virtual std::vector<GateLimit> gate() const = 0;
  /// What a host program needs to decode the outputs: class names, anchors, strides, thresholds.
  virtual nlohmann::json describe() const = 0;
};

/// The entry of one task in a config: which kind it is, how much it weighs, and the kind's own
/// options.
struct TaskOptions {
  std::string type;
  double weight = 1;
  std::shared_ptr<Task> task;

  void fields(config::Fields& f);
};

/// Tasks by name, in the order of the config.
using Tasks = std::vector<std::pair<std::string, TaskOptions>>;

data::LabelSpecs label_specs(const Tasks& tasks);

/// The only output of each answer, for tasks whose head gives one.
std::vector<torch::Tensor> only_outputs(const std::vector<std::vector<torch::Tensor>>& answers);

/// Names of a state's tensors outside of the model begin with these.
constexpr const char* kStateIn = "state_in_";
constexpr const char* kStateOut = "state_out_";

/// What is wrong with a task's name; empty when nothing is. Names become parts of the names of
/// modules, outputs and files, beside the exported model's input, `pictures`.
std::string task_name_problem(const std::string& name);

}  // namespace manyfold::train
