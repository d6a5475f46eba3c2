#pragma once

#include <string>
#include <vector>

namespace manyfold::cli {

/// `manyfold data anchors`: the anchors that suit the boxes of a job's training sets.
int run_data_anchors(const std::vector<std::string>& arguments);

}  // namespace manyfold::cli
