#pragma once

#include <memory>
#include <string>
#include <vector>

#include "distill/teacher.h"

namespace manyfold::distill {

/// The teachers of a job with their shares.
struct Teachers {
  std::vector<std::shared_ptr<Teacher>> all;
  std::vector<double> weights;  // one each
  bool by_confidence = false;
};

/// What all teachers said of one batch.
using Answers = std::vector<Answer>;

/// Asks all of them.
Answers ask(const Teachers& teachers, const torch::Tensor& pictures);

}  // namespace manyfold::distill
