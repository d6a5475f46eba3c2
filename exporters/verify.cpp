#include "exporters/verify.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "common/error.h"
#include "common/random.h"
#include "graph/replay.h"

namespace manyfold::exporters {
namespace {

using Example = std::map<std::string, at::Tensor>;

/// Gathers one output over all examples.
struct Sum {
  OutputDifference difference;
  double total = 0;
  int64_t count = 0;

  void add(const at::Tensor& expected, const at::Tensor& found) {
    if (expected.numel() == 0) return;
    const auto a = expected.to(at::kDouble), b = found.to(at::kDouble);
    // Where both are the same infinity, or both NaN, there is no difference.
    const auto equal = (a == b).logical_or(a.isnan().logical_and(b.isnan()));
    const auto gap = (a - b).abs().masked_fill(equal, 0);
    difference.passed = difference.passed && !gap.isnan().any().item<bool>();
    difference.max = std::max(difference.max, gap.nan_to_num(0).max().item<double>());
    const auto finite = a.masked_fill(a.isfinite().logical_not(), 0);
    difference.largest = std::max(difference.largest, finite.abs().max().item<double>());
    total += gap.nan_to_num(0).sum().item<double>();
    count += a.numel();
  }
};

int64_t rows(const graph::Graph& graph, const std::map<std::string, at::Tensor>& example) {
  for (const auto* input : graph.inputs()) {
    const auto at = example.find(input->name);
    if (at != example.end() && at->second.dim() > 0) return at->second.size(0);
  }
  return 1;
}

std::vector<at::Tensor> start(const graph::Graph& graph, const std::vector<StatePair>& states,
                              int64_t rows) {
  std::vector<at::Tensor> zeros;
  for (const auto& pair : states) {
    const auto* input = graph.find(pair.input);
    zeros.push_back(at::zeros(graph::sizes_at(input->shape, rows), input->dtype));
  }
  return zeros;
}

// A session may take half precision where the graph takes float.
std::map<std::string, at::Tensor> as_taken(const Session& session,
                                           std::map<std::string, at::Tensor> example) {
  for (const auto& info : session.inputs()) {
    const auto at = example.find(info.name);
    if (at == example.end() || !at->second.is_floating_point()) continue;
    if (c10::isFloatingType(info.type)) at->second = at->second.to(info.type);
  }
  return example;
}

// The scale of an output that fake quantisation gives; 0 of any other.
double step_of(const graph::Value& output) {
  const auto* node = output.producer;
  if (!node || !node->is("aten::fake_quantize_per_tensor_affine")) return 0;
  const auto& scale = node->argument("scale");
  if (const auto* number = std::get_if<c10::IValue>(&scale)) return number->toScalar().toDouble();
  const auto* tensor = std::get<graph::Value*>(scale);
  return tensor->stored() ? tensor->tensor.item<double>() : 0;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

}  // namespace

std::vector<Example> with_states(const graph::Graph& graph, std::vector<Example> frames,
                                 const std::vector<StatePair>& states) {
  if (states.empty()) return frames;
  const at::NoGradGuard no_grad;
  const graph::Replay replay(graph);
  std::vector<std::string> wanted;
  for (const auto& pair : states) wanted.push_back(pair.output);
  auto state = start(graph, states, rows(graph, frames.at(0)));
  for (auto& frame : frames) {
    for (size_t i = 0; i < states.size(); ++i) frame[states[i].input] = state[i];
    state = replay.run({frame.begin(), frame.end()}, wanted);
  }
  return frames;
}

Verification verify(const graph::Graph& graph, const Session& session,
                    const std::vector<Example>& examples, std::optional<double> tolerance,
                    const std::vector<StatePair>& states,
                    const std::function<void(const NamedOutputs&)>& also) {
  if (examples.empty()) throw UserError("export: verification needs at least one example");
  const at::NoGradGuard no_grad;
  const graph::Replay replay(graph);
  std::map<std::string, Sum> sums;
  Verification result;
  std::vector<at::Tensor> own;  // what the session remembers
  if (!states.empty()) own = start(graph, states, rows(graph, examples[0]));
  for (const auto& example : with_states(graph, examples, states)) {
    const auto expected = replay.run({example.begin(), example.end()});
    auto given = example;
    for (size_t i = 0; i < states.size(); ++i) given[states[i].input] = own[i];
    const auto found = session.run(as_taken(session, given));
    if (also) also(found);
    for (size_t i = 0; i < states.size(); ++i) own[i] = found.at(states[i].output);
    for (size_t i = 0; i < expected.size(); ++i) {
      const auto& name = graph.outputs()[i].first;
      if (found.at(name).sizes() != expected[i].sizes()) {
        throw UserError("export: output '" + name + "' has another shape in ONNX Runtime");
      }
      sums[name].add(expected[i].cpu(), found.at(name));
    }
    result.samples += rows(graph, example);
  }
  for (const auto& [name, value] : graph.outputs()) sums[name].difference.step = step_of(*value);
  for (auto& [name, sum] : sums) {
    auto& difference = sum.difference;
    difference.mean = sum.count ? sum.total / static_cast<double>(sum.count) : 0;
    const double allowed = tolerance.value_or(INFINITY) * std::max(1.0, difference.largest);
    difference.passed = difference.passed && difference.max <= allowed;
    result.passed = result.passed && difference.passed;
    result.outputs[name] = difference;
  }
  result.tolerance = tolerance;
  result.runtime = "ONNX Runtime " + runtime_version();
  return result;
}

nlohmann::json Verification::json() const {
  auto each = nlohmann::json::object();
  for (const auto& [name, difference] : outputs) {
    each[name] = {{"max_abs_difference", difference.max},
                  {"mean_abs_difference", difference.mean},
                  {"max_abs_value", difference.largest},
                  {"passed", difference.passed}};
    if (difference.step > 0) {
      each[name]["step"] = difference.step;
      each[name]["mean_difference_in_steps"] = difference.mean / difference.step;
    }
  }
  nlohmann::json json = {{"outputs", each},
                         {"samples", samples},
                         {"reference", "LibTorch"},
                         {"runtime", runtime},
                         {"passed", passed}};
  if (tolerance) json["tolerance"] = *tolerance;
  return json;
}

std::string Verification::text() const {
  std::string text;
  for (const auto& [name, difference] : outputs) {
    text += name + ": max " + number(difference.max) + ", mean " + number(difference.mean) +
            " on values up to " + number(difference.largest);
    if (difference.step > 0) {
      text += ", mean " + number(difference.mean / difference.step) + " steps of " +
              number(difference.step);
    }
    text += difference.passed ? "\n" : tolerance ? ", past the tolerance\n" : ", NaN in one\n";
  }
  return text;
}

std::map<std::string, at::Tensor> random_example(const graph::Graph& graph, int64_t samples,
                                                 uint64_t seed) {
  std::map<std::string, at::Tensor> example;
  uint32_t slot = 0;
  for (const auto* input : graph.inputs()) {
    Random random(seed, Random::example, 0, slot++);
    auto tensor = at::empty(graph::sizes_at(input->shape, samples), at::kFloat);
    auto* values = tensor.data_ptr<float>();
    const bool whole = c10::isIntegralType(input->dtype, true);
    for (int64_t i = 0; i < tensor.numel(); ++i) {
      values[i] = whole ? static_cast<float>(random.below(256)) : random.normal();
    }
    example[input->name] = tensor.to(input->dtype);
  }
  return example;
}

}  // namespace manyfold::exporters
