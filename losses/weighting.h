#pragma once

#include <torch/nn/module.h>

#include <map>
#include <memory>
#include <string>

namespace manyfold::losses {

/// Adds the losses of several tasks up. Tasks that are not in `losses` (nobody in the batch is
/// labelled for them) take no part, and nothing is learnt about their weight.
class LossWeighting : public torch::nn::Module {
 public:
  using torch::nn::Module::Module;
  /// losses: scalars by task name -> a scalar
  virtual torch::Tensor forward(const std::map<std::string, torch::Tensor>& losses) = 0;
  /// What the task's loss is multiplied by at present, to be logged.
  virtual double weight(const std::string& task) const = 0;
};

/// `fixed`: sum of weight * loss.
///
/// `uncertainty` (Kendall et al., arXiv 1705.07115): sum of weight * exp(-s) * loss + s / 2, with
/// one learnt s = ln(variance) for each task, 0 at first. A weight of 1 suits classification, 1/2
/// squared errors. Can become negative. The parameters are named `log_variance_<task>` and must not
/// decay.
///
/// weights: factor of each task's loss, by name of the task
std::shared_ptr<LossWeighting> make_weighting(const std::string& kind,
                                              const std::map<std::string, double>& weights);

}  // namespace manyfold::losses
