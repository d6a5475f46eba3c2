#pragma once

#include <torch/optim/optimizer.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/config/fields.h"

namespace manyfold::train {

struct OptimizerOptions {
  std::string type = "adamw";
  double lr = 5e-3;
  double weight_decay = 0.02;
  std::vector<double> betas = {0.9, 0.999};
  double momentum = 0.9;
  bool nesterov = true;
  /// By part of the model, the first words of a parameter's dotted name: `{encoder: 0.1}` trains
  /// the encoder at a tenth of the heads' rate.
  std::map<std::string, double> lr_scale;

  void fields(config::Fields& f);
};

/// Parameters with the names that checkpoints know them by.
using NamedParameters = std::vector<std::pair<std::string, torch::Tensor>>;

/// LibTorch's AdamW, Adam or SGD over named parameters, each with its own learning-rate scale.
/// Biases and normalisation weights (one-dimensional parameters) are not decayed. Parameters that
/// need no gradient are left out, and a parameter without a gradient in a step (a head that was not
/// run) is not moved by it.
class Optimizer {
 public:
  /// `scales`: `lr_scale` of every phase of the run; none: one phase of options.lr_scale.
  /// Throws ConfigError for a part in them that no parameter is in, and UserError when every
  /// parameter is frozen.
  Optimizer(const OptimizerOptions& options, NamedParameters parameters,
            std::vector<std::map<std::string, double>> scales = {});

  /// Sets every group's learning rate to `factor` times its peak in a phase; returns the common
  /// peak times `factor`.
  double set_lr_factor(double factor, size_t phase = 0);
  /// Sets the weight decay of the groups that have one to `factor` times the configured.
  void set_decay_factor(double factor);
  void zero_grad();
  void step();
  /// Scales all gradients so that their joint norm is at most `max_norm`; returns the norm before.
  /// `max_norm` of 0 only measures.
  double clip_grad_norm(double max_norm);
  /// Scales each gradient by itself so that its norm is at most `max_norm` (facebookresearch/dino);
  /// returns the joint norm before.
  double clip_each_grad_norm(double max_norm);

  /// Moments and step counts by parameter name, to be saved and restored exactly. The moments are
  /// live: the next step changes them.
  std::map<std::string, torch::Tensor> state() const;
  void load_state(const std::map<std::string, torch::Tensor>& state);

 private:
  OptimizerOptions options_;
  NamedParameters parameters_;
  std::vector<std::vector<double>> peak_lr_;  // by group, by phase
  std::vector<double> decay_;                 // by group
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
};

}  // namespace manyfold::train
