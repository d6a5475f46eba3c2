#include "exporters/half_range.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdio>

#include "common/error.h"

namespace manyfold::exporters {
namespace {

using graph::ValueRange;
using nlohmann::json;

constexpr double kNearLimit = kLargestHalf / 4;

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

const std::string& layer_of(const ValueRange& range) {
  return range.scope.empty() ? range.name : range.scope;
}

std::vector<ValueRange> ranges_over(
    const graph::Graph& graph, const std::vector<std::map<std::string, at::Tensor>>& examples) {
  const graph::Replay replay(graph);
  std::vector<ValueRange> all;
  for (const auto& example : examples) {
    const auto ranges = graph::value_ranges(replay, {example.begin(), example.end()});
    if (all.empty()) {
      all = ranges;
      continue;
    }
    for (size_t i = 0; i < all.size(); ++i) graph::merge(all[i], ranges.at(i));
  }
  return all;
}

void refuse_overflow(const ValueRange& range) {
  if (range.largest <= kLargestHalf) return;
  throw UserError("export: " + layer_of(range) + " overflows in half precision: " + range.name +
                  " reaches " + number(range.largest) +
                  ", and the largest half is 65504; export "
                  "another precision, or train on until its values stay far below (a clamped "
                  "activation such as ReLU6, weight decay, half precision in training)");
}

// The largest |x| of every input and result, by its name.
std::map<std::string, double> largest_by_name(
    const std::vector<ValueRange>& ranges,
    const std::vector<std::map<std::string, at::Tensor>>& examples) {
  std::map<std::string, double> largest;
  for (const auto& range : ranges) largest[range.name] = range.largest;
  for (const auto& example : examples) {
    for (const auto& [name, tensor] : example) {
      auto& input = largest[name];
      input = std::max(input, tensor.to(at::kDouble).abs().max().item<double>());
    }
  }
  return largest;
}

bool is_layer(const graph::Node& node) {
  return (node.is("aten::convolution") || node.is("aten::linear")) &&
         node.tensor("weight")->stored() && node.tensor("input")->kind != graph::Value::constant;
}

// sum|w| of every output channel, [channels]. A transposed weight is [in, out / groups, h, w].
at::Tensor weight_sums(const graph::Node& node) {
  const auto weight = node.tensor("weight")->tensor.to(at::kDouble).abs();
  if (node.is("aten::convolution") && node.flag("transposed")) {
    const auto groups = node.integer("groups");
    return weight.reshape({groups, weight.size(0) / groups, weight.size(1), -1})
        .sum(at::IntArrayRef{1, 3})
        .flatten();
  }
  return weight.flatten(1).sum(1);
}

double bound_of(const graph::Node& node, double largest) {
  auto bound = weight_sums(node) * largest;
  if (node.has("bias") && node.tensor("bias")->stored()) {
    bound = bound + node.tensor("bias")->tensor.to(at::kDouble).abs();
  }
  return bound.max().item<double>();
}

json entry(const ValueRange& range) {
  return {{"value", range.name}, {"layer", layer_of(range)}, {"max_abs_value", range.largest}};
}

double share(int64_t part, const ValueRange& range) {
  return static_cast<double>(part) / static_cast<double>(std::max<int64_t>(range.count, 1));
}

}  // namespace

HalfRange check_half_range(const graph::Graph& graph,
                           const std::vector<std::map<std::string, at::Tensor>>& examples) {
  if (examples.empty()) throw UserError("export: half precision needs examples to be checked on");
  HalfRange result;
  for (const auto& example : examples) result.samples += example.begin()->second.size(0);
  const auto ranges = ranges_over(graph, examples);
  for (const auto& range : ranges) {
    refuse_overflow(range);
    if (range.largest >= result.largest.largest) result.largest = range;
    if (range.largest > kNearLimit) result.near_limit.push_back(range);
    if (range.subnormal + range.vanishing > 0) result.small.push_back(range);
  }
  const auto largest = largest_by_name(ranges, examples);
  for (const auto& node : graph.nodes()) {
    if (!is_layer(*node)) continue;
    const auto bound = bound_of(*node, largest.at(node->tensor("input")->name));
    if (bound > kLargestHalf) result.bounds.push_back({node->name, bound});
  }
  return result;
}

nlohmann::json HalfRange::json() const {
  auto near = nlohmann::json::array(), lost = nlohmann::json::array(),
       sums = nlohmann::json::array();
  for (const auto& range : near_limit) near.push_back(entry(range));
  for (const auto& range : small) {
    auto each = entry(range);
    each["subnormal_share"] = share(range.subnormal, range);
    each["vanishing_share"] = share(range.vanishing, range);
    lost.push_back(each);
  }
  for (const auto& bound : bounds) {
    sums.push_back({{"layer", bound.name}, {"max_abs_sum", bound.value}});
  }
  return {{"samples", samples}, {"limit", kLargestHalf}, {"largest", entry(largest)},
          {"near_limit", near}, {"small", lost},         {"sums_past_limit", sums}};
}

std::string HalfRange::text() const {
  std::string text;
  for (const auto& range : near_limit) {
    text += range.name + " reaches " + number(range.largest) + ", over a quarter of 65504\n";
  }
  for (const auto& bound : bounds) {
    text += bound.name + " may add up to " + number(bound.value) +
            ": a device that adds in half precision may overflow there\n";
  }
  return text;
}

}  // namespace manyfold::exporters
