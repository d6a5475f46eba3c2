#include "distill/asked.h"

namespace manyfold::distill {

Answers ask(const Teachers& teachers, const torch::Tensor& pictures) {
  Answers answers;
  for (const auto& teacher : teachers.all) answers.push_back(teacher->answer(pictures));
  return answers;
}

}  // namespace manyfold::distill
