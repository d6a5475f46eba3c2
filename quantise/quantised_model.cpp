#include "quantise/quantised_model.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "common/error.h"
#include "graph/passes.h"
#include "quantise/bias_correction.h"
#include "quantise/calibration_check.h"
#include "quantise/equalise.h"
#include "quantise/integer_arithmetic.h"
#include "quantise/target.h"

namespace manyfold::quantise {
namespace {

using graph::Graph;

/// "quantise.float=[a, b]".
std::string float_option(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  return "quantise.float=[" + list + "]";
}

void refuse_gaps(const Plan& plan) {
  if (plan.gaps.empty()) return;
  std::string lines;
  std::vector<std::string> names;
  for (const auto& [name, op] : plan.gaps) {
    lines += "\n  " + name + ": " + op;
    names.push_back(name);
  }
  throw UserError("quantise: between quantised layers there is no integer form of:" + lines +
                  "\nallow them in float by name (" + float_option(names) +
                  "), or use ReLU and other operations of docs/quantisation.md");
}

/// Children cannot have dots in their names, nor checkpoints slashes. A name that is taken already
/// gets a number: graphs list their tensors in one order, so each has its own in every process.
std::string child_name(const torch::nn::Module& group, std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '.' || c == '/' || c == ':'; }, '_');
  const auto children = group.named_children();
  auto unique = name;
  for (int number = 2; children.contains(unique); ++number)
    unique = name + "_" + std::to_string(number);
  return unique;
}

}  // namespace

QuantisedModel::QuantisedModel(torch::nn::Module& model, const Graph& traced,
                               const ModelFacts& facts, const QuantiseOptions& options,
                               bool learned_steps)
    : options_(options), facts_(facts), base_(traced) {
  check_target(options);
  graph::simplify_fills(base_);
  graph::fold_batch_norm(base_);
  graph::fuse_branches(base_);
  graph::fold_pixel_unshuffle(base_);
  PlanOptions plan_options;
  plan_options.keep_float = options.keep_float;
  plan_options.gatherings = split(base_);
  const auto memory = keep_memory_apart(base_, facts.states);
  plan_options.memory = memory.nodes;
  plan_ = make_plan(base_, plan_options);
  refuse_gaps(plan_);
  make_quantisers(model, learned_steps);
  for (const auto& [name, bound] : memory.read) {
    const auto* tensor = plan_.find(name);
    if (tensor->kind != TensorPlan::floating)
      quantisers_.activations.at(tensor->owner)->hold({-bound, bound});
  }
  graph_ = base_;
  insert_quantisers(graph_, plan_, quantisers_);
}

std::vector<std::string> QuantisedModel::split(Graph& graph) const {
  std::vector<std::string> gatherings;
  for (const auto& [output, parts] : facts_.parts) {
    const auto names = split_channels(graph, output, parts);
    gatherings.insert(gatherings.end(), names.begin(), names.end());
  }
  return gatherings;
}

Graph QuantisedModel::live_graph(const Graph& traced) const {
  auto graph = traced;
  graph::simplify_fills(graph);
  graph::scale_by_batch_norm(graph);
  split(graph);
  keep_memory_apart(graph, facts_.states);
  for (const auto& layer : plan_.layers) {
    if (graph.find(layer.node)) continue;
    throw UserError("qat.batch_norm = live: " + layer.node +
                    " is not computed in training, where re-parameterised branches are apart; set "
                    "qat.batch_norm=folded");
  }
  insert_quantisers(graph, plan_, quantisers_);
  return graph;
}

void QuantisedModel::make_quantisers(torch::nn::Module& model, bool learned_steps) {
  auto group = model.register_module(kChild, std::make_shared<torch::nn::Module>("Quantisers"));
  const auto format = options_.activations == "int8" ? kInt8 : kUint8;
  for (const auto& name : plan_.owners()) {
    auto quantiser = std::make_shared<ActivationQuantiser>(format, learned_steps);
    quantisers_.activations[name] = group->register_module(child_name(*group, name), quantiser);
  }
  for (const auto& layer : plan_.layers) {
    const int64_t axis = options_.per_channel ? 0 : -1;
    auto quantiser = std::make_shared<WeightQuantiser>(layer.channels, axis, learned_steps);
    quantisers_.weights[layer.node] =
        group->register_module(child_name(*group, layer.node + "_weight"), quantiser);
  }
  group->to(model.parameters().front().device());
  group->train(model.is_training());
}

