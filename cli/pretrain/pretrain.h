#pragma once

#include <string>
#include <vector>

namespace manyfold::cli {

int run_pretrain(const std::vector<std::string>& arguments);

}  // namespace manyfold::cli
