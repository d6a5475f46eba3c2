#include "data/loading/collate.h"

#include <torch/types.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "common/error.h"

namespace manyfold::data {
namespace {

using Kind = LabelSpec::Kind;

/// A tensor of one value, filled by this thread alone: LibTorch's own fill would start a team of
/// OpenMP threads for every loader thread, and with more threads than cores OpenMP sends the
/// network's threads to sleep at every barrier.
template <class T>
torch::Tensor filled(const std::vector<int64_t>& shape, T value) {
  auto tensor = torch::empty(shape, c10::CppTypeToScalarType<T>::value);
  std::fill_n(tensor.template data_ptr<T>(), tensor.numel(), value);
  return tensor;
}

/// Copies a frame or mask to its place in the batch, which has `size` pixels of `type`.
void write_rows(const cv::Mat& picture, cv::Size size, int type, uint8_t* to) {
  TORCH_CHECK(picture.size() == size && picture.type() == type, "collate: a frame or mask is ",
              picture.cols, "x", picture.rows, " of ", cv::typeToString(picture.type()),
              ", and its batch is ", size.width, "x", size.height, " of ", cv::typeToString(type));
  cv::Mat target(size, type, to);
  picture.copyTo(target);
}

/// uint8 [slots, count, 3, H, W], uninitialised, the colours of a pixel side by side in memory.
torch::Tensor empty_pictures(int64_t slots, int64_t count, cv::Size size) {
  return torch::empty({slots, count, size.height, size.width, 3}, torch::kU8)
      .permute({0, 1, 4, 2, 3});
}

Labels empty_labels(const LabelSpec& spec, int64_t rows, cv::Size size) {
  Labels labels;
  labels.present = filled({rows}, false);
  if (spec.kind == Kind::mask) {
    labels.mask = filled({rows, size.height, size.width}, uint8_t{Mask::kIgnore});
  } else if (spec.kind == Kind::class_index) {
    labels.index = filled({rows}, int64_t{-1});
  }
  return labels;
}

/// Where picture `i` of a slot stands in [slots, count, 3, H, W].
uint8_t* place_of(const torch::Tensor& pictures, int64_t slot, int64_t i) {
  return pictures.data_ptr<uint8_t>() + slot * pictures.stride(0) + i * pictures.stride(1);
}

/// Box, class and key points of one object, to place number `at` of the padded tensors.
void write_object(const Object& object, cv::Size size, int64_t at, Labels& labels) {
  const auto w = static_cast<float>(size.width), h = static_cast<float>(size.height);
  const float box[4] = {object.box.x / w, object.box.y / h, (object.box.x + object.box.width) / w,
                        (object.box.y + object.box.height) / h};
  std::memcpy(labels.box.data_ptr<float>() + at * 4, box, sizeof(box));
  const bool region = object.ignore && object.class_index >= 0;
  labels.object_class.data_ptr<int64_t>()[at] =
      region ? -2 - object.class_index : object.class_index;
  const auto points = labels.visible.size(2);
  for (int64_t k = 0; k < points && k < static_cast<int64_t>(object.landmarks.size()); ++k) {
    if (!object.visible[k]) continue;
    labels.visible.data_ptr<bool>()[at * points + k] = true;
    auto* point = labels.landmarks.data_ptr<float>() + (at * points + k) * 2;
    point[0] = object.landmarks[k].x / w;
    point[1] = object.landmarks[k].y / h;
  }
}

void check_kind(const std::string& task, const LabelSpec& spec, const Label& label) {
  TORCH_CHECK(label.index() == static_cast<size_t>(spec.kind), "collate: task ", task,
              " was given a label of another kind");
}

}  // namespace

BatchBuilder::BatchBuilder(const LabelSpecs& specs, int64_t slots, BatchShape shape, cv::Size size,
                           int64_t step, CropShape crops)
    : specs_(specs), slots_(slots), frames_(shape.frames), size_(size), crops_(crops) {
  batch_.continues = shape.continues;
  if (shape.motion) {
    batch_.motion = filled({slots * frames_, size.height, size.width, 2},
                           std::numeric_limits<float>::quiet_NaN());
  }
  batch_.step = step;
  batch_.origins.resize(slots);
  batch_.pictures = empty_pictures(slots, frames_, size);
  if (crops.count > 0) batch_.crops = empty_pictures(slots, crops.count, crops.size);
  for (const auto& [task, spec] : specs_) {
    batch_.labels[task] = empty_labels(spec, slots * frames_, size);
    if (spec.kind == Kind::objects) objects_[task].resize(slots * frames_);
  }
}

void BatchBuilder::put(int64_t slot, const Sample& sample) {
  if (static_cast<int64_t>(sample.frames.size()) != frames_) {
    throw UserError(sample.origin.source + ": " + sample.origin.name + " has " +
                    std::to_string(sample.frames.size()) + " frames, and its batch has " +
                    std::to_string(frames_));
  }
  TORCH_CHECK(static_cast<int64_t>(sample.crops.size()) == crops_.count, "collate: a sample has ",
              sample.crops.size(), " crops, and its batch has ", crops_.count);
  batch_.origins[slot] = sample.origin;
  for (int64_t t = 0; t < frames_; ++t) {
    const auto& frame = sample.frames[static_cast<size_t>(t)];
    write_rows(frame.picture, size_, CV_8UC3, place_of(batch_.pictures, slot, t));
    const auto row = slot * frames_ + t;
    put_labels(row, frame.labels);
    if (batch_.motion.defined() && !frame.motion.empty()) put_motion(row, frame.motion);
  }
  for (int64_t i = 0; i < crops_.count; ++i) {
    const auto& crop = sample.crops[static_cast<size_t>(i)];
    write_rows(crop, crops_.size, CV_8UC3, place_of(batch_.crops, slot, i));
  }
}

void BatchBuilder::put_motion(int64_t row, const Motion& motion) {
  TORCH_CHECK(motion.displacement.size() == size_,
              "collate: a motion is not of its picture's size");
  cv::Mat to(size_, CV_32FC2, batch_.motion.data_ptr<float>() + row * size_.area() * 2);
  motion.displacement.copyTo(to);
}

void BatchBuilder::put_labels(int64_t row, const std::map<std::string, Label>& given) {
  for (const auto& [task, spec] : specs_) {
    const auto found = given.find(task);
    if (found == given.end()) continue;
    check_kind(task, spec, found->second);
    auto& labels = batch_.labels.at(task);
    labels.present.data_ptr<bool>()[row] = true;
    if (const auto* mask = std::get_if<Mask>(&found->second)) {
      auto* to = labels.mask.data_ptr<uint8_t>() + row * size_.area();
      write_rows(mask->classes, size_, CV_8UC1, to);
    } else if (const auto* index = std::get_if<ClassIndex>(&found->second)) {
      labels.index.data_ptr<int64_t>()[row] = index->index;
    } else {
      objects_.at(task)[static_cast<size_t>(row)] = std::get<Objects>(found->second);
    }
  }
}

void BatchBuilder::put_objects(const LabelSpec& spec, const std::vector<Objects>& rows,
                               Labels& labels) const {
  size_t most = 1;
  for (const auto& row : rows) most = std::max(most, row.list.size());
  const auto count = slots_ * frames_, width = static_cast<int64_t>(most);
  const auto classes = static_cast<int64_t>(spec.classes.size());
  labels.count = filled({count}, int64_t{0});
  labels.box = filled({count, width, 4}, 0.0f);
  labels.object_class = filled({count, width}, int64_t{-1});
  labels.landmarks = filled({count, width, spec.landmarks, 2}, 0.0f);
  labels.visible = filled({count, width, spec.landmarks}, false);
  labels.labelled = filled({count, classes}, true);
  for (int64_t row = 0; row < count; ++row) {
    const auto& objects = rows[static_cast<size_t>(row)];
    labels.count.data_ptr<int64_t>()[row] = static_cast<int64_t>(objects.list.size());
    for (size_t f = 0; f < objects.list.size(); ++f)
      write_object(objects.list[f], size_, row * width + static_cast<int64_t>(f), labels);
    TORCH_CHECK(objects.labelled.empty() || objects.labelled.size() == spec.classes.size(),
                "collate: a label says of ", objects.labelled.size(),
                " classes whether they were "
                "looked for, and its task has ",
                spec.classes.size());
    std::copy(objects.labelled.begin(), objects.labelled.end(),
              labels.labelled.data_ptr<bool>() + row * classes);
  }
}

Batch BatchBuilder::finish() {
  for (auto& [task, rows] : objects_) put_objects(specs_.at(task), rows, batch_.labels.at(task));
  return std::move(batch_);
}

Batch collate(const std::vector<Sample>& samples, const LabelSpecs& specs, int64_t step) {
  TORCH_CHECK(!samples.empty(), "collate: a batch needs at least one sample");
  const auto& frames = samples[0].frames;
  const auto& crops = samples[0].crops;
  CropShape crop_shape;
  if (!crops.empty()) crop_shape = {static_cast<int64_t>(crops.size()), crops[0].size()};
  BatchBuilder builder(specs, static_cast<int64_t>(samples.size()),
                       {static_cast<int64_t>(frames.size())}, frames.at(0).picture.size(), step,
                       crop_shape);
  for (size_t i = 0; i < samples.size(); ++i) builder.put(static_cast<int64_t>(i), samples[i]);
  return builder.finish();
}

}  // namespace manyfold::data
