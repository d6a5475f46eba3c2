#pragma once

#include <string>

#include "common/config/value.h"

namespace manyfold::config {

/// Hydra keeps its own settings under `hydra`, and configs may speak of them: `hydra.run.dir`,
/// `override hydra/job_logging: disabled`, `${hydra:runtime.choices.model}`. They compose like all
/// else, and are no part of a job's config.

/// The settings that a config may override or refer to, with Hydra's defaults.
Value hydra_config();
/// The defaults list that stands before them.
Value hydra_defaults();
/// Whether `group` is one of Hydra's own, "hydra/launcher" for one.
bool is_hydra_group(const std::string& group);

}  // namespace manyfold::config