void QuantisedModel::calibrate(const std::vector<graph::TensorMap>& batches) {
  check_calibration(batches, base_);
  if (options_.equalise) equalise(base_, plan_);
  observe(batches, Mode::observe);
  check_ranges();
  const bool needs_counts = options_.observer == "percentile" || options_.observer == "mse";
  if (needs_counts) {
    for (const auto& [name, quantiser] : quantisers_.activations)
      quantiser->histogram.emplace(quantiser->observer.all());
    observe(batches, Mode::histogram);
  }
  set_ranges();
  fit_weights();
  if (options_.correct_bias) correct_biases(base_, plan_, quantisers_, batches);
  set_mode(Mode::quantise);
}

void QuantisedModel::observe(const std::vector<graph::TensorMap>& batches, Mode mode) {
  const torch::NoGradGuard no_grad;
  set_mode(mode);
  const graph::Replay replay(graph_);
  for (const auto& batch : batches) {
    replay.run(batch);
    for (const auto& [name, quantiser] : quantisers_.activations) quantiser->observer.end_batch();
  }
}

void QuantisedModel::check_ranges() const {
  for (const auto& name : plan_.owners()) {
    const auto& quantiser = *quantisers_.activations.at(name);
    const auto& observer = quantiser.observer;
    const auto way_out = float_option(plan_.users.at(name)) + ")";
    if (observer.unfinite() > 0) {
      throw UserError("quantise: " + name +
                      " has values that are infinite or NaN on the calibration pictures (" +
                      std::to_string(observer.unfinite()) +
                      " of them), so there is no range for it; the model diverged in training: "
                      "take an earlier checkpoint, or keep the layers that give and read it in "
                      "float (" +
                      way_out);
    }
    const auto [low, high] = observer.all();
    if (low == 0 && high == 0 && !quantiser.held()) {
      throw UserError("quantise: " + name +
                      " is 0 on all calibration pictures: the layer never fires, so there is no "
                      "range for it. Calibrate on other or more pictures (calibration, "
                      "quantise.pictures), or keep the layers that give and read it in float (" +
                      way_out);
    }
  }
}

void QuantisedModel::set_ranges() {
  for (const auto& [name, quantiser] : quantisers_.activations) {
    const auto& observer = quantiser->observer;
    Range range = observer.all();
    if (options_.observer == "moving_average") range = observer.average();
    if (options_.observer == "percentile")
      range = quantiser->histogram->percentile(options_.percentile);
    if (options_.observer == "mse") range = quantiser->histogram->least_error(quantiser->format());
    quantiser->set_range({std::min(range.first, 0.0), std::max(range.second, 0.0)});
    quantiser->histogram.reset();
    quantiser->observer = {};
  }
}

void QuantisedModel::fit_weights() {
  const torch::NoGradGuard no_grad;
  std::vector<std::string> names;
  for (const auto& layer : plan_.layers) names.push_back(layer.weight);
  if (names.empty()) return;
  const auto weights = graph::Replay(base_).run({}, names);
  for (size_t i = 0; i < names.size(); ++i)
    quantisers_.weights.at(plan_.layers[i].node)->fit(weights[i], options_.weights == "mse");
}

Graph QuantisedModel::frozen() const {
  auto graph = base_;
  graph::freeze(graph);
  graph::fold_constants(graph);
  return graph;
}

Graph QuantisedModel::encoded() const {
  auto graph = frozen();
  insert_encodings(graph, plan_, quantisers_, options_);
  return graph;
}

Graph QuantisedModel::integer() const {
  auto graph = encoded();
  use_integer_arithmetic(graph);
  return graph;
}

}  // namespace manyfold::quantise
