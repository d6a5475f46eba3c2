#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "models/features.h"
#include "models/multitask.h"

namespace manyfold::distill {

/// What a teacher says of pictures, in float, each tensor with one row a picture.
struct Answer {
  /// By task: raw outputs as the student's head gives them, its classes in its layout.
  models::Outputs outputs;
  /// The teacher's own feature maps by stride.
  std::map<int64_t, torch::Tensor> features;
};

/// A model that is asked what a student should say.
class Teacher {
 public:
  virtual ~Teacher() = default;

  /// uint8 [N, 3, H, W] RGB, of the network's size of the job -> its answer, on the pictures'
  /// device, without gradients. Throws UserError for a number that is not finite.
  virtual Answer answer(const torch::Tensor& pictures) = 0;

  /// What the config calls it.
  virtual std::string name() const = 0;
  /// Changes when its answers may: SHA-256 of its file and of how it is read, in hexadecimal.
  virtual std::string hash() const = 0;
  /// The tasks it answers.
  virtual std::vector<std::string> tasks() const = 0;
  /// The feature maps it gives, finest first.
  virtual std::vector<models::FeatureInfo> features() const = 0;
};

}  // namespace manyfold::distill
