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

/// Asks all of them. Throws UserError naming teacher, task and output for an answer with a number
/// that is not finite.
Answers ask(const Teachers& teachers, const torch::Tensor& pictures);

/// The same check of one answer.
void require_finite(const std::string& teacher, const Answer& answer);

}  // namespace manyfold::distill
