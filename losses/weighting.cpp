#include "losses/weighting.h"

#include <torch/types.h>

#include <cmath>

namespace manyfold::losses {
namespace {

using torch::Tensor;
using Losses = std::map<std::string, Tensor>;

class FixedWeighting : public LossWeighting {
 public:
  FixedWeighting(const WeightingOptions& options, const std::vector<std::string>& tasks) {
    for (const auto& task : tasks) {
      const auto given = options.weights.find(task);
      factor_[task] = given == options.weights.end() ? 1 : given->second;
    }
  }

  Tensor forward(const Losses& losses) override {
    auto total =
        torch::zeros({}, losses.empty() ? torch::kFloat : losses.begin()->second.options());
    for (const auto& [task, loss] : losses) total = total + factor(task) * loss;
    return total;
  }

  double weight(const std::string& task) const override { return factor(task); }

 protected:
  double factor(const std::string& task) const {
    const auto found = factor_.find(task);
    TORCH_CHECK(found != factor_.end(), "LossWeighting: unknown task '", task, "'");
    return found->second;
  }

 private:
  std::map<std::string, double> factor_;
};

class UncertaintyWeighting : public FixedWeighting {
 public:
  UncertaintyWeighting(const WeightingOptions& options, const std::vector<std::string>& tasks)
      : FixedWeighting(options, tasks) {
    for (const auto& task : tasks) {
      log_variance_[task] = register_parameter("log_variance_" + task, torch::zeros({}));
    }
  }

  Tensor forward(const Losses& losses) override {
    Losses certain;
    auto uncertainty = torch::zeros({});
    for (const auto& [task, loss] : losses) {
      factor(task);  // refuses an unknown one
      const auto& s = log_variance_.at(task);
      certain[task] = torch::exp(-s) * loss;
      uncertainty = uncertainty.to(s.device()) + s / 2;
    }
    return FixedWeighting::forward(certain) + uncertainty;
  }

  double weight(const std::string& task) const override {
    return factor(task) * std::exp(-log_variance_.at(task).item<double>());
  }

 private:
  std::map<std::string, Tensor> log_variance_;
};

}  // namespace

void WeightingOptions::fields(config::Fields& f) {
  f.field(
      "kind", kind,
      "How losses of several tasks are added up: by the weights given, or by weights learnt from "
      "each task's uncertainty on top of them.",
      {"fixed", "uncertainty"});
  f.field("weights", weights, "Factor of each task's loss, 1 unless named.", config::at_least(0));
  const bool learnt = kind == "uncertainty";
  for (const auto& [task, weight] : weights) {
    f.require(!learnt || weight > 0, "weights",
              "must be > 0 for '" + task + "': an uncertainty cannot be learnt from nothing");
  }
}

std::shared_ptr<LossWeighting> make_weighting(const WeightingOptions& options,
                                              const std::vector<std::string>& tasks) {
  if (options.kind == "uncertainty") return std::make_shared<UncertaintyWeighting>(options, tasks);
  TORCH_CHECK(options.kind == "fixed", "make_weighting: unknown kind '", options.kind, "'");
  return std::make_shared<FixedWeighting>(options, tasks);
}

}  // namespace manyfold::losses
