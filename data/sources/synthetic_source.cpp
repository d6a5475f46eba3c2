#include "data/sources/synthetic_source.h"

#include <opencv2/imgproc.hpp>

#include "common/error.h"
#include "data/synthetic/hand.h"
#include "data/synthetic/scene.h"

namespace manyfold::data {
namespace {

constexpr int64_t kFace = 0, kHead = 1, kBody = 2, kFirstHand = 3;  // categories
constexpr int64_t kLandmarks = 68;
constexpr float kFaceShown = 0.3f;   // of the key points; below, the face is ignored
constexpr float kHandShown = 0.5f;   // of the joints; below, the hand is ignored
constexpr float kHandHidden = 0.1f;  // and below this, left out

const LabelKinds kKinds = {{"boxes", LabelSpec::Kind::objects},
                           {"gesture", LabelSpec::Kind::class_index},
                           {"mask", LabelSpec::Kind::mask}};

std::vector<std::string> hand_categories() {
  std::vector<std::string> names;
  for (const auto& gesture : synthetic::gesture_names()) names.push_back("hand_" + gesture);
  return names;
}

std::vector<std::string> categories() {
  std::vector<std::string> names = {"face", "head", "body"};
  for (auto& name : hand_categories()) names.push_back(std::move(name));
  return names;
}

/// The objects of a scene whose category a rule wants and which the picture shows a part of.
class ObjectList {
 public:
  ObjectList(const LabelRule& rule, cv::Size picture)
      : rule_(rule), picture_({0, 0}, cv::Size2f(picture)) {}

  void add(const synthetic::ScenePerson& person) {
    if (auto* face = add(kFace, person.face)) {
      face->ignore = person.face_shown < kFaceShown;
      if (rule_.landmarks) {
        face->landmarks = person.landmarks;
        face->visible = person.visible;
      }
    }
    add(kHead, person.head);
    add(kBody, person.body);
    for (const auto& hand : person.hands) {
      if (hand.shown < kHandHidden) continue;
      const bool unclear = hand.gesture == synthetic::kUnclear;
      if (auto* object = add(unclear ? any_hand() : kFirstHand + hand.gesture, hand.box)) {
        object->ignore = unclear || hand.shown < kHandShown;
      }
    }
  }
  Objects take() { return {std::move(objects_), rule_.labelled}; }

 private:
  /// A category of hands that counts, if any does.
  int64_t any_hand() const {
    auto category = static_cast<size_t>(kFirstHand);
    while (category + 1 < rule_.class_of.size() && rule_.class_of[category] == LabelRule::kSkip)
      ++category;
    return static_cast<int64_t>(category);
  }

  Object* add(int64_t category, const cv::Rect2f& box) {
    const auto index = rule_.class_of.at(category);
    if ((box & picture_).empty() || index == LabelRule::kSkip) return nullptr;
    auto& object = objects_.emplace_back();
    object.box = box;
    object.class_index = index;
    return &object;
  }

