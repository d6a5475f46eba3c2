#include "data/coco_labels.h"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace manyfold::data {

namespace {

void check_object(const CocoImage& image, const CocoAnnotation& annotation, const LabelRule& rule) {
  const auto where = "annotation " + std::to_string(annotation.id);
  if (annotation.box.empty()) {
    throw BadSample(Fault::bad_box, image.file, where + " has no box");
  }
  const auto points = static_cast<int64_t>(annotation.landmarks.size());
  if (rule.landmarks && points != 0 && points != rule.spec.landmarks) {
    throw BadSample(Fault::bad_landmarks, image.file,
                    where + " has " + std::to_string(points) + " key points, and its category " +
                        std::to_string(rule.spec.landmarks));
  }
}

/// An object without an outline would become background.
void check_outline(const CocoImage& image, const CocoAnnotation& annotation) {
  if (annotation.crowd || !annotation.segment.empty()) return;
  throw BadSample(Fault::bad_segment, image.file,
                  "annotation " + std::to_string(annotation.id) + " has no outline");
}

}  // namespace

Objects coco_objects(const CocoImage& image, const LabelRule& rule) {
  Objects objects;
  auto& frame = objects.frames.emplace_back();
  for (const auto& annotation : image.annotations) {
    const auto index = rule.class_of[annotation.category];
    if (index == LabelRule::kSkip) continue;
    check_object(image, annotation, rule);
    Object object;
    object.box = annotation.box;
    object.class_index = index;
    object.ignore = annotation.crowd;
    if (rule.landmarks) {
      object.landmarks = annotation.landmarks;
      object.visible = annotation.visible;
    }
    frame.push_back(std::move(object));
  }
  return objects;
}

Mask coco_segments(const CocoImage& image, const LabelRule& rule, cv::Size size) {
  std::vector<const CocoAnnotation*> order;
  for (const auto& annotation : image.annotations) {
    if (rule.class_of[annotation.category] == LabelRule::kSkip) continue;
    check_outline(image, annotation);
    order.push_back(&annotation);
  }
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    if (a->crowd != b->crowd) return a->crowd;
    return a->box.area() > b->box.area();
  });
  cv::Mat mask = cv::Mat::zeros(size, CV_8UC1);
  for (const auto* annotation : order) {
    const auto value = annotation->crowd
                           ? Mask::kIgnore
                           : static_cast<uint8_t>(rule.class_of[annotation->category]);
    try {
      paint(annotation->segment, value, mask);
    } catch (const std::invalid_argument& error) {
      throw BadSample(Fault::bad_segment, image.file,
                      "annotation " + std::to_string(annotation->id) + ": " + error.what());
    }
  }
  return {{mask}};
}

std::optional<ClassIndex> coco_class(const CocoImage& image, const LabelRule& rule) {
  std::set<int64_t> found;
  for (const auto& annotation : image.annotations) {
    const auto index = rule.class_of[annotation.category];
    if (index != LabelRule::kSkip) found.insert(index);
  }
  if (found.size() == 1) return ClassIndex{*found.begin()};
  if (found.empty() && rule.empty != LabelRule::kSkip) return ClassIndex{rule.empty};
  return std::nullopt;
}

}  // namespace manyfold::data
