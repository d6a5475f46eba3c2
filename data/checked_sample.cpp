#include "data/checked_sample.h"

#include <algorithm>
#include <array>
#include <utility>

#include "data/files/picture_file.h"

namespace manyfold::data {
namespace {

constexpr int64_t kFrames = 32;  // of a clip, read at a time

std::string class_name(const LabelSpec& spec, int64_t index) {
  const bool known = index >= 0 && index < static_cast<int64_t>(spec.classes.size());
  return known ? spec.classes[index] : std::to_string(index);
}

constexpr double kTiny = 2;  // pixels

struct Count {
  const LabelSpec& spec;
  TaskReport& report;
  cv::Size picture;

  void operator()(const Mask& mask) const {
    std::array<int64_t, 256> pixels{};
    for (int y = 0; y < mask.classes.rows; ++y) {
      const auto* row = mask.classes.ptr<uint8_t>(y);
      for (int x = 0; x < mask.classes.cols; ++x) ++pixels[row[x]];
    }
    for (int value = 0; value < 256; ++value) {
      if (pixels[value] == 0) continue;
      report.classes[value == Mask::kIgnore ? "ignore" : class_name(spec, value)] += pixels[value];
    }
  }
  void operator()(const ClassIndex& label) const {
    ++report.classes[class_name(spec, label.index)];
  }
  void operator()(const Objects& objects) const {
    for (const auto& object : objects.list) {
      const auto& box = object.box;
      const auto seen = box & cv::Rect2f({0, 0}, cv::Size2f(picture));
      report.object_side.add(std::min(box.width, box.height));
      report.tiny_objects += std::min(box.width, box.height) < kTiny ? 1 : 0;
      report.cut_objects += seen.area() < 0.75f * box.area() ? 1 : 0;
      report.landmarks += std::count(object.visible.begin(), object.visible.end(), 1);
      if (object.ignore) {
        ++report.ignored_objects;
      } else {
        ++report.classes[class_name(spec, object.class_index)];
      }
    }
  }
};

void add(const PixelRange& from, PixelRange& to) {
  if (from.high == 0) return;
  to.add(from.low);
  to.add(from.high);
}

void add(const TaskReport& from, TaskReport& to) {
  to.labelled += from.labelled;
  to.labelled_frames += from.labelled_frames;
  to.without_objects += from.without_objects;
  to.ignored_objects += from.ignored_objects;
  to.tiny_objects += from.tiny_objects;
  to.cut_objects += from.cut_objects;
  to.landmarks += from.landmarks;
  for (const auto& [name, count] : from.classes) to.classes[name] += count;
  add(from.object_side, to.object_side);
}

}  // namespace

CheckedSample::CheckedSample(const Source& source, int64_t index, const LabelSpecs& specs)
    : source_(source), index_(index), specs_(specs), files_(source.files(index)) {
  // A long clip is never in memory as a whole.
  const int64_t length = source.length(index);
  for (int64_t first = 0; first < length && !ended_; first += kFrames)
    read({first, std::min(kFrames, length - first)});
}

void CheckedSample::read(const FrameRange& range) {
  try {
    const auto part = source_.part(index_, range);
    check_size(range.first, part.frames.at(0).picture.size());
    for (const auto& frame : part.frames) count(frame);
  } catch (const BadSample& fault) {
    // Where each frame has a file, one says nothing about the others.
    if (range.count > 1 && files_.size() > 1) {
      for (int64_t t = range.first; t < range.first + range.count; ++t) read_alone(t);
    } else {
      faults_.push_back(fault);
      ended_ = files_.size() <= 1;
    }
  }
}

/// By itself a frame of another size has nothing to differ from but its labels, which are not to
/// blame.
void CheckedSample::read_alone(int64_t number) {
  const auto path = files_.at(static_cast<size_t>(number)).string();
  try {
    if (check_size(number, decode_picture(read_sample_file(path), path).size())) read({number});
  } catch (const BadSample& fault) {
    faults_.push_back(fault);
  }
}

/// Whether a frame is of the clip's size. A change is one fault, however many frames follow it.
bool CheckedSample::check_size(int64_t number, cv::Size size) {
  if (size_.empty()) size_ = last_size_ = size;
  if (std::exchange(last_size_, size) != size && size != size_) {
    const bool own_file = files_.size() > 1;
    const auto file = own_file ? files_.at(static_cast<size_t>(number)).string()
                               : source_.sample_name(index_) + ", frame " + std::to_string(number);
    faults_.emplace_back(
        Fault::frame_size, file,
        "is " + size_text(size) + " pixels, and the frames before it are " + size_text(size_));
  }
  return size == size_;
}

void CheckedSample::count(const Frame& frame) {
  ++frames_;
  width_.add(frame.picture.cols);
  height_.add(frame.picture.rows);
  for (const auto& [task, label] : frame.labels) {
    auto& of_task = tasks_[task];
    of_task.labelled = 1;
    ++of_task.labelled_frames;
    std::visit(Count{specs_.at(task), of_task, frame.picture.size()}, label);
  }
}

void CheckedSample::add_to(SourceReport& report) const {
  ++report.usable;
  report.frames += frames_;
  add(width_, report.width);
  add(height_, report.height);
  for (auto [task, of_task] : tasks_) {
    const bool objects = specs_.at(task).kind == LabelSpec::Kind::objects;
    of_task.without_objects =
        objects && of_task.classes.empty() && of_task.ignored_objects == 0 ? 1 : 0;
    add(of_task, report.tasks.at(task));
  }
}

}  // namespace manyfold::data
