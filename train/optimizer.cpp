#include "train/optimizer.h"

#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>
#include <torch/version.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "common/error.h"

namespace manyfold::train {
namespace {

namespace optim = torch::optim;
using torch::Tensor;

/// LibTorch keys the state of a parameter by the address of its implementation: as text until 2.0,
/// as a pointer after.
auto state_key(const Tensor& parameter) {
#if TORCH_VERSION_MAJOR >= 2
  return static_cast<void*>(parameter.unsafeGetTensorImpl());
#else
  return c10::guts::to_string(parameter.unsafeGetTensorImpl());
#endif
}

/// Whether a parameter is in a part: "encoder.stem.weight" is in "encoder" and "encoder.stem".
bool is_in(const std::string& name, const std::string& part) {
  return name.compare(0, part.size(), part) == 0 &&
         (name.size() == part.size() || name[part.size()] == '.');
}

/// The first two levels of the parts: "encoder", "encoder.stride4".
std::vector<std::string> parts_of(const NamedParameters& parameters) {
  std::set<std::string> parts;
  for (const auto& [name, parameter] : parameters) {
    const auto dot = name.find('.');
    parts.insert(name.substr(0, dot));
    if (dot != std::string::npos) parts.insert(name.substr(0, name.find('.', dot + 1)));
  }
  return {parts.begin(), parts.end()};
}

void refuse_unknown_parts(const std::map<std::string, double>& scales,
                          const NamedParameters& parameters) {
  for (const auto& [part, scale] : scales) {
    const bool known = std::any_of(parameters.begin(), parameters.end(),
                                   [&](const auto& entry) { return is_in(entry.first, part); });
    if (known) continue;
    throw ConfigError(
        "train.optimizer or a phase of train.phases, lr_scale: the model has no part '" + part +
        "'" + known_names(part, parts_of(parameters)) +
        (part == "temporal" ? "; with model.temporal.type=none take schedule=no_memory" : ""));
  }
}

double scale_of(const std::string& name, const std::map<std::string, double>& scales) {
  double scale = 1;
  size_t longest = 0;
  for (const auto& [part, value] : scales) {
    if (is_in(name, part) && part.size() >= longest) {
      scale = value;
      longest = part.size();
    }
  }
  return scale;
}

std::unique_ptr<optim::OptimizerOptions> group_options(const OptimizerOptions& o, double lr,
                                                       double weight_decay) {
  const auto betas = std::make_tuple(o.betas[0], o.betas[1]);
  if (o.type == "adamw") {
    return std::make_unique<optim::AdamWOptions>(
        optim::AdamWOptions(lr).betas(betas).weight_decay(weight_decay));
  }
  if (o.type == "adam") {
    return std::make_unique<optim::AdamOptions>(
        optim::AdamOptions(lr).betas(betas).weight_decay(weight_decay));
  }
  return std::make_unique<optim::SGDOptions>(optim::SGDOptions(lr)
                                                 .momentum(o.momentum)
                                                 .nesterov(o.nesterov && o.momentum > 0)
                                                 .weight_decay(weight_decay));
}

void set_weight_decay(optim::OptimizerOptions& options, double decay) {
  if (auto* adamw = dynamic_cast<optim::AdamWOptions*>(&options)) adamw->weight_decay(decay);
  if (auto* adam = dynamic_cast<optim::AdamOptions*>(&options)) adam->weight_decay(decay);
  if (auto* sgd = dynamic_cast<optim::SGDOptions*>(&options)) sgd->weight_decay(decay);
}

std::unique_ptr<optim::Optimizer> make(const OptimizerOptions& o,
                                       std::vector<optim::OptimizerParamGroup> groups) {
  if (o.type == "adamw")
    return std::make_unique<optim::AdamW>(std::move(groups), optim::AdamWOptions(o.lr));
  if (o.type == "adam")
    return std::make_unique<optim::Adam>(std::move(groups), optim::AdamOptions(o.lr));
  return std::make_unique<optim::SGD>(std::move(groups), optim::SGDOptions(o.lr));
}

/// The two Adams keep the same three things under different types.
template <typename AdamState>
void read_adam(const AdamState& from, const std::string& name, std::map<std::string, Tensor>& to) {
  to[name + ".step"] = torch::tensor(from.step());
  to[name + ".exp_avg"] = from.exp_avg();
  to[name + ".exp_avg_sq"] = from.exp_avg_sq();
}

/// A saved moment on the device and in the layout of its parameter: checkpoints know neither.
Tensor beside(const Tensor& parameter, const Tensor& saved) {
  return torch::empty_like(parameter).copy_(saved);
}

template <typename AdamState>
std::unique_ptr<optim::OptimizerParamState> make_adam(const std::map<std::string, Tensor>& from,
                                                      const std::string& name,
                                                      const Tensor& parameter) {
  auto state = std::make_unique<AdamState>();
  state->step(from.at(name + ".step").template item<int64_t>());
  state->exp_avg(beside(parameter, from.at(name + ".exp_avg")));
  state->exp_avg_sq(beside(parameter, from.at(name + ".exp_avg_sq")));
  return state;
}

}  // namespace

void OptimizerOptions::fields(config::Fields& f) {
  f.field("type", type, "Update rule.", {"adamw", "adam", "sgd"});
  f.field("lr", lr, "Peak learning rate.", config::positive());
  f.field("weight_decay", weight_decay,
          "Pull towards zero on weights of two and more dimensions (decoupled for adamw, L2 "
          "otherwise).",
          config::at_least(0));
  const config::Range decay = {0, 1, /*low_open=*/false, /*high_open=*/true};
  f.field("betas", betas, "Decay of the first and second moment (adamw, adam).", decay);
  f.require(betas.size() == 2, "betas", "must be two numbers");
  f.field("momentum", momentum, "Momentum of sgd.", decay);
  f.field("nesterov", nesterov, "Nesterov's form of the momentum (sgd).");
  f.field("lr_scale", lr_scale,
          "Factor on the learning rate by part of the model, such as {encoder: 0.1}; the longest "
          "matching name counts.",
          config::at_least(0));
}

Optimizer::Optimizer(const OptimizerOptions& options, NamedParameters parameters,
                     std::vector<std::map<std::string, double>> scales)
    : options_(options) {
  if (scales.empty()) scales.push_back(options.lr_scale);
  for (const auto& of_phase : scales) refuse_unknown_parts(of_phase, parameters);
  // Groups of equal scales and decay, in the order in which their first parameter comes.
  std::vector<std::pair<std::pair<std::vector<double>, double>, std::vector<Tensor>>> groups;
  for (auto& [name, parameter] : parameters) {
    if (!parameter.requires_grad()) continue;
    std::pair<std::vector<double>, double> kind = {
        {}, parameter.dim() > 1 ? options.weight_decay : 0.0};
    for (const auto& of_phase : scales) kind.first.push_back(scale_of(name, of_phase));
    auto group =
        std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.first == kind; });
    if (group == groups.end()) group = groups.insert(groups.end(), {kind, {}});
    group->second.push_back(parameter);
    parameters_.emplace_back(name, parameter);
  }
  if (parameters_.empty())
    throw UserError("nothing to train: every parameter of the model is frozen");
  std::vector<optim::OptimizerParamGroup> made;
  for (auto& [kind, members] : groups) {
    auto& peaks = peak_lr_.emplace_back();
    for (const double scale : kind.first) peaks.push_back(options.lr * scale);
    decay_.push_back(kind.second);
    made.emplace_back(std::move(members), group_options(options, peaks[0], kind.second));
  }
  optimizer_ = make(options, std::move(made));
}

