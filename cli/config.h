#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/config/fields.h"

namespace manyfold::cli {

/// `manyfold config show | list | doc`.
int run_config(const std::vector<std::string>& arguments);

/// What `manyfold config doc` prints for `key` and all below it, out of the given options.
std::string doc_text(const std::function<void(config::Fields&)>& root, const std::string& key);

}  // namespace manyfold::cli
