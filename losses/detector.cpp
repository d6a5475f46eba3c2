#include "losses/detector.h"

#include <torch/types.h>

#include "losses/ciou.h"
#include "losses/detector_decode.h"
#include "losses/detector_targets.h"

namespace manyfold::losses {
namespace {

using torch::Tensor;

/// All that the loss looks at, fetched at once: every separate slice of the output would cost
/// another gradient as large as the output.
struct Looked {
  Tensor confidence;  // [N, C, P] logits
  Tensor objects;     // [M, D]
};

/// One output after the other. Of one alone no copy is made.
Tensor joined(const std::vector<Tensor>& raw) {
  if (raw.size() == 1) return raw[0];
  std::vector<Tensor> flat;
  for (const auto& output : raw) flat.push_back(output.flatten());
  return torch::cat(flat);
}

/// Where among the joined numbers those of an anchor in a picture begin: D for each of its cells.
/// int64, `picture` [...] and `anchor` [M] broadcast.
Tensor begin_of(const Tensor& picture, const Tensor& anchor, int64_t pictures,
                const DetectorOptions& options, const DetectorGrid& grid) {
  const auto a = options.anchors_per_level();
  const auto of_anchor = [&](const Tensor& x) { return x.index_select(0, anchor); };
  const auto level = grid.first.view({-1, a}).select(1, 0).repeat_interleave(a);
  const auto before = level * pictures + (grid.first - level);  // in picture 0
  return (of_anchor(before) + picture * a * of_anchor(grid.rows * grid.columns)) * options.depth();
}

Looked look(const std::vector<Tensor>& raw, const DetectorPlaces& places,
            const DetectorOptions& options, const DetectorGrid& grid) {
  const auto n = raw[0].size(0), c = options.classes, d = options.depth();
  const auto number = [&](int64_t count) { return torch::arange(count, grid.first.options()); };
  const auto cells = grid.rows * grid.columns;
  const auto picture = number(n).unsqueeze(1);
  const auto confidence =
      (begin_of(picture, grid.anchor_of_place, n, options, grid).unsqueeze(1) +
       (number(c) + 4).unsqueeze(1) * cells.index_select(0, grid.anchor_of_place) +
       grid.cell_of_place)
          .flatten();
  const auto first = begin_of(places.picture, places.anchor, n, options, grid) +
                     grid.cell_of_place.index_select(0, places.place);
  const auto objects =
      (first.unsqueeze(1) + number(d) * cells.index_select(0, places.anchor).unsqueeze(1))
          .flatten();
  const auto taken = joined(raw).take(torch::cat({confidence, objects})).to(torch::kFloat);
  return {taken.slice(0, 0, confidence.numel()).view({n, c, grid.places()}),
          taken.slice(0, confidence.numel()).view({-1, d})};
}

Tensor confidence_term(const Tensor& logits, const Tensor& target,
                       DetectorOptions::Confidence term) {
  if (term == DetectorOptions::Confidence::squared) {
    return (torch::sigmoid(logits) - target).square();
  }
  return torch::softplus(logits) - logits * target;
}

/// [M]: 1 - CIoU, in cells: fractions of a picture that is no square have no aspect ratio.
Tensor box_term(const Tensor& t, const DetectorTargets& targets) {
  const auto centre = torch::sigmoid(t.narrow(1, 0, 2)) + targets.cell;
  const auto size = t.narrow(1, 2, 2).clamp_max(kLargestSize).exp() * targets.anchor * targets.grid;
  return 1 - complete_iou(torch::cat({centre - size / 2, centre + size / 2}, 1),
                          targets.box * targets.grid.repeat({1, 2}));
}

/// [M, 2]
Tensor centre_term(const Tensor& t, const DetectorTargets& targets) {
  return (torch::sigmoid(t.narrow(1, 0, 2)) - targets.offset).square();
}

/// [M, 2]
Tensor size_term(const Tensor& t, const DetectorTargets& targets, DetectorOptions::SizeTerm term) {
  const auto wh = t.narrow(1, 2, 2);
  if (term == DetectorOptions::SizeTerm::log) {
    return (wh - (targets.size / targets.anchor).log()).square();
  }
  const auto root = targets.anchor.sqrt() * (wh.clamp_max(kLargestSize) / 2).exp();
  return (root - targets.size.sqrt()).square();
}

/// [M]: of each object, the mean over its visible key points.
Tensor landmark_term(const Tensor& t, const DetectorTargets& targets,
                     const DetectorOptions& options) {
  const auto uv = t.narrow(1, 4 + options.classes, 2 * options.landmarks);
  const auto difference = uv.view_as(targets.points) - targets.points;
  const auto each = options.point_term == DetectorOptions::PointTerm::squared
                        ? difference.square()
                        : torch::smooth_l1_loss(difference, torch::zeros_like(difference),
                                                at::Reduction::None, options.point_beta);
  return (each.sum(-1) * targets.visible).sum(-1) / targets.visible.sum(-1).clamp_min(1);
}

void check(const std::vector<Tensor>& raw, const DetectorLabels& labels,
           const DetectorOptions& options) {
  check_outputs(raw, options);
  const auto n = raw[0].size(0);
  TORCH_CHECK(labels.box.dim() == 3 && labels.box.size(0) == n && labels.box.size(2) == 4,
              "detector_loss: needs boxes [", n, ", F, 4], got ", labels.box.sizes());
  const auto f = labels.box.size(1);
  TORCH_CHECK(labels.present.sizes() == torch::IntArrayRef({n}) &&
                  labels.count.sizes() == torch::IntArrayRef({n}) &&
                  labels.object_class.sizes() == torch::IntArrayRef({n, f}),
              "detector_loss: needs present [N], count [N] and object_class [N, F], got ",
              labels.present.sizes(), ", ", labels.count.sizes(), " and ",
              labels.object_class.sizes());
  const auto k = options.landmarks, c = options.classes;
  TORCH_CHECK(k == 0 || (labels.landmarks.sizes() == torch::IntArrayRef({n, f, k, 2}) &&
                         labels.visible.sizes() == torch::IntArrayRef({n, f, k})),
              "detector_loss: needs landmarks [N, F, ", k, ", 2] and visible [N, F, ", k, "]");
  TORCH_CHECK(
      !labels.labelled.defined() || (labels.labelled.sizes() == torch::IntArrayRef({n, c}) &&
                                     labels.labelled.scalar_type() == torch::kBool),
      "detector_loss: needs labelled bool [", n, ", ", c, "], got ", labels.labelled.sizes(),
      " of ", labels.labelled.scalar_type());
}

}  // namespace

std::map<std::string, Tensor> detector_loss(const std::vector<Tensor>& raw,
                                            const DetectorLabels& labels,
                                            const DetectorOptions& options) {
  check(raw, labels, options);
  const auto grid = grid_of(raw, options);
  const auto targets = detector_targets(raw, labels, options, grid);
  const auto looked = look(raw, targets.places, options, grid);
  const auto& t = looked.objects;
  const auto confidence =
      t.narrow(1, 4, options.classes).gather(1, targets.object_class.unsqueeze(1)).squeeze(1);
  const auto nothing =
      confidence_term(looked.confidence, torch::zeros({1}, t.options()), options.confidence) *
      targets.background.to(torch::kFloat);
  const auto pictures = labels.present.sum().clamp_min(1);
  const auto term = [&](double weight, const Tensor& each) {
    return weight * each.sum() / pictures;
  };

  std::map<std::string, Tensor> terms = {
      {"object", term(options.object_weight,
                      confidence_term(confidence, targets.confidence, options.confidence))},
      {"background", term(options.background_weight, nothing)}};
  if (options.size_term == DetectorOptions::SizeTerm::ciou) {
    terms["box"] = term(options.box_weight, box_term(t, targets));
  } else {
    terms["centre"] = term(options.centre_weight, centre_term(t, targets));
    terms["size"] = term(options.size_weight, size_term(t, targets, options.size_term));
  }
  if (options.landmarks > 0) {
    terms["landmarks"] = term(options.landmark_weight, landmark_term(t, targets, options));
  }
  return terms;
}

}  // namespace manyfold::losses