double Optimizer::set_lr_factor(double factor, size_t phase) {
  auto& groups = optimizer_->param_groups();
  for (size_t i = 0; i < groups.size(); ++i)
    groups[i].options().set_lr(peak_lr_[i].at(phase) * factor);
  return options_.lr * factor;
}

void Optimizer::set_decay_factor(double factor) {
  auto& groups = optimizer_->param_groups();
  for (size_t i = 0; i < groups.size(); ++i) {
    if (decay_[i] > 0) set_weight_decay(groups[i].options(), decay_[i] * factor);
  }
}

void Optimizer::zero_grad() {
  // Undefined, not zero: zero would still move a parameter by its momentum and decay.
  for (auto& [name, parameter] : parameters_) parameter.mutable_grad().reset();
}

void Optimizer::step() { optimizer_->step(); }

double Optimizer::clip_grad_norm(double max_norm) {
  std::vector<Tensor> gradients, norms;
  for (const auto& [name, parameter] : parameters_) {
    if (!parameter.grad().defined()) continue;
    gradients.push_back(parameter.grad());
    norms.push_back(parameter.grad().norm());
  }
  if (gradients.empty()) return 0;
  const double norm = torch::stack(norms).norm().item<double>();
  if (max_norm > 0 && norm > max_norm) {
    torch::NoGradGuard no_grad;
    for (auto& gradient : gradients) gradient.mul_(max_norm / (norm + 1e-6));
  }
  return norm;
}

double Optimizer::clip_each_grad_norm(double max_norm) {
  const double joint = clip_grad_norm(0);
  if (max_norm <= 0 || !std::isfinite(joint) || joint <= max_norm) return joint;
  torch::NoGradGuard no_grad;
  for (auto& [name, parameter] : parameters_) {
    auto& gradient = parameter.mutable_grad();
    if (gradient.defined()) gradient.mul_((max_norm / (gradient.norm() + 1e-6)).clamp_max(1));
  }
  return joint;
}

std::map<std::string, Tensor> Optimizer::state() const {
  std::map<std::string, Tensor> result;
  const auto& states = optimizer_->state();
  for (const auto& [name, parameter] : parameters_) {
    const auto found = states.find(state_key(parameter));
    if (found == states.end()) continue;  // never had a gradient
    const auto* state = found->second.get();
    if (const auto* adamw = dynamic_cast<const optim::AdamWParamState*>(state))
      read_adam(*adamw, name, result);
    if (const auto* adam = dynamic_cast<const optim::AdamParamState*>(state))
      read_adam(*adam, name, result);
    if (const auto* sgd = dynamic_cast<const optim::SGDParamState*>(state)) {
      if (sgd->momentum_buffer().defined()) result[name + ".momentum"] = sgd->momentum_buffer();
    }
  }
  return result;
}

void Optimizer::load_state(const std::map<std::string, Tensor>& from) {
  const torch::NoGradGuard no_grad;
  auto& states = optimizer_->state();
  states.clear();
  for (const auto& [name, parameter] : parameters_) {
    if (options_.type == "sgd") {
      const auto momentum = from.find(name + ".momentum");
      if (momentum == from.end()) continue;
      auto state = std::make_unique<optim::SGDParamState>();
      state->momentum_buffer(beside(parameter, momentum->second));
      states[state_key(parameter)] = std::move(state);
    } else if (from.count(name + ".step")) {
      states[state_key(parameter)] = options_.type == "adamw"
                                         ? make_adam<optim::AdamWParamState>(from, name, parameter)
                                         : make_adam<optim::AdamParamState>(from, name, parameter);
    }
  }
}

}  // namespace manyfold::train
