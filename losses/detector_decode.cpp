#include "losses/detector_decode.h"

#include <torch/types.h>

#include "losses/detector_grid.h"

namespace manyfold::losses {
namespace {

using torch::Tensor;

/// What one stride says.
struct Level {
  Tensor numbers;  // float [N, A, D, Sh, Sw]
  Tensor anchor;   // [A, 2]
};

std::vector<Level> levels_of(const std::vector<Tensor>& raw, const DetectorOptions& options) {
  check_outputs(raw, options);
  std::vector<Level> levels;
  for (size_t i = 0; i < raw.size(); ++i) {
    levels.push_back(
        {raw[i].to(torch::kFloat).unflatten(1, {options.anchors_per_level(), options.depth()}),
         anchor_tensor(options.anchors_of(i), raw[i].device())});
  }
  return levels;
}

Tensor columns(const Tensor& numbers) {
  return torch::arange(numbers.size(4), numbers.options()).view({1, 1, 1, -1});
}
Tensor rows(const Tensor& numbers) {
  return torch::arange(numbers.size(3), numbers.options()).view({1, 1, -1, 1});
}

struct Boxes {
  Tensor cx, cy, w, h;  // [N, A, Sh, Sw]
};

Boxes boxes_of(const Level& level) {
  const auto& t = level.numbers;
  const auto size =
      t.narrow(2, 2, 2).clamp_max(kLargestSize).exp() * level.anchor.view({1, -1, 2, 1, 1});
  const auto offset = torch::sigmoid(t.narrow(2, 0, 2));
  return {(offset.select(2, 0) + columns(t)) / t.size(4),
          (offset.select(2, 1) + rows(t)) / t.size(3), size.select(2, 0), size.select(2, 1)};
}

Tensor corners(const Boxes& b) {
  return torch::stack({b.cx - b.w / 2, b.cy - b.h / 2, b.cx + b.w / 2, b.cy + b.h / 2}, -1)
      .flatten(1, 3);
}

/// [N, A, Sh, Sw, K] of one coordinate: `u` in the encoding's units, measured from `cell`.
Tensor position(const Tensor& u, DetectorOptions::Points points, const Tensor& centre,
                const Tensor& size, const Tensor& cell, int64_t cells, const Tensor& anchor) {
  switch (points) {
    case DetectorOptions::Points::box:
      return centre.unsqueeze(-1) + u * size.unsqueeze(-1);
    case DetectorOptions::Points::cell:
      return (cell.unsqueeze(-1) + u) / cells;
    case DetectorOptions::Points::anchor:
      return cell.unsqueeze(-1) / cells + u * anchor.view({1, -1, 1, 1, 1});
  }
  TORCH_CHECK(false, "decode_detections: unknown encoding of key points");
}

Detections decode(const Level& level, const DetectorOptions& options) {
  const auto& t = level.numbers;
  const auto boxes = boxes_of(level);
  const auto numbers = t.permute({0, 1, 3, 4, 2});  // [N, A, Sh, Sw, D]
  const auto points = numbers.narrow(-1, 4 + options.classes, 2 * options.landmarks);
  const auto u = points.slice(-1, 0, {}, 2), v = points.slice(-1, 1, {}, 2);
  const auto x = position(u, options.points, boxes.cx, boxes.w, columns(t), t.size(4),
                          level.anchor.select(1, 0));
  const auto y =
      position(v, options.points, boxes.cy, boxes.h, rows(t), t.size(3), level.anchor.select(1, 1));
  return {corners(boxes), torch::sigmoid(numbers.narrow(-1, 4, options.classes)).flatten(1, 3),
          torch::stack({x, y}, -1).flatten(1, 3)};
}

}  // namespace

Tensor decode_boxes(const std::vector<Tensor>& raw, const DetectorOptions& options) {
  std::vector<Tensor> boxes;
  for (const auto& level : levels_of(raw, options)) boxes.push_back(corners(boxes_of(level)));
  return torch::cat(boxes, 1);
}

Detections decode_detections(const std::vector<Tensor>& raw, const DetectorOptions& options) {
  std::vector<Tensor> boxes, confidences, landmarks;
  for (const auto& level : levels_of(raw, options)) {
    const auto found = decode(level, options);
    boxes.push_back(found.box);
    confidences.push_back(found.confidence);
    landmarks.push_back(found.landmarks);
  }
  return {torch::cat(boxes, 1), torch::cat(confidences, 1), torch::cat(landmarks, 1)};
}

}  // namespace manyfold::losses
