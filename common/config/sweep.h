#pragma once

#include <string>
#include <vector>

#include "common/config/repository.h"

namespace manyfold::config {

/// The runs of `--multirun`: the cartesian product of every `a,b`, choice(), range() and glob() in
/// the overrides, the last one varying fastest, as Hydra's basic sweeper orders them. Overrides
/// that are no sweep stand in every run; of two for one key the later counts. `repository` knows
/// the options that a glob chooses from.
///
/// Throws ConfigError for interval(), which has no end of values, for sweeps over Hydra's own
/// settings, and for more than 10 000 runs.
std::vector<std::vector<std::string>> expand_sweep(const std::vector<std::string>& overrides,
                                                   const Repository& repository);

}  // namespace manyfold::config
