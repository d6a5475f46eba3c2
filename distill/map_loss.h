#pragma once

#include <torch/nn/modules/conv.h>

#include <string>
#include <vector>

#include "distill/asked.h"
#include "distill/options.h"
#include "train/lessons.h"

namespace manyfold::distill {

/// A loss on the encoder's feature maps: `hint`, `attention` or `relations`. The mean over its
/// strides, and over the teachers that give maps by their weights.
class MapLoss {
 public:
  /// Hints learn a 1x1 convolution from the student's channels to the teacher's for each map; it
  /// becomes a child of `adapters`.
  /// Throws ConfigError for a stride that the encoder has not, or that no teacher gives.
  MapLoss(std::string name, LossOptions options, const std::vector<models::FeatureInfo>& encoder,
          const Teachers& teachers, torch::nn::Module& adapters);

  /// Adds its lesson with `weight`. The lesson must not outlive this object.
  void teach(train::Lessons& lessons, double weight, const Teachers& teachers,
             const Answers& answers) const;

 private:
  /// One map of the student beside one of a teacher.
  struct Pair {
    size_t teacher;
    size_t map;      // of the encoder
    int64_t stride;  // of the teacher's map
    torch::nn::Conv2d adapter{nullptr};
  };
  torch::Tensor compare(const Pair& pair, const torch::Tensor& student,
                        const torch::Tensor& teacher) const;

  std::string name_;
  LossOptions options_;
  size_t maps_;  // of the encoder
  std::vector<Pair> pairs_;
};

}  // namespace manyfold::distill
