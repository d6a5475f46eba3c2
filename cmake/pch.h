#pragma once
// The one precompiled header: what every file that handles modules or tensors would include anyway.
#include <torch/torch.h>

#include <map>
#include <string>
#include <vector>
