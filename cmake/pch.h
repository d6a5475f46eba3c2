#pragma once
// The one precompiled header: tensors. Not <torch/torch.h>: GCC instantiates what a precompiled
// header leaves pending again in every file, which costs more than the few headers of torch/nn that
// a file names itself.
#include <torch/types.h>
