#include <gmock/gmock.h>

#include "data/check.h"
#include "tests/data/fixture.h"

namespace manyfold::data {
namespace {

using Counts = std::map<std::string, int64_t>;

/// The real sets beside the project; their counts are those that each set's README states.
class RealSets : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(root_)) GTEST_SKIP() << "no real sets: shared/data is not here";
  }

  /// Reads one set completely, with one task.
  SourceReport check(const std::string& set, const std::string& split, const LabelOptions& label,
                     const LabelSpec& spec, const std::string& view = "whole",
                     const std::string& type = "coco") const {
    SourceOptions source;
    source.type = type;
    source.coco.root = source.folders.root = root_ + "/" + set;
    source.coco.split = source.folders.split = split;
    source.coco.view = view;
    source.labels = {{"task", label}};
    DataOptions options;
    options.sources = {{set, source}};
    const auto report = check_data(options, {{"task", spec}}, 2);
    EXPECT_TRUE(report.ok()) << report.text();
    return report.sources.at(0);
  }

  static LabelOptions from(const std::string& word, std::vector<std::string> categories = {}) {
    LabelOptions options;
    options.from = word;
    options.categories = std::move(categories);
    return options;
  }

  const std::string root_ = MANYFOLD_SOURCE_DIR "/../shared/data";
};

TEST_F(RealSets, Faces68HasOneFaceOf68PointsInEachPicture) {
  auto label = from("boxes", {"face"});
  label.landmarks = true;
  for (const auto& [split, images] : Counts{{"train", 1496}, {"val", 230}}) {
    const auto report = check("faces68", split, label, object_spec({"face"}, 68));
    EXPECT_EQ(report.usable, images);
    EXPECT_EQ(report.tasks.at("task").classes, (Counts{{"face", images}}));
    EXPECT_LE(report.width.high, 224);
    EXPECT_GT(report.tasks.at("task").landmarks, 67 * images);
  }
}

TEST_F(RealSets, Faces5HasFivePoints) {
  auto label = from("boxes");
  label.landmarks = true;
  const auto report = check("faces5_lfw", "val", label, object_spec({"face"}, 5));
  EXPECT_EQ(report.usable, 120);
  EXPECT_EQ(report.tasks.at("task").landmarks, 5 * 120);
  EXPECT_EQ(report.width.low, 80);
}

TEST_F(RealSets, FacesBoxes) {
  const auto train = check("faces_boxes", "train", from("boxes"), object_spec({"face"}));
  EXPECT_EQ(train.usable, 439);
  EXPECT_EQ(train.tasks.at("task").classes, (Counts{{"face", 2264}}));
  const auto val = check("faces_boxes", "val", from("boxes"), object_spec({"face"}));
  EXPECT_EQ(val.usable, 82);
  EXPECT_EQ(val.tasks.at("task").classes, (Counts{{"face", 323}}));
}

TEST_F(RealSets, HandsFingersAreCutIntoOneSampleForEachBox) {
  std::vector<std::string> classes;
  for (int i = 0; i < 6; ++i) classes.push_back("fingers_" + std::to_string(i));
  const auto report = check("hands_fingers", "val", from("category"), class_spec(classes), "crop");
  EXPECT_EQ(report.usable, 376);
  const auto boxes = check("hands_fingers", "train", from("boxes"), object_spec(classes));
  EXPECT_EQ(boxes.usable, 725);
  int64_t sum = 0;
  for (const auto& [name, count] : boxes.tasks.at("task").classes) sum += count;
  EXPECT_EQ(sum, 798);
}

TEST_F(RealSets, HandsFingersFoldersMayLeaveMixedOut) {
  auto label = from("folder");
  label.classes = {{"mixed", ""}};
  const auto report = check(
      "hands_fingers", "val", label,
      class_spec({"fingers_0", "fingers_1", "fingers_2", "fingers_3", "fingers_4", "fingers_5"}),
      "whole", "folders");
  EXPECT_EQ(report.usable, 325 - 4);
  EXPECT_EQ(report.tasks.at("task").classes, (Counts{{"fingers_0", 129},
                                                     {"fingers_1", 40},
                                                     {"fingers_2", 40},
                                                     {"fingers_3", 51},
                                                     {"fingers_4", 43},
                                                     {"fingers_5", 18}}));
}

TEST_F(RealSets, HandsDigitsAndGesturesAreFolders) {
  std::vector<std::string> digits;
  for (int i = 0; i < 10; ++i) digits.push_back("digit_" + std::to_string(i));
  for (const auto& [split, images] : Counts{{"train", 946}, {"val", 238}}) {
    const auto report =
        check("hands_digits", split, from("folder"), class_spec(digits), "whole", "folders");
    EXPECT_EQ(report.usable, images);
    EXPECT_EQ(report.tasks.at("task").classes.size(), 10u);
  }
  const auto spec = class_spec({"call", "fist_yes", "i_love_you", "index_up", "ok_ring",
                                "open_hand", "pinch_no", "thanks", "thumb_up", "victory"});
  const auto gestures = check("hands_gestures", "val", from("folder"), spec, "whole", "folders");
  EXPECT_EQ(gestures.usable, 53);
  EXPECT_EQ(gestures.tasks.at("task").classes.at("thumb_up"), 5);
  EXPECT_EQ(check("hands_gestures", "val", from("category"), spec, "crop").usable, 65);
}

TEST_F(RealSets, MasksLabelEveryPictureOfSegFashionAndSegPeople) {
  EXPECT_EQ(check("seg_fashion", "val", from("mask"), mask_spec()).tasks.at("task").labelled, 80);
  EXPECT_EQ(check("seg_fashion", "train", from("mask"), mask_spec()).tasks.at("task").labelled,
            400);
  EXPECT_EQ(check("seg_people", "val", from("mask"), mask_spec()).tasks.at("task").labelled, 48);
  EXPECT_EQ(check("seg_people", "train", from("mask"), mask_spec()).tasks.at("task").labelled, 177);
}

TEST_F(RealSets, CocoPeopleIsPartlyLabelled) {
  const auto masks = check("coco_people", "train", from("mask"), mask_spec());
  EXPECT_EQ(masks.usable, 109);
  EXPECT_EQ(masks.tasks.at("task").labelled, 84);
  const auto boxes = check("coco_people", "val", from("boxes"), object_spec({"person"}));
  const auto& task = boxes.tasks.at("task");
  EXPECT_EQ(task.labelled, 19);
  EXPECT_EQ(task.labelled - task.without_objects, 9);
  EXPECT_EQ(task.classes.at("person") + task.ignored_objects, 53);
}

TEST_F(RealSets, RunLengthCodesAndMaskFilesAgree) {
  // Both say the same of a picture with one person: two readers check each other.
  CocoOptions coco;
  coco.root = root_ + "/seg_fashion";
  coco.split = "val";
  SourceOptions source;
  source.type = "coco";
  source.coco = coco;
  source.labels = {{"a", from("mask")}, {"b", from("segments")}};
  const auto set = make_source("seg_fashion", source, {{"a", mask_spec()}, {"b", mask_spec()}});
  for (int64_t i = 0; i < 10; ++i) {
    const auto sample = set->get(i);
    EXPECT_EQ(cv::norm(std::get<Mask>(sample.frames[0].labels.at("a")).classes,
                       std::get<Mask>(sample.frames[0].labels.at("b")).classes, cv::NORM_INF),
              0);
  }
}

}  // namespace
}  // namespace manyfold::data
