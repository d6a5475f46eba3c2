#include "losses/weighting.h"

#include <torch/types.h>

#include <cmath>

namespace manyfold::losses {
namespace {

using torch::Tensor;
using Losses = std::map<std::string, Tensor>;

class FixedWeighting : public LossWeighting {
 public:
  explicit FixedWeighting(std::map<std::string, double> weights) : factor_(std::move(weights)) {}

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
  explicit UncertaintyWeighting(const std::map<std::string, double>& weights)
      : FixedWeighting(weights) {
    for (const auto& [task, weight] : weights) {
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

std::shared_ptr<LossWeighting> make_weighting(const std::string& kind,
                                              const std::map<std::string, double>& weights) {
  if (kind == "uncertainty") return std::make_shared<UncertaintyWeighting>(weights);
  TORCH_CHECK(kind == "fixed", "make_weighting: unknown kind '", kind, "'");
  return std::make_shared<FixedWeighting>(weights);
}

}  // namespace manyfold::losses
