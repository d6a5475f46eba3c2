#pragma once

#include <string>
#include <vector>

namespace manyfold::cli {

int run_train(const std::vector<std::string>& arguments);
/// The same with another default config.
int run_distill(const std::vector<std::string>& arguments);

}  // namespace manyfold::cli
