#include "data/loading/uncollate.h"

#include <ATen/ATen.h>

namespace manyfold::data {
namespace {

Mask mask_of(const at::Tensor& classes) {  // uint8 [H, W]
  const auto rows = classes.contiguous();
  const cv::Mat mask(static_cast<int>(rows.size(0)), static_cast<int>(rows.size(1)), CV_8UC1,
                     rows.data_ptr<uint8_t>());
  return Mask{rows.is_same(classes) ? mask : mask.clone()};
}

Object object_of(const Labels& labels, int64_t row, int64_t slot, cv::Size picture) {
  Object object;
  const auto corners = labels.box[row][slot];
  const auto box = corners.accessor<float, 1>();
  const auto w = static_cast<float>(picture.width), h = static_cast<float>(picture.height);
  object.box = cv::Rect2f(cv::Point2f(box[0] * w, box[1] * h), cv::Point2f(box[2] * w, box[3] * h));
  const int64_t class_index = labels.object_class[row][slot].item<int64_t>();
  object.ignore = class_index < 0;
  object.class_index = class_index < -1 ? -2 - class_index : class_index;
  const auto visible = labels.visible[row][slot];
  if (visible.numel() == 0 || !visible.any().item<bool>()) return object;
  const auto positions = labels.landmarks[row][slot];
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
  const int64_t count = labels.count[row].item<int64_t>();
  for (int64_t slot = 0; slot < count; ++slot)
    objects.list.push_back(object_of(labels, row, slot, picture));
  const auto labelled = labels.labelled[row];
  for (int64_t c = 0; c < labelled.size(0); ++c)
    objects.labelled.push_back(labelled[c].item<bool>());
  return objects;
}

cv::Mat picture_of(const at::Tensor& pictures, int64_t sample, int64_t frame) {
  const auto pixels = pictures[sample][frame].permute({1, 2, 0}).contiguous();
  return cv::Mat(static_cast<int>(pixels.size(0)), static_cast<int>(pixels.size(1)), CV_8UC3,
                 pixels.data_ptr<uint8_t>())
      .clone();
}

}  // namespace manyfold::data
