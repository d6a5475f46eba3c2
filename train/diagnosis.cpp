#include "train/diagnosis.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "train/kept_buffers.h"

namespace manyfold::train {
namespace {

using graph::ValueRange;

constexpr double kHalfMax = 65504;
constexpr double kZeroInHalf = 0x1p-25;

bool is_broken(const ValueRange& value) { return value.infinite + value.nan > 0; }

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

std::vector<BrokenGradient> broken_gradients(const models::MultiTaskModel& model) {
  std::vector<BrokenGradient> found;
  for (const auto& entry : model->named_parameters()) {
    const auto gradient = entry.value().grad();
    if (!gradient.defined()) continue;
    const auto broken = gradient.numel() - gradient.isfinite().sum().item<int64_t>();
    if (broken > 0) found.push_back({entry.key(), gradient.numel(), broken});
  }
  return found;
}

std::string largest_line(const std::vector<ValueRange>& largest) {
  std::string line = "every value of the forward pass is finite";
  const char* separator = "; largest: ";
  for (const auto& value : largest) {
    line += separator + value.name + " " + number(value.largest) + " (" +
            share_of_half(value.largest) + ")";
    separator = ", ";
  }
  return line;
}

}  // namespace

const ValueRange* Diagnosis::first_broken() const {
  const auto at = std::find_if(values.begin(), values.end(), is_broken);
  return at == values.end() ? nullptr : &*at;
}

std::vector<ValueRange> Diagnosis::largest(size_t count) const {
  std::map<std::string, ValueRange> by_layer;
  for (const auto& value : values) {
    auto& most = by_layer.try_emplace(value.scope, value).first->second;
    if (value.largest > most.largest) most = value;
  }
  std::vector<ValueRange> all;
  for (auto& [layer, value] : by_layer) all.push_back(std::move(value));
  std::stable_sort(all.begin(), all.end(),
                   [](const ValueRange& a, const ValueRange& b) { return a.largest > b.largest; });
  all.resize(std::min(all.size(), count));
  return all;
}

std::vector<ValueRange> Diagnosis::vanishing() const {
  std::vector<ValueRange> found;
  std::copy_if(values.begin(), values.end(), std::back_inserter(found),
               [](const ValueRange& value) {
                 const bool all = value.vanishing > 0 && value.largest <= kZeroInHalf;
                 return all || 2 * value.vanishing > value.count;
               });
  return found;
}

bool Diagnosis::alarming() const {
  const auto most = largest(1);
  return first_broken() || !gradients.empty() || !vanishing().empty() ||
         (!most.empty() && most.front().largest > kHalfMax / 4);
}

std::vector<std::string> Diagnosis::lines() const {
  std::vector<std::string> lines;
  if (const auto* broken = first_broken()) {
    lines.push_back("the first value that is not finite: " + describe_broken(*broken));
  } else {
    lines.push_back(largest_line(largest(3)));
    for (const auto& each : gradients) {
      lines.push_back("the gradient of " + each.parameter + " is not finite (" +
                      std::to_string(each.broken) + " of " + std::to_string(each.count) + ")");
    }
  }
  for (const auto& value : vanishing()) {
    lines.push_back(value.name + ": " + std::to_string(value.vanishing) + " of " +
                    std::to_string(value.count) + " become 0 in half precision (largest " +
                    number(value.largest) + ")");
  }
  return lines;
}

Diagnosis diagnose(Precision precision, models::MultiTaskModel model, const torch::Tensor& pictures,
                   graph::Mode mode) {
  const torch::NoGradGuard no_grad;
  const cv::Size input(static_cast<int>(pictures.size(3)), static_cast<int>(pictures.size(2)));
  const auto graph = graph_in(precision, model, input, mode);
  const graph::Replay replay(graph);
  KeptBuffers buffers(*model);
  Diagnosis diagnosis;
  {
    // The CPU's autocast does not know the operator that a graph has for convolutions. bfloat16 is
    // all that is lost there, and has the range of float.
    const auto guard = pictures.is_cuda() ? autocast_in(precision, pictures.device()) : nullptr;
    diagnosis.values = graph::value_ranges(replay, inputs_for(graph, pictures));
  }
  buffers.restore();
  diagnosis.gradients = broken_gradients(model);
  return diagnosis;
}

std::string share_of_half(double value) { return number(100 * value / kHalfMax) + " % of 65504"; }

std::string describe_broken(const ValueRange& value) {
  return value.name + ": " + std::to_string(value.infinite) + " infinite, " +
         std::to_string(value.nan) + " NaN of " + std::to_string(value.count);
}

}  // namespace manyfold::train
