#pragma once

#include "distill/teacher.h"
#include "train/task.h"

namespace manyfold::distill {

/// Asks a teacher about a few pictures and compares with the student's own outputs for them: every
/// task must have as many tensors of the same shapes. To be called before anything slow.
///
///   pictures  uint8 [N, 3, H, W] of the job's size
///   student   what its heads give for them
///
/// Throws ConfigError naming teacher, task, what was found, what was expected and the way out.
void check_teacher(Teacher& teacher, const train::Tasks& tasks, const torch::Tensor& pictures,
                   const models::Outputs& student);

}  // namespace manyfold::distill