  const LabelRule& rule_;
  cv::Rect2f picture_;
  std::vector<Object> objects_;
};

Objects objects_of(const synthetic::Scene& scene, const LabelRule& rule) {
  ObjectList list(rule, scene.picture.size());
  for (const auto& person : scene.people) list.add(person);
  return list.take();
}

Mask mask_of(const synthetic::Scene& scene, const LabelRule& rule) {
  cv::Mat grey = scene.person_mask * 255, mask;
  cv::LUT(grey, rule.value_of, mask);
  return Mask{mask};
}

void check_rule(const std::string& where, const LabelRule& rule) {
  const auto place = where + ".labels." + rule.task;
  if (rule.landmarks && rule.spec.landmarks != kLandmarks) {
    throw ConfigError(place + ".landmarks: faces of scenes have " + std::to_string(kLandmarks) +
                      " key points, and the task has " + std::to_string(rule.spec.landmarks) +
                      "; set landmarks: false to learn the boxes alone");
  }
  if (rule.from != "mask") return;
  for (const int value : {0, 255}) {
    if (rule.value_of[value] != LabelRule::kUnknownValue) continue;
    throw ConfigError(place +
                      ".values: the masks of scenes hold 0 = background and 255 = person, "
                      "and " +
                      std::to_string(value) + " has no class");
  }
}

}  // namespace

SyntheticSource::SyntheticSource(const std::string& name, const SyntheticOptions& options,
                                 const LabelList& labels, const LabelSpecs& specs)
    : Source(name, /*synthetic=*/true), options_(options) {
  const std::string where = "source " + name;
  for (const auto& [task, label] : labels) {
    const auto spec = specs.find(task);
    if (spec == specs.end()) continue;
    const bool gesture = label.from == "gesture";
    rules_.push_back(make_rule(where, task, label, spec->second, kKinds,
                               gesture ? synthetic::gesture_names() : categories()));
    check_rule(where, rules_.back());
  }
}

Sample SyntheticSource::get(int64_t index, int64_t detail) const {
  if (clips()) return part(index, {0, options_.length}, detail);
  const auto scene =
      synthetic::render(static_cast<uint64_t>(options_.seed),
                        static_cast<uint64_t>(options_.first + index), options_.scenes);
  return {{labelled(scene)}, {}, {name(), sample_name(index), synthetic()}};
}

Sample SyntheticSource::part(int64_t index, const FrameRange& range, int64_t detail) const {
  if (!clips()) return get(index, detail);
  const auto clip = describe(index);
  Sample sample;
  sample.origin = {name(), sample_name(index) + "#" + std::to_string(range.first), synthetic()};
  synthetic::MovingScene moving;
  for (int64_t number = range.first; number < range.first + range.count; ++number) {
    const auto moment = synthetic::at(clip, number);
    sample.frames.push_back(labelled(range.motion ? moving.next(moment) : synthetic::draw(moment)));
    sample.frames.back().motion = {moving.motion()};
  }
  return sample;
}

synthetic::ClipDescription SyntheticSource::describe(int64_t index) const {
  return synthetic::describe_clip(static_cast<uint64_t>(options_.seed),
                                  static_cast<uint64_t>(options_.first + index), options_.scenes,
                                  options_.motion);
}

Frame SyntheticSource::labelled(const synthetic::Scene& scene) const {
  Frame frame;
  frame.picture = scene.picture;
  for (const auto& rule : rules_) {
    if (rule.from == "mask") {
      frame.labels[rule.task] = mask_of(scene, rule);
    } else if (rule.from == "boxes") {
      frame.labels[rule.task] = objects_of(scene, rule);
    } else if (scene.gesture >= 0 && rule.class_of.at(scene.gesture) != LabelRule::kSkip) {
      frame.labels[rule.task] = ClassIndex{rule.class_of[scene.gesture]};
    }
  }
  return frame;
}

std::string SyntheticSource::sample_name(int64_t index) const {
  return (clips() ? "clip " : "scene ") + std::to_string(options_.first + index);
}

LabelSpecs scene_specs() {
  const auto objects = [](std::vector<std::string> classes, int64_t landmarks = 0) {
    LabelSpec spec;
    spec.kind = LabelSpec::Kind::objects;
    spec.classes = std::move(classes);
    spec.landmarks = landmarks;
    return spec;
  };
  LabelSpecs specs;
  specs["segmentation"].classes = {"background", "person"};
  specs["gesture"].kind = LabelSpec::Kind::class_index;
  specs["gesture"].classes = synthetic::gesture_names();
  specs["faces"] = objects({"face"}, kLandmarks);
  specs["heads"] = objects({"head"});
  specs["bodies"] = objects({"body"});
  specs["hands"] = objects(hand_categories());
  return specs;
}

SyntheticSource::LabelList scene_labels() {
  SyntheticSource::LabelList labels;
  for (const auto& [task, spec] : scene_specs()) {
    LabelOptions options;
    options.from = spec.kind == LabelSpec::Kind::mask      ? "mask"
                   : spec.kind == LabelSpec::Kind::objects ? "boxes"
                                                           : "gesture";
    if (spec.kind == LabelSpec::Kind::objects) options.categories = spec.classes;
    options.landmarks = spec.landmarks > 0;
    labels.emplace_back(task, options);
  }
  return labels;
}

}  // namespace manyfold::data
