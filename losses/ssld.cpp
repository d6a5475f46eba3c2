#include "losses/ssld.h"

#include <torch/types.h>

#include "losses/boxes.h"
#include "losses/ssld_decode.h"

namespace manyfold::losses {
namespace {

using torch::Tensor;
using torch::indexing::Slice;

Tensor size_of(const Tensor& box) { return box.narrow(-1, 2, 2) - box.narrow(-1, 0, 2); }
Tensor centre_of(const Tensor& box) { return (box.narrow(-1, 2, 2) + box.narrow(-1, 0, 2)) / 2; }

/// bool [N, F]: labelled, not padding, of positive size.
Tensor real(const SsldLabels& labels) {
  const auto place = torch::arange(labels.box.size(1), labels.count.options());
  return labels.present.unsqueeze(1) & place.unsqueeze(0).lt(labels.count.unsqueeze(1)) &
         size_of(labels.box).gt(0).all(-1);
}

/// The rows of `chosen` [N, F] as (picture, face), int64 [M] each.
std::pair<Tensor, Tensor> rows_of(const Tensor& chosen) {
  const auto index = chosen.nonzero();
  return {index.select(1, 0), index.select(1, 1)};
}

/// Row in [M] of the last of each run of equal numbers in `sorted`.
Tensor last_of_runs(const Tensor& sorted) {
  if (sorted.numel() == 0) return torch::zeros({0}, sorted.options());
  const auto last = torch::ones({1}, sorted.options().dtype(torch::kBool));
  const auto changes = sorted.slice(0, 1).ne(sorted.slice(0, 0, -1));
  return torch::cat({changes, last}).nonzero().select(1, 0);
}

/// What the learnt faces should become. Float [M, ...].
struct Targets {
  Tensor box;      // [M, 4]
  Tensor offset;   // [M, 2]: centre within its cell, in [0, 1)
  Tensor size;     // [M, 2]
  Tensor anchor;   // [M, 2]
  Tensor points;   // [M, K, 2], encoded; 0 where not visible
  Tensor visible;  // [M, K], 0 or 1
};

Tensor encode_points(const Tensor& points, const Targets& t, const Tensor& cell, const Tensor& grid,
                     SsldOptions::Points encoding) {
  switch (encoding) {
    case SsldOptions::Points::box:
      return (points - centre_of(t.box).unsqueeze(1)) / t.size.unsqueeze(1);
    case SsldOptions::Points::cell:
      return points * grid - cell.unsqueeze(1);
    case SsldOptions::Points::anchor:
      return (points - (cell / grid).unsqueeze(1)) / t.anchor.unsqueeze(1);
  }
  TORCH_CHECK(false, "ssld_loss: unknown encoding of key points");
}

Targets encode(const SsldLabels& labels, const SsldPlaces& places, const SsldOptions& options,
               int64_t rows, int64_t columns) {
  Targets t;
  t.box = labels.box.index({places.picture, places.face}).to(torch::kFloat);
  t.size = size_of(t.box);
  t.anchor = ssld_anchors(options, t.box).index_select(0, places.anchor);
  const auto grid = torch::tensor({columns, rows}, t.box.options());
  const auto cell = torch::stack({places.column, places.row}, 1).to(torch::kFloat);
  t.offset = centre_of(t.box) * grid - cell;
  if (options.landmarks > 0) {
    const auto visible = labels.visible.index({places.picture, places.face});
    const auto points = labels.landmarks.index({places.picture, places.face}).to(torch::kFloat);
    t.visible = visible.to(torch::kFloat);
    t.points = encode_points(points, t, cell, grid, options.points)
                   .masked_fill(visible.logical_not().unsqueeze(-1), 0);
  }
  return t;
}

/// Adds up hits [M, P] of faces by picture: bool [N, P], true where any face of the picture hits.
Tensor any_by_picture(const Tensor& hits, const Tensor& picture, int64_t pictures) {
  return torch::zeros({pictures, hits.size(1)}, hits.options().dtype(torch::kFloat))
      .index_add_(0, picture, hits.to(torch::kFloat))
      .gt(0);
}

/// bool [N, rows * columns]: the cell's middle lies in an ignored region.
Tensor in_ignored_regions(const SsldLabels& labels, int64_t rows, int64_t columns) {
  const auto [picture, region] = rows_of(real(labels) & labels.object_class.lt(0));
  const auto box = labels.box.index({picture, region}).unsqueeze(1).unbind(-1);  // 4 of [R, 1]
  const auto cell = torch::arange(rows * columns, labels.box.options()).unsqueeze(0);
  const auto x = (cell.remainder(columns) + 0.5) / columns;
  const auto y = (cell.div(columns, "floor") + 0.5) / rows;
  return any_by_picture(x.ge(box[0]) & x.lt(box[2]) & y.ge(box[1]) & y.lt(box[3]), picture,
                        labels.box.size(0));
}

/// bool [N, P]: places that learn to be background.
Tensor background(const SsldLabels& labels, const SsldPlaces& places, const Tensor& boxes,
                  const SsldOptions& options, int64_t rows, int64_t columns) {
  const auto [picture, face] = rows_of(real(labels) & labels.object_class.ge(0));
  const auto overlap = box_iou(boxes.index_select(0, picture),
                               labels.box.index({picture, face}).to(torch::kFloat).unsqueeze(1));
  auto excluded = any_by_picture(overlap.gt(options.ignore_iou), picture, boxes.size(0));
  excluded |= in_ignored_regions(labels, rows, columns).repeat({1, options.anchor_count()});
  const auto place = (places.anchor * rows + places.row) * columns + places.column;
  excluded.index_put_({places.picture, place},
                      torch::ones({}, excluded.options()).expand(place.sizes()));
  return labels.present.unsqueeze(1) & excluded.logical_not();
}

/// All that the loss looks at, fetched at once: every separate slice of the output would cost
/// another gradient as large as the output.
struct Looked {
  Tensor confidence;  // [N, P] logits
  Tensor faces;       // [M, D]
};

Looked look(const Tensor& raw, const SsldPlaces& places, const SsldOptions& options) {
  const auto n = raw.size(0), a = options.anchor_count(), d = options.depth();
  const auto cells = raw.size(2) * raw.size(3);
  const auto number = [&](int64_t count) { return torch::arange(count, places.picture.options()); };
  const auto heads = number(n * a) * d;  // rows of [N * A * D, cells]
  const auto confidence = ((heads + 4).unsqueeze(1) * cells + number(cells)).flatten();
  const auto first = (places.picture * a + places.anchor) * d;
  const auto cell = places.row * raw.size(3) + places.column;
  const auto faces = ((first.unsqueeze(1) + number(d)) * cells + cell.unsqueeze(1)).flatten();
  const auto taken = raw.take(torch::cat({confidence, faces})).to(torch::kFloat);
  return {taken.slice(0, 0, confidence.numel()).view({n, a * cells}),
          taken.slice(0, confidence.numel()).view({-1, d})};
}

Tensor confidence_term(const Tensor& logits, const Tensor& target, SsldOptions::Confidence term) {
  if (term == SsldOptions::Confidence::squared) return (torch::sigmoid(logits) - target).square();
  return torch::softplus(logits) - logits * target;
}

Tensor size_term(const Tensor& t, const Targets& targets, SsldOptions::SizeTerm term) {
  if (term == SsldOptions::SizeTerm::log) return t - (targets.size / targets.anchor).log();
  const auto root = targets.anchor.sqrt() * (t.clamp_max(kLargestSsldSize) / 2).exp();
  return root - targets.size.sqrt();
}

/// [M]: of each face, the mean over its visible key points.
Tensor landmark_term(const Tensor& uv, const Targets& targets, const SsldOptions& options) {
  const auto difference = uv.view_as(targets.points) - targets.points;
  const auto each = options.point_term == SsldOptions::PointTerm::squared
                        ? difference.square()
                        : torch::smooth_l1_loss(difference, torch::zeros_like(difference),
                                                at::Reduction::None, options.point_beta);
  return (each.sum(-1) * targets.visible).sum(-1) / targets.visible.sum(-1).clamp_min(1);
}

void check(const Tensor& raw, const SsldLabels& labels, const SsldOptions& options) {
  TORCH_CHECK(raw.dim() == 4 && raw.size(1) == options.anchor_count() * options.depth(),
              "ssld_loss: needs [N, ", options.anchor_count() * options.depth(), ", Sh, Sw], got ",
              raw.sizes());
  const auto n = raw.size(0);
  TORCH_CHECK(labels.box.dim() == 3 && labels.box.size(0) == n && labels.box.size(2) == 4,
              "ssld_loss: needs boxes [", n, ", F, 4], got ", labels.box.sizes());
  const auto f = labels.box.size(1);
  TORCH_CHECK(labels.present.sizes() == torch::IntArrayRef({n}) &&
                  labels.count.sizes() == torch::IntArrayRef({n}) &&
                  labels.object_class.sizes() == torch::IntArrayRef({n, f}),
              "ssld_loss: needs present [N], count [N] and object_class [N, F], got ",
              labels.present.sizes(), ", ", labels.count.sizes(), " and ",
              labels.object_class.sizes());
  const auto k = options.landmarks;
  TORCH_CHECK(k == 0 || (labels.landmarks.sizes() == torch::IntArrayRef({n, f, k, 2}) &&
                         labels.visible.sizes() == torch::IntArrayRef({n, f, k})),
              "ssld_loss: needs landmarks [N, F, ", k, ", 2] and visible [N, F, ", k, "]");
}

}  // namespace

SsldPlaces ssld_assign(const SsldLabels& labels, const SsldOptions& options, int64_t rows,
                       int64_t columns) {
  const auto centre = centre_of(labels.box);
  const auto inside = centre.ge(0).all(-1) & centre.lt(1).all(-1);
  const auto [picture, face] = rows_of(real(labels) & labels.object_class.ge(0) & inside);
  const auto box = labels.box.index({picture, face}).to(torch::kFloat);
  const auto size = size_of(box);
  const auto anchor =
      shape_iou(size.unsqueeze(1), ssld_anchors(options, box).unsqueeze(0)).argmax(1);
  const auto grid = torch::tensor({columns, rows}, box.options());
  const auto cell = (centre_of(box) * grid).to(torch::kLong);
  const auto column = cell.select(1, 0).clamp_max(columns - 1);
  const auto row = cell.select(1, 1).clamp_max(rows - 1);

  const auto by_area = size.prod(1).argsort(/*stable=*/true, /*dim=*/0, /*descending=*/false);
  const auto place = ((picture * options.anchor_count() + anchor) * rows + row) * columns + column;
  const auto [sorted, order] =
      place.index_select(0, by_area).sort(/*stable=*/true, /*dim=*/0, /*descending=*/false);
  const auto kept = by_area.index_select(0, order).index_select(0, last_of_runs(sorted));
  const auto keep = [&](const Tensor& x) { return x.index_select(0, kept); };
  return {keep(picture), keep(face), keep(anchor), keep(row), keep(column)};
}

std::map<std::string, Tensor> ssld_loss(const Tensor& raw, const SsldLabels& labels,
                                        const SsldOptions& options) {
  check(raw, labels, options);
  const auto rows = raw.size(2), columns = raw.size(3);
  SsldPlaces places;
  Targets targets;
  Tensor overlap, empty;
  {
    const torch::NoGradGuard no_grad;
    places = ssld_assign(labels, options, rows, columns);
    targets = encode(labels, places, options, rows, columns);
    const auto boxes = ssld_decode_boxes(raw, options);
    const auto place = (places.anchor * rows + places.row) * columns + places.column;
    overlap = box_iou(boxes.index({places.picture, place}), targets.box);
    empty = background(labels, places, boxes, options, rows, columns).to(torch::kFloat);
  }
  const auto wanted =
      options.target == SsldOptions::Target::iou ? overlap : torch::ones_like(overlap);
  const auto looked = look(raw, places, options);
  const auto& t = looked.faces;
  const auto pictures = labels.present.sum().clamp_min(1);
  const auto term = [&](double weight, const Tensor& each) {
    return weight * each.sum() / pictures;
  };

  std::map<std::string, Tensor> terms = {
      {"centre",
       term(options.centre_weight, (torch::sigmoid(t.narrow(1, 0, 2)) - targets.offset).square())},
      {"size", term(options.size_weight,
                    size_term(t.narrow(1, 2, 2), targets, options.size_term).square())},
      {"object",
       term(options.object_weight, confidence_term(t.select(1, 4), wanted, options.confidence))},
      {"background",
       term(options.background_weight,
            confidence_term(looked.confidence, torch::zeros({1}, t.options()), options.confidence) *
                empty)}};
  if (options.landmarks > 0) {
    terms["landmarks"] =
        term(options.landmark_weight,
             landmark_term(t.narrow(1, 5, 2 * options.landmarks), targets, options));
  }
  return terms;
}

}  // namespace manyfold::losses
