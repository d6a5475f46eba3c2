#pragma once

#include <functional>
#include <type_traits>
#include <utility>

#include "models/multitask.h"

namespace manyfold::train {

/// A model, wherever it runs: pictures -> the raw outputs of every task.
class Predictor {
 public:
  /// What it says of frames one after the other, and what it remembers after the last.
  struct Seen {
    models::Outputs outputs;  // frame t of clip n is row n * T + t
    models::State state;
  };
  /// uint8 [N, T, 3, H, W] RGB and the state before (empty: the start) -> what is seen.
  using Look = std::function<Seen(const torch::Tensor& clips, const models::State& state)>;

  Predictor() = default;
  explicit Predictor(Look look) : look_(std::move(look)) {}
  /// Of a model without memory: uint8 [N, 3, H, W] -> outputs.
  template <typename F, typename = std::enable_if_t<
                            std::is_invocable_r_v<models::Outputs, F, const torch::Tensor&>>>
  Predictor(F predict)
      : look_([predict](const torch::Tensor& clips, const models::State&) {
          return Seen{predict(clips.flatten(0, 1)), {}};
        }) {}

  /// Of stills: uint8 [N, 3, H, W].
  models::Outputs operator()(const torch::Tensor& pictures) const {
    return look_(pictures.unsqueeze(1), {}).outputs;
  }
  Seen along(const torch::Tensor& clips, const models::State& state) const {
    return look_(clips, state);
  }
  explicit operator bool() const { return static_cast<bool>(look_); }

 private:
  Look look_;
};

}  // namespace manyfold::train
