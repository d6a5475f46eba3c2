#include "data/sources/coco_labels.h"

#include <algorithm>
#include <set>
#include <stdexcept>

#include "common/error.h"

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

/// A task whose name no picture's list has is most likely called otherwise there.
void check_listed(const std::string& lacks, const std::string& task,
                  const std::vector<const CocoImage*>& images) {
  std::set<std::string> listed;
  for (const auto* image : images) {
    if (image->labelled_for(task)) return;
    listed.insert(image->labelled->begin(), image->labelled->end());
  }
  throw UserError(lacks + "image whose list `labelled` has the task '" + task + "'" +
                  known_names(task, {listed.begin(), listed.end()}));
}

}  // namespace

const LabelKinds& coco_kinds() {
  static const LabelKinds kinds = {{"boxes", LabelSpec::Kind::objects},
                                   {"category", LabelSpec::Kind::class_index},
                                   {"image", LabelSpec::Kind::class_index},
                                   {"mask", LabelSpec::Kind::mask},
                                   {"segments", LabelSpec::Kind::mask}};
  return kinds;
}

Objects coco_objects(const CocoImage& image, const LabelRule& rule) {
  Objects objects;
  objects.labelled = rule.labelled;
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
    objects.list.push_back(std::move(object));
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
  return Mask{mask};
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

std::optional<Label> coco_label(const CocoImage& image, const LabelRule& rule, cv::Size size,
                                const std::vector<std::string>& words) {
  if (!image.labelled_for(rule.task)) return std::nullopt;
  if (rule.from == "boxes") return coco_objects(image, rule);
  if (rule.from == "segments") return coco_segments(image, rule, size);
  if (rule.from == "category") return coco_class(image, rule);
  const auto word = image.words.find(rule.task);
  if (word == image.words.end()) return std::nullopt;
  const auto at = std::lower_bound(words.begin(), words.end(), word->second) - words.begin();
  const auto index = rule.class_of[static_cast<size_t>(at)];
  if (index == LabelRule::kSkip) return std::nullopt;
  return ClassIndex{index};
}

std::vector<std::string> coco_words(const CocoFile& coco, const std::string& field) {
  std::set<std::string> words;
  for (const auto& image : coco.images) {
    const auto word = image.words.find(field);
    if (word != image.words.end()) words.insert(word->second);
  }
  return {words.begin(), words.end()};
}

void check_landmarks(const std::string& where, const LabelRule& rule, const CocoFile& coco) {
  if (!rule.landmarks) return;
  for (size_t c = 0; c < coco.categories.size(); ++c) {
    if (rule.class_of[c] == LabelRule::kSkip || coco.landmarks[c] == rule.spec.landmarks) continue;
    throw ConfigError(where + ".labels." + rule.task + ".landmarks: category '" +
                      coco.categories[c] + "' has " + std::to_string(coco.landmarks[c]) +
                      " key points, and the task has " + std::to_string(rule.spec.landmarks) +
                      "; set landmarks: false to learn the boxes alone");
  }
}

void check_rule(const std::string& where, const LabelRule& rule, const CocoFile& coco,
                const std::vector<const CocoImage*>& images) {
  const auto lacks = where + " has no ";
  const auto reads = ", which labels." + rule.task + " `from: " + rule.from + "` reads";
  const auto none = [&](const auto& has) {
    return std::none_of(images.begin(), images.end(),
                        [&](const auto* image) { return has(*image); });
  };
  check_listed(lacks, rule.task, images);
  if (rule.from == "image") {
    if (none([&](const CocoImage& image) { return image.words.count(rule.task) > 0; }))
      throw UserError(lacks + "image with the text field `" + rule.task + "`" + reads);
  } else if (rule.from == "mask") {
    if (none([](const CocoImage& image) { return !image.mask_file.empty(); }))
      throw UserError(lacks + "image with a `mask_file`" + reads);
  } else if (!coco.annotated) {
    throw UserError(lacks + "`annotations`" + reads +
                    "; a set in which there is nothing says `annotations: []`");
  }
}

}  // namespace manyfold::data
