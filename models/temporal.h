#pragma once

#include <torch/nn/cloneable.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/config/fields.h"
#include "models/features.h"

namespace manyfold::models {

/// What is remembered from one frame to the next: a tensor [N, C, h, w] for each of
/// `Temporal::states()`. Empty at the start, which counts as zeros.
using State = std::vector<torch::Tensor>;

/// The maps of a frame, seen in the light of the frames before it, and what the next one is given.
struct Remembered {
  std::vector<torch::Tensor> features;
  State state;
};

/// What others must know of one tensor of a `State`.
struct StateInfo {
  std::string name;  // "stride16"
  int64_t channels;
  int64_t stride;
};

/// What a config says of a model's memory: the keys under `model.temporal`.
struct TemporalOptions {
  std::string type = "none";     // a name in temporal_layers()
  std::vector<int64_t> strides;  // empty: all of the encoder's maps
  double channels = 1;           // share of each map's channels
  int64_t kernel = 1;

  void fields(config::Fields& f);
};

/// Memory at the end of an encoder: a ConvGRU on each of its maps, or some, and on all of a map's
/// channels, or the last of them; the others pass as they are (as in Robust Video Matting, arXiv
/// 2108.11515). Its state takes the place of what it saw:
///
///     h' = gru(x / 8, h)    y = 8 h'
///
/// A new layer's candidate is tanh(x / 8), so that y is a moving average of x, about three frames
/// long: it begins steady, and learns where to look at the frame alone. A row whose state is zeros
/// begins as if its first frame had been seen for ever. So a new layer passes stills on, but for
/// what tanh squashes: it can be put on a trained model, and one that is frozen while there are
/// only stills is nearly a bypass. Children are named as the states.
///
/// forward: the encoder's maps of one frame of N clips, and the state after the frame before -> the
/// same maps, of the same shapes, and the state after this frame
class Temporal : public torch::nn::Cloneable<Temporal> {
 public:
  /// Each map's share of channels is rounded to a multiple of 8 and at least 8; a share of 1 is all
  /// of them. `options.type` is not looked at. Throws ConfigError for a stride that is not among
  /// `features`, naming those that are.
  Temporal(const std::vector<FeatureInfo>& features, const TemporalOptions& options);
  void reset() override;
  Remembered forward(const std::vector<torch::Tensor>& features, const State& state);

  /// The tensors of a state, finest map first.
  const std::vector<StateInfo>& states() const { return states_; }

 private:
  class Memory;  // of one map

  int64_t kernel_;
  size_t maps_;                 // the encoder's
  std::vector<size_t> places_;  // among the encoder's maps, of each state
  std::vector<StateInfo> states_;
  std::vector<std::shared_ptr<Memory>> memories_;
};

using TemporalFactory = std::function<std::shared_ptr<Temporal>(const std::vector<FeatureInfo>&,
                                                                const TemporalOptions&)>;

/// Every temporal layer that a config may name. `none` makes a null pointer.
const std::map<std::string, TemporalFactory>& temporal_layers();

}  // namespace manyfold::models
