#pragma once

#include "losses/detector_labels.h"
#include "testing.h"

namespace manyfold::losses {

/// One picture with objects [F, 4], x1 y1 x2 y2, of class 0.
inline DetectorLabels labels_of(const torch::Tensor& boxes, int64_t landmarks) {
  const auto f = boxes.size(0);
  return {torch::ones({1}, torch::kBool),       torch::full({1}, f, torch::kLong),
          boxes.to(torch::kFloat).unsqueeze(0), torch::zeros({1, f}, torch::kLong),
          torch::zeros({1, f, landmarks, 2}),   torch::zeros({1, f, landmarks}, torch::kBool)};
}

/// YOLOv3's nine anchors, made for pictures of 416 pixels, on three grids.
inline DetectorOptions three_grids() {
  DetectorOptions o;
  o.landmarks = 0;
  o.strides = {8, 16, 32};
  o.anchors = {10, 13, 16, 30, 33, 23, 30, 61, 62, 45, 59, 119, 116, 90, 156, 198, 373, 326};
  for (auto& side : o.anchors) side /= 416;
  return o;
}

}  // namespace manyfold::losses
