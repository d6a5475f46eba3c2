#include "losses/ssld_decode.h"

#include <torch/types.h>

namespace manyfold::losses {
namespace {

using torch::Tensor;

/// [N, A, D, Sh, Sw], float32.
Tensor by_anchor(const Tensor& raw, const SsldOptions& options) {
  TORCH_CHECK(raw.dim() == 4 && raw.size(1) == options.anchor_count() * options.depth(),
              "ssld_decode: needs [N, ", options.anchor_count() * options.depth(),
              ", Sh, Sw], got ", raw.sizes());
  return raw.to(torch::kFloat)
      .view({raw.size(0), options.anchor_count(), options.depth(), raw.size(2), raw.size(3)});
}

Tensor columns(const Tensor& cells) {
  return torch::arange(cells.size(4), cells.options()).view({1, 1, 1, -1});
}
Tensor rows(const Tensor& cells) {
  return torch::arange(cells.size(3), cells.options()).view({1, 1, -1, 1});
}

struct Boxes {
  Tensor cx, cy, w, h;  // [N, A, Sh, Sw]
};

Boxes decode(const Tensor& cells, const SsldOptions& options) {
  const auto anchor = ssld_anchors(options, cells).view({1, -1, 2, 1, 1});
  const auto size = cells.narrow(2, 2, 2).clamp_max(kLargestSsldSize).exp() * anchor;
  const auto offset = torch::sigmoid(cells.narrow(2, 0, 2));
  return {(offset.select(2, 0) + columns(cells)) / cells.size(4),
          (offset.select(2, 1) + rows(cells)) / cells.size(3), size.select(2, 0),
          size.select(2, 1)};
}

Tensor corners(const Boxes& b) {
  return torch::stack({b.cx - b.w / 2, b.cy - b.h / 2, b.cx + b.w / 2, b.cy + b.h / 2}, -1)
      .flatten(1, 3);
}

/// [N, A, Sh, Sw, K] of one coordinate: `u` in the encoding's units, measured from `cell`.
Tensor place(const Tensor& u, SsldOptions::Points points, const Tensor& centre, const Tensor& size,
             const Tensor& cell, int64_t cells, const Tensor& anchor) {
  switch (points) {
    case SsldOptions::Points::box:
      return centre.unsqueeze(-1) + u * size.unsqueeze(-1);
    case SsldOptions::Points::cell:
      return (cell.unsqueeze(-1) + u) / cells;
    case SsldOptions::Points::anchor:
      return cell.unsqueeze(-1) / cells + u * anchor.view({1, -1, 1, 1, 1});
  }
  TORCH_CHECK(false, "ssld_decode: unknown encoding of key points");
}

}  // namespace

Tensor ssld_anchors(const SsldOptions& options, const Tensor& like) {
  return torch::tensor(options.anchors, torch::kFloat).view({-1, 2}).to(like.device());
}

Tensor ssld_decode_boxes(const Tensor& raw, const SsldOptions& options) {
  return corners(decode(by_anchor(raw, options), options));
}

SsldDetections ssld_decode(const Tensor& raw, const SsldOptions& options) {
  const auto cells = by_anchor(raw, options);
  const auto boxes = decode(cells, options);
  const auto points = cells.narrow(2, 5, 2 * options.landmarks).permute({0, 1, 3, 4, 2});
  const auto u = points.slice(-1, 0, {}, 2), v = points.slice(-1, 1, {}, 2);
  const auto anchor = ssld_anchors(options, cells);
  const auto x = place(u, options.points, boxes.cx, boxes.w, columns(cells), cells.size(4),
                       anchor.select(1, 0));
  const auto y =
      place(v, options.points, boxes.cy, boxes.h, rows(cells), cells.size(3), anchor.select(1, 1));
  return {corners(boxes), torch::sigmoid(cells.select(2, 4)).flatten(1),
          torch::stack({x, y}, -1).flatten(1, 3)};
}

}  // namespace manyfold::losses
