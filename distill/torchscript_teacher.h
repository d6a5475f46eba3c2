#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "distill/model_teacher.h"

namespace manyfold::distill {

/// A teacher in TorchScript (torch.jit.save), on a device: one argument of pictures. Its result may
/// be a tensor (output "output"), a dictionary of tensors, or a tuple or list of them ("0", "1").
///
/// Throws UserError for what is no TorchScript file, and for results of another kind.
std::shared_ptr<Teacher> torchscript_teacher(const TeacherSetup& setup, torch::Device device);

}  // namespace manyfold::distill
