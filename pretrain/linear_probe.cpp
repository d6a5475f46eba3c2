#include "pretrain/linear_probe.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>

#include <cmath>

namespace manyfold::pretrain {
namespace {

using at::Tensor;

constexpr int64_t kQueries = 8192;  // at a time

/// Every feature to mean 0 and deviation 1 over the bank; a constant one to 0.
struct Standardiser {
  explicit Standardiser(const Tensor& bank)
      : mean(bank.mean(0)), deviation(bank.std(0, /*unbiased=*/false)) {
    const auto constant = deviation <= 1e-6 * (1 + mean.abs());
    scale = (1 / deviation).masked_fill(constant, 0);
  }
  Tensor operator()(const Tensor& rows) const { return (rows - mean) * scale; }

  Tensor mean, deviation, scale;  // [D]
};

struct Classifier {
  Classifier(const Tensor& bank, int64_t classes)
      : standardise(bank),
        weight(torch::zeros({classes, bank.size(1)}, bank.options()).requires_grad_()),
        bias(torch::zeros({classes}, bank.options()).requires_grad_()) {}
  Tensor scores(const Tensor& rows) const { return torch::linear(standardise(rows), weight, bias); }

  Standardiser standardise;
  Tensor weight, bias;
};

void train(Classifier& classifier, const Tensor& bank, const Tensor& labels,
           const LinearProbeOptions& o) {
  const torch::AutoGradMode gradients(true);
  torch::optim::SGD sgd({classifier.weight, classifier.bias},
                        torch::optim::SGDOptions(o.lr).momentum(0.9));
  const auto generator = at::detail::createCPUGenerator(static_cast<uint64_t>(o.seed));
  const int64_t steps = o.epochs * ((bank.size(0) + o.batch - 1) / o.batch);
  int64_t step = 0;
  for (int64_t epoch = 0; epoch < o.epochs; ++epoch) {
    const auto order = torch::randperm(bank.size(0), generator, torch::kLong).to(bank.device());
    for (const auto& rows : order.split(o.batch)) {
      const double done = static_cast<double>(step++) / static_cast<double>(steps);
      sgd.param_groups()[0].options().set_lr(o.lr * 0.5 * (1 + std::cos(M_PI * done)));
      const auto scores = classifier.scores(bank.index_select(0, rows));
      sgd.zero_grad();
      torch::nll_loss(scores.log_softmax(1), labels.index_select(0, rows)).backward();
      sgd.step();
    }
  }
}

}  // namespace

void LinearProbeOptions::fields(config::Fields& f) {
  f.field("epochs", epochs, "Passes over the bank.", config::at_least(1));
  f.field("batch", batch, "Rows of the bank in a step.", config::at_least(1));
  f.field("lr", lr, "Learning rate at first.", config::positive());
  f.field("seed", seed, "Of the order of the rows.", config::at_least(0));
}

Tensor linear_probe_predict(const Tensor& bank, const Tensor& bank_labels, const Tensor& queries,
                            int64_t classes, const LinearProbeOptions& options) {
  TORCH_CHECK(bank.dim() == 2 && queries.dim() == 2 && bank.size(1) == queries.size(1) &&
                  bank_labels.dim() == 1 && bank_labels.size(0) == bank.size(0) && bank.size(0) > 0,
              "linear_probe_predict: needs a bank [M, D], labels [M] and queries [Q, D], M > 0, "
              "got ",
              bank.sizes(), ", ", bank_labels.sizes(), " and ", queries.sizes());
  const auto known = bank.detach();
  Classifier classifier(known, classes);
  train(classifier, known, bank_labels, options);
  const torch::NoGradGuard no_grad;
  std::vector<Tensor> predicted;
  for (const auto& rows : queries.split(kQueries))
    predicted.push_back(classifier.scores(rows).argmax(1));
  return torch::cat(predicted);
}

}  // namespace manyfold::pretrain
