#include "data/sources/synthetic_source.h"

#include <gmock/gmock.h>

#include "common/error.h"
#include "data/coco_writer.h"
#include "data/sources/coco_source.h"
#include "data/synthetic/hand.h"
#include "data/synthetic/scene.h"
#include "tests/data/fixture.h"

namespace manyfold::data {
namespace {

using testing::HasSubstr;

SyntheticOptions small(int64_t size) {
  SyntheticOptions options;
  options.size = size;
  options.scenes.picture_size = {80, 96};
  options.scenes.group_share = 0.5;
  return options;
}

const cv::Rect2f kPicture(0, 0, 96, 80);  // of small()

LabelOptions from(const std::string& word, std::vector<std::string> categories = {}) {
  LabelOptions options;
  options.from = word;
  options.categories = std::move(categories);
  return options;
}

TEST(SyntheticSource, LabelsAreThoseOfTheScene) {
  auto options = small(40);
  options.first = 100;
  options.seed = 3;
  const SyntheticSource source("scenes", options, scene_labels(), scene_specs());
  EXPECT_EQ(source.size(), 40);
  EXPECT_TRUE(source.synthetic());
  size_t faces = 0, hands = 0;
  for (int64_t i = 0; i < 40; ++i) {
    const auto sample = source.get(i);
    const auto scene = synthetic::render(3, 100 + i, options.scenes);
    EXPECT_EQ(cv::norm(sample.frames.at(0).picture, scene.picture, cv::NORM_INF), 0);
    const auto& mask = std::get<Mask>(sample.frames[0].labels.at("segmentation")).classes;
    EXPECT_EQ(cv::norm(mask, scene.person_mask, cv::NORM_INF), 0);
    EXPECT_EQ(sample.frames[0].labels.count("gesture"), scene.gesture >= 0 ? 1u : 0u);
    if (scene.gesture >= 0) {
      EXPECT_EQ(std::get<ClassIndex>(sample.frames[0].labels.at("gesture")).index, scene.gesture);
    }
    size_t people = 0;
    for (const auto& person : scene.people) people += !(person.face & kPicture).empty();
    const auto& found = std::get<Objects>(sample.frames[0].labels.at("faces")).list;
    ASSERT_EQ(found.size(), people);
    for (const auto& face : found) EXPECT_EQ(face.landmarks.size(), 68u);
    faces += people;
    hands += std::get<Objects>(sample.frames[0].labels.at("hands")).list.size();
  }
  EXPECT_GT(faces, 20u);
  EXPECT_GT(hands, 5u);
  EXPECT_EQ(source.get(7).origin.name, "scene 107");
}

TEST(SyntheticSource, ObjectsOutsideOfThePictureAreLeftOut) {
  auto options = small(20);
  options.first = 90;  // number 98 has a head beside the picture
  options.scenes.empty_share = 0;
  const SyntheticSource source("scenes", options, scene_labels(), scene_specs());
  int outside = 0;
  for (int64_t i = 0; i < source.size(); ++i) {
    for (const auto& person : synthetic::render(0, 90 + i, options.scenes).people) {
      outside += !person.head.empty() && (person.head & kPicture).empty();
    }
    const auto sample = source.get(i);
    for (const auto& [task, label] : sample.frames[0].labels) {
      const auto* objects = std::get_if<Objects>(&label);
      if (objects == nullptr) continue;
      for (const auto& object : objects->list) {
        EXPECT_FALSE((object.box & kPicture).empty()) << task << " of " << source.sample_name(i);
      }
    }
  }
  EXPECT_GT(outside, 0);  // or else this tests nothing
}

TEST(SyntheticSource, HandsCarryTheirGestureAsCategory) {
  auto options = small(30);
  options.scenes.hand_share = 1;
  options.scenes.empty_share = 0;
  const SyntheticSource source("scenes", options, scene_labels(), scene_specs());
  int told = 0;
  for (int64_t i = 0; i < source.size(); ++i) {
    const auto sample = source.get(i);
    const auto label = sample.frames[0].labels.find("gesture");
    const auto& hands = std::get<Objects>(sample.frames[0].labels.at("hands")).list;
    if (label == sample.frames[0].labels.end() || hands.size() != 1) continue;
    const auto gesture = std::get<ClassIndex>(label->second).index;
    if (gesture == synthetic::kNone) continue;  // a hand too far out of sight says nothing
    EXPECT_EQ(hands[0].class_index, gesture);
    ++told;
  }
  EXPECT_GT(told, 10);
}

TEST(SyntheticSource, GesturesMayBeLeftOutOrRenamed) {
  auto options = from("gesture");
  const auto& names = synthetic::gesture_names();
  for (const auto& name : names) options.classes[name] = "";
  options.classes[names[0]] = "nothing";
  options.classes[names[1]] = "something";
  const SyntheticSource source("scenes", small(60), {{"gesture", options}},
                               {{"gesture", class_spec({"nothing", "something"})}});
  bool labelled = false, left_out = false;
  for (int64_t i = 0; i < 60; ++i) {
    const auto sample = source.get(i);
    (sample.frames[0].labels.empty() ? left_out : labelled) = true;
    if (!sample.frames[0].labels.empty()) {
      EXPECT_LE(std::get<ClassIndex>(sample.frames[0].labels.at("gesture")).index, 1);
    }
  }
  EXPECT_TRUE(labelled);
  EXPECT_TRUE(left_out);
}

TEST(SyntheticSource, RefusesWhatScenesDoNotHave) {
  const auto refusal = [](const LabelOptions& options, const LabelSpec& spec) {
    return message_of<ConfigError>([&] {
      SyntheticSource("scenes", small(1), {{"task", options}}, {{"task", spec}});
    });
  };
  auto faces = from("boxes", {"face"});
  faces.landmarks = true;
  EXPECT_THAT(refusal(faces, object_spec({"face"}, 5)),
              HasSubstr("faces of scenes have 68 key points, and the task has 5"));
  EXPECT_THAT(refusal(from("boxes", {"foot"}), object_spec({"foot"})),
              HasSubstr("the set has no category 'foot'"));
  auto mask = from("mask");
  mask.values = {{"1", "person"}};
  EXPECT_THAT(refusal(mask, mask_spec()), HasSubstr("and 0 has no class"));
}

TEST(SyntheticSource, WrittenScenesReadBackEqual) {
  const TempFolder folder;
  const SyntheticSource scenes("scenes", small(12), scene_labels(), scene_specs());
  CocoWriteOptions options;
  options.folder = folder.string();
  options.format = "png";
  write_coco(scenes, scene_specs(), options);

  auto labels = scene_labels();
  for (auto& [task, label] : labels) {
    if (label.from == "gesture") label.from = "image";
  }
  CocoOptions coco;
  coco.root = folder.string();
  const CocoSource back("back", coco, labels, scene_specs());
  ASSERT_EQ(back.size(), 12);
  for (int64_t i = 0; i < 12; ++i) {
    const auto a = scenes.get(i), b = back.get(i);
    EXPECT_EQ(cv::norm(a.frames[0].picture, b.frames[0].picture, cv::NORM_INF), 0);
    EXPECT_EQ(a.frames[0].labels.size(), b.frames[0].labels.size());
    for (const char* task : {"faces", "heads", "bodies", "hands"}) {
      const auto& x = std::get<Objects>(a.frames[0].labels.at(task)).list;
      const auto& y = std::get<Objects>(b.frames[0].labels.at(task)).list;
      ASSERT_EQ(x.size(), y.size());
      for (size_t k = 0; k < x.size(); ++k) {
        EXPECT_EQ(x[k].box, y[k].box);
        EXPECT_EQ(x[k].class_index, y[k].class_index);
        EXPECT_EQ(x[k].ignore, y[k].ignore);
        EXPECT_EQ(x[k].visible, y[k].visible);
        for (size_t p = 0; p < x[k].landmarks.size(); ++p) {
          const auto expected = x[k].visible[p] ? x[k].landmarks[p] : cv::Point2f();
          EXPECT_EQ(y[k].landmarks[p], expected);
        }
      }
    }
    EXPECT_EQ(cv::norm(std::get<Mask>(a.frames[0].labels.at("segmentation")).classes,
                       std::get<Mask>(b.frames[0].labels.at("segmentation")).classes, cv::NORM_INF),
              0);
  }
}

}  // namespace
}  // namespace manyfold::data
