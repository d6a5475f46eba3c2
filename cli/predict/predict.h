#pragma once

#include <string>
#include <vector>

namespace manyfold::cli {

int run_predict(const std::vector<std::string>& arguments);

}  // namespace manyfold::cli
