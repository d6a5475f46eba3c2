#include "losses/detector_targets.h"

#include <torch/types.h>

#include "losses/boxes.h"
#include "losses/detector_decode.h"

namespace manyfold::losses {
namespace {

using torch::Tensor;

Tensor encode_points(const Tensor& points, const DetectorTargets& t,
                     DetectorOptions::Points encoding) {
  switch (encoding) {
    case DetectorOptions::Points::box:
      return (points - centre_of(t.box).unsqueeze(1)) / t.size.unsqueeze(1);
    case DetectorOptions::Points::cell:
      return points * t.grid.unsqueeze(1) - t.cell.unsqueeze(1);
    case DetectorOptions::Points::anchor:
      return (points - (t.cell / t.grid).unsqueeze(1)) / t.anchor.unsqueeze(1);
  }
  TORCH_CHECK(false, "detector_targets: unknown encoding of key points");
}

/// All but the confidences.
DetectorTargets encode(const DetectorLabels& labels, const DetectorOptions& options,
                       const DetectorGrid& grid) {
  DetectorTargets t;
  t.places = detector_assign(labels, options, grid);
  const auto& p = t.places;
  const auto of_anchor = [&](const Tensor& x) { return x.index_select(0, p.anchor); };
  const auto of_object = [&](const Tensor& x) { return x.index({p.picture, p.object}); };
  t.object_class = of_object(labels.object_class);
  t.box = of_object(labels.box).to(torch::kFloat);
  t.size = size_of(t.box);
  t.anchor = of_anchor(grid.anchor);
  t.grid = torch::stack({of_anchor(grid.columns), of_anchor(grid.rows)}, 1).to(torch::kFloat);
  t.cell = torch::stack({p.column, p.row}, 1).to(torch::kFloat);
  t.offset = centre_of(t.box) * t.grid - t.cell;
  if (options.landmarks > 0) {
    const auto visible = of_object(labels.visible);
    t.visible = visible.to(torch::kFloat);
    t.points = encode_points(of_object(labels.landmarks).to(torch::kFloat), t, options.points)
                   .masked_fill(visible.logical_not().unsqueeze(-1), 0);
  }
  return t;
}

/// Adds up hits [M, P] by group: bool [groups, P], true where any of the group hits.
Tensor any_by_group(const Tensor& hits, const Tensor& group, int64_t groups) {
  return torch::zeros({groups, hits.size(1)}, hits.options().dtype(torch::kFloat))
      .index_add_(0, group, hits.to(torch::kFloat))
      .gt(0);
}

/// bool [N, P]: the middle of the place's cell lies in an ignored region.
Tensor in_ignored_regions(const DetectorLabels& labels, const DetectorGrid& grid) {
  const auto [picture, region] = entries_of(ignored_regions(labels));
  const auto box = labels.box.index({picture, region}).unsqueeze(1).unbind(-1);  // 4 of [R, 1]
  const auto columns = grid.columns.index_select(0, grid.anchor_of_place);
  const auto rows = grid.rows.index_select(0, grid.anchor_of_place);
  const auto x = (grid.cell_of_place.remainder(columns) + 0.5) / columns;
  const auto y = (grid.cell_of_place.div(columns, "floor") + 0.5) / rows;
  return any_by_group(x.ge(box[0]) & x.lt(box[2]) & y.ge(box[1]) & y.lt(box[3]), picture,
                      labels.box.size(0));
}

Tensor background(const DetectorLabels& labels, const DetectorTargets& targets, const Tensor& boxes,
                  const DetectorOptions& options, const DetectorGrid& grid) {
  const auto n = boxes.size(0), c = options.classes;
  const auto [picture, object] = entries_of(learnable_objects(labels, options));
  const auto overlap = box_iou(boxes.index_select(0, picture),
                               labels.box.index({picture, object}).to(torch::kFloat).unsqueeze(1));
  const auto group = picture * c + labels.object_class.index({picture, object});
  auto excluded =
      any_by_group(overlap.gt(options.ignore_iou), group, n * c).view({n, c, grid.places()});
  excluded |= in_ignored_regions(labels, grid).unsqueeze(1);
  const auto& p = targets.places;
  excluded.index_put_({p.picture, targets.object_class, p.place},
                      torch::ones({}, excluded.options()).expand(p.place.sizes()));
  return asked_classes(labels, options).unsqueeze(2) & excluded.logical_not();
}

}  // namespace

DetectorTargets detector_targets(const std::vector<Tensor>& raw, const DetectorLabels& labels,
                                 const DetectorOptions& options, const DetectorGrid& grid) {
  const torch::NoGradGuard no_grad;
  auto targets = encode(labels, options, grid);
  const auto boxes = decode_boxes(raw, options);
  const auto overlap =
      box_iou(boxes.index({targets.places.picture, targets.places.place}), targets.box);
  targets.confidence =
      options.target == DetectorOptions::Target::iou ? overlap : torch::ones_like(overlap);
  targets.background = background(labels, targets, boxes, options, grid);
  return targets;
}

}  // namespace manyfold::losses
