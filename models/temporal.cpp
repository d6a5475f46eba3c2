#include "models/temporal.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "common/error.h"
#include "models/blocks/conv_gru.h"

namespace manyfold::models {
namespace {

using torch::Tensor;

/// What the GRU sees is the map divided by this, which few of its numbers reach: so its tanh
/// squashes little.
constexpr double kRange = 8;
constexpr int64_t kGroup = 8;  // accelerators work on so many channels, or a multiple, at a time

int64_t share_of(int64_t channels, double share) {
  if (share >= 1) return channels;
  const auto groups = std::llround(share * static_cast<double>(channels) / kGroup);
  return std::clamp<int64_t>(kGroup * groups, std::min(kGroup, channels), channels);
}

std::string listed(const std::vector<int64_t>& numbers) {
  std::string text;
  for (const auto number : numbers) text += (text.empty() ? "" : ", ") + std::to_string(number);
  return text;
}

bool contains(const std::vector<int64_t>& numbers, int64_t number) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

/// Which strides are meant. Throws ConfigError for one that is not among `known`.
std::vector<int64_t> chosen_strides(const std::vector<int64_t>& wanted,
                                    const std::vector<int64_t>& known) {
  const auto problem = [&](const std::string& what) {
    return ConfigError("model.temporal.strides = [" + listed(wanted) + "], " + what +
                       "; the encoder has maps at strides " + listed(known));
  };
  for (const auto stride : wanted) {
    if (!contains(known, stride))
      throw problem("but no map is at stride " + std::to_string(stride));
  }
  return wanted.empty() ? known : wanted;
}

std::vector<std::string> layer_names() {
  std::vector<std::string> names;
  for (const auto& [name, factory] : temporal_layers()) names.push_back(name);
  return names;
}

}  // namespace

void TemporalOptions::fields(config::Fields& f) {
  f.field("type", type,
          "What the model remembers from one frame of a video to the next: nothing, or the state "
          "of a convolutional GRU between encoder and heads.",
          layer_names());
  f.field("strides", strides, "Of the encoder's maps that it acts on; empty: all.",
          config::positive());
  f.field("channels", channels,
          "Share of each map's channels that it acts on, rounded to a multiple of 8; the others "
          "pass as they are.",
          {0, 1, /*low_open=*/true, /*high_open=*/false});
  f.field("kernel", kernel, "Side of its convolutions: 1, 3 or 5.", config::between(1, 5));
  f.require(kernel % 2 == 1, "kernel", "must be 1, 3 or 5");
}

/// y = kRange gru(x / kRange, h) on the last `recurrent` channels of one map.
class Temporal::Memory : public torch::nn::Cloneable<Temporal::Memory> {
 public:
  Memory(int64_t recurrent, int64_t kernel) : recurrent_(recurrent), kernel_(kernel) { reset(); }

  void reset() override {
    gru_ = register_module("gru", ConvGru(ConvGruOptions(recurrent_).kernel(kernel_)));
    remember_what_is_seen();
  }

  /// map [N, C, h, w], h [N, recurrent, h, w] or undefined -> y as `map`, and h'
  std::pair<Tensor, Tensor> forward(const Tensor& map, const Tensor& h) {
    const auto untouched = map.size(1) - recurrent_;
    if (untouched == 0) return recur(map, h);
    const auto parts = map.split_with_sizes({untouched, recurrent_}, 1);
    const auto [y, next] = recur(parts[1], h);
    return {torch::cat({parts[0], y}, 1), next};
  }

 private:
  /// Makes the candidate tanh(x): the state is a moving average of what was seen.
  void remember_what_is_seen() {
    const torch::NoGradGuard no_grad;
    auto parameters = gru_->named_parameters();
    auto& weight = parameters["hh.0.weight"];
    weight.zero_();
    const auto centre = kernel_ / 2;
    weight.select(3, centre).select(2, centre).slice(1, 0, recurrent_).fill_diagonal_(1);
    parameters["hh.0.bias"].zero_();
  }

  std::pair<Tensor, Tensor> recur(const Tensor& map, const Tensor& h) {
    const auto x = map / kRange;
    const auto next = gru_->forward(x, h.defined() ? begun(x, h) : x.tanh());
    return {next * kRange, next};
  }

  /// The state h of each row, or, where that is zeros, what the row shows: a stream begins as if
  /// its first frame had been seen for ever.
  static Tensor begun(const Tensor& x, const Tensor& h) {
    TORCH_CHECK(h.sizes() == x.sizes(), "Temporal: the state must have its map's shape ", x.sizes(),
                ", got ", h.sizes());
    const auto empty = (h.abs().amax({1, 2, 3}, /*keepdim=*/true) == 0).to(x.scalar_type());
    return h + empty * x.tanh();
  }

  int64_t recurrent_, kernel_;
  ConvGru gru_{nullptr};
};

Temporal::Temporal(const std::vector<FeatureInfo>& features, const TemporalOptions& options)
    : kernel_(options.kernel), maps_(features.size()) {
  TORCH_CHECK(options.channels > 0 && options.channels <= 1,
              "Temporal: the share of channels must be in (0, 1], got ", options.channels);
  std::vector<int64_t> known;
  for (const auto& feature : features) known.push_back(feature.stride);
  const auto chosen = chosen_strides(options.strides, known);
  for (size_t i = 0; i < features.size(); ++i) {
    const auto& [channels, stride] = features[i];
    if (!contains(chosen, stride)) continue;
    places_.push_back(i);
    states_.push_back(
        {"stride" + std::to_string(stride), share_of(channels, options.channels), stride});
  }
  reset();
}

void Temporal::reset() {
  memories_.clear();
  for (const auto& state : states_) {
    memories_.push_back(
        register_module(state.name, std::make_shared<Memory>(state.channels, kernel_)));
  }
}

Remembered Temporal::forward(const std::vector<Tensor>& features, const State& state) {
  TORCH_CHECK(features.size() == maps_, "Temporal: made for ", maps_, " maps, got ",
              features.size());
  TORCH_CHECK(state.empty() || state.size() == memories_.size(), "Temporal: a state is ",
              memories_.size(), " tensors, or none at the start, got ", state.size());
  Remembered result{features, {}};
  for (size_t i = 0; i < memories_.size(); ++i) {
    auto& map = result.features[places_[i]];
    const auto [seen, next] = memories_[i]->forward(map, state.empty() ? Tensor() : state[i]);
    map = seen;
    result.state.push_back(next);
  }
  return result;
}

const std::map<std::string, TemporalFactory>& temporal_layers() {
  using Features = std::vector<FeatureInfo>;
  static const std::map<std::string, TemporalFactory> table = {
      {"convgru",
       [](const Features& features, const TemporalOptions& options) {
         return std::make_shared<Temporal>(features, options);
       }},
      {"none", [](const Features&, const TemporalOptions&) { return nullptr; }},
  };
  return table;
}

}  // namespace manyfold::models
