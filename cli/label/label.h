#pragma once

#include <string>
#include <vector>

namespace manyfold::cli {

int run_label(const std::vector<std::string>& arguments);

}  // namespace manyfold::cli
