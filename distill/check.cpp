#include "distill/check.h"

#include "common/error.h"
#include "distill/adapter.h"
#include "distill/model_teacher.h"

namespace manyfold::distill {
namespace {

std::string shapes_of(const std::vector<torch::Tensor>& tensors) {
  std::string text;
  for (const auto& tensor : tensors) text += (text.empty() ? "" : " and ") + shape_text(tensor);
  return text;
}

bool same_shapes(const std::vector<torch::Tensor>& a, const std::vector<torch::Tensor>& b) {
  return shapes_of(a) == shapes_of(b);
}

const char* way_out(const train::Task& task) {
  return task.label().kind == data::LabelSpec::Kind::objects
             ? "anchors, key points and the grid must be equal: a teacher of the job's input size "
               "with the same `detector`. Labels work in any layout: make them with "
               "manyfold label, or leave the task out of its `tasks`"
             : "say which channels are which class under `outputs`, or leave the task out of its "
               "`tasks`";
}

}  // namespace

void check_teacher(Teacher& teacher, const train::Tasks& tasks, const torch::Tensor& pictures,
                   const models::Outputs& student) {
  const auto answer = teacher.answer(pictures);
  for (const auto& [name, outputs] : answer.outputs) {
    const auto* task = find_task(tasks, name);
    TORCH_CHECK(task, "check_teacher: no task '", name, "'");
    const auto& ours = student.at(name);
    if (same_shapes(outputs, ours)) continue;
    throw ConfigError("teacher '" + teacher.name() + "' answers task '" + name + "' with " +
                      shapes_of(outputs) + ", expected " + shapes_of(ours) +
                      " as the student's head gives; " + way_out(*task));
  }
}

}  // namespace manyfold::distill
