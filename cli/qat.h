#pragma once

#include <string>
#include <vector>

namespace manyfold::cli {

/// `manyfold qat RUN [overrides]`: trains a float run's model on for int8. It is `manyfold train`
/// with that run's config, the recipe in configs/qat.yaml over it, and init=RUN; so there is no
/// second way to train. Returns the exit code.
int run_qat(const std::vector<std::string>& arguments);

}  // namespace manyfold::cli
