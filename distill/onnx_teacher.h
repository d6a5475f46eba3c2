#pragma once

#include <memory>

#include "distill/model_teacher.h"

namespace manyfold::distill {

/// A teacher in ONNX Runtime, on the CPU: a file with one input of pictures. A batch size of 1 that
/// is fixed in the file costs one run a picture. `threads`: of ONNX Runtime.
///
/// Throws UserError for a file that the runtime cannot load (with its words: an operator it lacks),
/// ConfigError for an input of another type or shape than the options say, or a fixed batch of
/// several.
std::shared_ptr<Teacher> onnx_teacher(TeacherSetup setup, int threads);

}  // namespace manyfold::distill
