#include "data/collate.h"

#include <torch/types.h>

#include <algorithm>
#include <cstring>

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

Labels empty_labels(const LabelSpec& spec, int64_t slots, int64_t frames, cv::Size size) {
  Labels labels;
  labels.present = filled({slots}, false);
  if (spec.kind == Kind::mask) {
    labels.mask = filled({slots, frames, size.height, size.width}, uint8_t{Mask::kIgnore});
  } else if (spec.kind == Kind::class_index) {
    labels.index = filled({slots}, int64_t{-1});
  } else {
    labels.count = filled({slots, frames}, int64_t{0});
  }
  return labels;
}

void check_kind(const std::string& task, const LabelSpec& spec, const Label& label) {
  TORCH_CHECK(label.index() == static_cast<size_t>(spec.kind), "collate: task ", task,
              " was given a label of another kind");
}

}  // namespace

BatchBuilder::BatchBuilder(const LabelSpecs& specs, int64_t slots, int64_t frames, cv::Size size,
                           int64_t step, CropShape crops)
    : specs_(specs), slots_(slots), frames_(frames), size_(size), crops_(crops) {
  batch_.step = step;
  batch_.origins.resize(slots);
  batch_.pictures = empty_pictures(slots, frames, size);
  if (crops.count > 0) batch_.crops = empty_pictures(slots, crops.count, crops.size);
  for (const auto& [task, spec] : specs_) {
    batch_.labels[task] = empty_labels(spec, slots, frames, size);
    if (spec.kind == Kind::objects) objects_[task].resize(slots);
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
  put_pictures(slot, sample.frames, size_, batch_.pictures);
  if (crops_.count > 0) put_pictures(slot, sample.crops, crops_.size, batch_.crops);
  const int64_t pixels = size_.area();
  for (const auto& [task, spec] : specs_) {
    const auto found = sample.labels.find(task);
    if (found == sample.labels.end()) continue;
    check_kind(task, spec, found->second);
    auto& labels = batch_.labels.at(task);
    labels.present.data_ptr<bool>()[slot] = true;
    if (const auto* mask = std::get_if<Mask>(&found->second)) {
      auto* to = labels.mask.data_ptr<uint8_t>() + slot * frames_ * pixels;
      for (int64_t t = 0; t < frames_; ++t) {
        write_rows(mask->frames.at(t), size_, CV_8UC1, to + t * pixels);
      }
    } else if (const auto* index = std::get_if<ClassIndex>(&found->second)) {
      labels.index.data_ptr<int64_t>()[slot] = index->index;
    } else {
      objects_.at(task)[slot] = std::get<Objects>(found->second);
    }
  }
}

void BatchBuilder::put_pictures(int64_t slot, const std::vector<cv::Mat>& pictures, cv::Size size,
                                at::Tensor& to) const {
  auto* place = to.data_ptr<uint8_t>() + slot * to.stride(0);
  for (const auto& picture : pictures) {
    write_rows(picture, size, CV_8UC3, place);
    place += to.stride(1);
  }
}

void BatchBuilder::put_objects(const LabelSpec& spec, const std::vector<Objects>& rows,
                               Labels& labels) const {
  size_t most = 1;
  for (const auto& row : rows) {
    for (const auto& frame : row.frames) most = std::max(most, frame.size());
  }
  const auto width = static_cast<int64_t>(most), points = spec.landmarks;
  labels.box = filled({slots_, frames_, width, 4}, 0.0f);
  labels.object_class = filled({slots_, frames_, width}, int64_t{-1});
  labels.landmarks = filled({slots_, frames_, width, points, 2}, 0.0f);
  labels.visible = filled({slots_, frames_, width, points}, false);
  const float w = size_.width, h = size_.height;
  for (int64_t n = 0; n < slots_; ++n) {
    for (size_t t = 0; t < rows[n].frames.size(); ++t) {
      const auto& frame = rows[n].frames[t];
      const int64_t place = n * frames_ + static_cast<int64_t>(t);
      labels.count.data_ptr<int64_t>()[place] = static_cast<int64_t>(frame.size());
      for (size_t f = 0; f < frame.size(); ++f) {
        const auto& object = frame[f];
        const int64_t at = place * width + static_cast<int64_t>(f);
        const float box[4] = {object.box.x / w, object.box.y / h,
                              (object.box.x + object.box.width) / w,
                              (object.box.y + object.box.height) / h};
        std::memcpy(labels.box.data_ptr<float>() + at * 4, box, sizeof(box));
        labels.object_class.data_ptr<int64_t>()[at] = object.ignore ? -1 : object.class_index;
        for (int64_t k = 0; k < points && k < static_cast<int64_t>(object.landmarks.size()); ++k) {
          if (!object.visible[k]) continue;
          labels.visible.data_ptr<bool>()[at * points + k] = true;
          auto* point = labels.landmarks.data_ptr<float>() + (at * points + k) * 2;
          point[0] = object.landmarks[k].x / w;
          point[1] = object.landmarks[k].y / h;
        }
      }
    }
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
  CropShape shape;
  if (!crops.empty()) shape = {static_cast<int64_t>(crops.size()), crops[0].size()};
  BatchBuilder builder(specs, static_cast<int64_t>(samples.size()),
                       static_cast<int64_t>(frames.size()), frames.at(0).size(), step, shape);
  for (size_t i = 0; i < samples.size(); ++i) builder.put(static_cast<int64_t>(i), samples[i]);
  return builder.finish();
}

}  // namespace manyfold::data
