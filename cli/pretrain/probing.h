#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <vector>

#include "data/data_options.h"
#include "data/loading/bad_files.h"
#include "data/loading/training_sources.h"
#include "pretrain/linear_probe.h"
#include "train/task.h"

namespace manyfold::cli {

/// What a frozen encoder is probed with: one classification task, pictures whose classes it knows
/// (`data.sources`), and sets to judge it on (`data.validation`).
struct ProbeOptions {
  train::Tasks tasks;
  data::DataOptions data;
  int64_t neighbours = 20;
  double temperature = 0.07;
  pretrain::LinearProbeOptions linear;

  void fields(config::Fields& f);
  bool empty() const { return tasks.empty(); }
};

/// How well a frozen encoder tells the classes of one set apart.
struct ProbeFigures {
  std::string set;
  int64_t pictures = 0;
  double knn = 0;     // accuracy, in [0, 1]
  double linear = 0;  // the same; 0 where it was not asked for
};

/// Labelled pictures for probes, opened once.
class Probe {
 public:
  /// Throws ConfigError unless there is exactly one task and it is a classification, and as
  /// data::open_sources.
  explicit Probe(const ProbeOptions& options);

  /// uint8 [N, 3, H, W] -> [N, D].
  using Embed = std::function<at::Tensor(const at::Tensor& pictures)>;
  /// One entry a validation set. `linear`: also train the linear classifier.
  std::vector<ProbeFigures> measure(const Embed& embed, bool linear);

  int64_t bank_size() const { return bank_size_; }
  const data::BadFiles& bad_files() const { return bad_; }

 private:
  struct Labelled {
    at::Tensor embeddings;  // [M, D]
    at::Tensor classes;     // int64 [M]
  };
  Labelled embed_all(const std::vector<const data::Source*>& sources, const Embed& embed);

  ProbeOptions options_;
  data::LabelSpecs specs_;
  data::TrainingSources bank_;
  data::Sources queries_;
  data::BadFiles bad_;
  int64_t bank_size_ = 0;  // of the last measurement
};

/// The mean accuracy of nearest neighbours over the sets; NaN without any.
double mean_knn(const std::vector<ProbeFigures>& figures);

}  // namespace manyfold::cli
