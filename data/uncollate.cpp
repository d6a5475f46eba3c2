#include "data/uncollate.h"

#include <ATen/ATen.h>

namespace manyfold::data {
namespace {

Mask mask_of(const at::Tensor& frames) {  // uint8 [T, H, W]
  Mask mask;
  const auto rows = frames.contiguous();
  for (int64_t t = 0; t < rows.size(0); ++t) {
    mask.frames.emplace_back(static_cast<int>(rows.size(1)), static_cast<int>(rows.size(2)),
                             CV_8UC1, rows[t].data_ptr<uint8_t>());
    if (!rows.is_same(frames)) mask.frames.back() = mask.frames.back().clone();
  }
  return mask;
}

Object object_of(const Labels& labels, int64_t row, int64_t frame, int64_t slot, cv::Size picture) {
  Object object;
  const auto corners = labels.box[row][frame][slot];
  const auto box = corners.accessor<float, 1>();
  const auto w = static_cast<float>(picture.width), h = static_cast<float>(picture.height);
  object.box = cv::Rect2f(cv::Point2f(box[0] * w, box[1] * h), cv::Point2f(box[2] * w, box[3] * h));
  const int64_t class_index = labels.object_class[row][frame][slot].item<int64_t>();
  object.ignore = class_index < 0;
  object.class_index = object.ignore ? 0 : class_index;
  const auto visible = labels.visible[row][frame][slot];
  if (visible.numel() == 0 || !visible.any().item<bool>()) return object;
  const auto positions = labels.landmarks[row][frame][slot];
  const auto points = positions.accessor<float, 2>();
  const auto seen = visible.accessor<bool, 1>();
  for (int64_t k = 0; k < points.size(0); ++k) {
    object.landmarks.emplace_back(points[k][0] * w, points[k][1] * h);
    object.visible.push_back(seen[k]);
  }
  return object;
}

}  // namespace

std::optional<Label> label_of(const Labels& labels, const LabelSpec& spec, int64_t row,
                              cv::Size picture) {
  if (!labels.present[row].item<bool>()) return std::nullopt;
  if (spec.kind == LabelSpec::Kind::mask) return mask_of(labels.mask[row]);
  if (spec.kind == LabelSpec::Kind::class_index)
    return ClassIndex{labels.index[row].item<int64_t>()};
  Objects objects;
  for (int64_t t = 0; t < labels.count.size(1); ++t) {
    auto& frame = objects.frames.emplace_back();
    const int64_t count = labels.count[row][t].item<int64_t>();
    for (int64_t slot = 0; slot < count; ++slot)
      frame.push_back(object_of(labels, row, t, slot, picture));
  }
  return objects;
}

cv::Mat picture_of(const at::Tensor& pictures, int64_t row, int64_t frame) {
  const auto pixels = pictures[row][frame].permute({1, 2, 0}).contiguous();
  return cv::Mat(static_cast<int>(pixels.size(0)), static_cast<int>(pixels.size(1)), CV_8UC3,
                 pixels.data_ptr<uint8_t>())
      .clone();
}

}  // namespace manyfold::data
