#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "models/features.h"

namespace manyfold::models {

/// What a head needs to know beside the encoder's feature maps.
struct HeadOptions {
  int64_t classes = 1;                 // segmentation: 1 = one logit a pixel; else how many
  int64_t landmarks = 68;              // detector: key points of each object, 0 = boxes alone
  int64_t anchors = 3;                 // detector: at each stride
  std::vector<int64_t> strides = {8};  // detector: of the grids, finest first, each twice the last
  int64_t width = 0;                   // hidden channels; 0 = what suits the encoder
};

using HeadFactory =
    std::function<std::shared_ptr<Head>(const std::vector<FeatureInfo>&, const HeadOptions&)>;

/// Every kind of head: `classification`, `detector`, `segmentation`.
const std::map<std::string, HeadFactory>& heads();

}  // namespace manyfold::models
