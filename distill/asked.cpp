#include "distill/asked.h"

#include <torch/types.h>

#include "common/error.h"

namespace manyfold::distill {
namespace {

/// One number is looked at, unless it is bad: a sum may overflow where all parts are finite.
bool finite(const torch::Tensor& tensor) {
  return torch::isfinite(tensor.sum()).item<bool>() || torch::isfinite(tensor).all().item<bool>();
}

}  // namespace

void require_finite(const std::string& teacher, const Answer& answer) {
  const auto refuse = [&](const std::string& what) {
    throw UserError("teacher '" + teacher + "' answers with numbers that are not finite: " + what +
                    "; look at its `input` options (scale, mean, deviation), or leave it out");
  };
  for (const auto& [task, outputs] : answer.outputs) {
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (!finite(outputs[i])) refuse("task '" + task + "', output " + std::to_string(i));
    }
  }
  for (const auto& [stride, map] : answer.features) {
    if (!finite(map)) refuse("features at stride " + std::to_string(stride));
  }
}

Answers ask(const Teachers& teachers, const torch::Tensor& pictures) {
  Answers answers;
  for (const auto& teacher : teachers.all) {
    answers.push_back(teacher->answer(pictures));
    require_finite(teacher->name(), answers.back());
  }
  return answers;
}

}  // namespace manyfold::distill
