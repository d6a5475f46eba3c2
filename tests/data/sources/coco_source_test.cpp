#include "data/sources/coco_source.h"

#include <gmock/gmock.h>

#include "common/error.h"
#include "tests/data/fixture.h"

namespace manyfold::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

LabelOptions from(const std::string& word) {
  LabelOptions options;
  options.from = word;
  return options;
}

std::unique_ptr<CocoSource> open(const CocoFixture& fixture, const CocoSource::LabelList& labels,
                                 const LabelSpecs& specs, const std::string& view = "whole") {
  fixture.write();
  CocoOptions options;
  options.root = fixture.folder.string();
  options.view = view;
  return std::make_unique<CocoSource>("set", options, labels, specs);
}

const Objects& objects(const Sample& sample, const std::string& task) {
  return std::get<Objects>(sample.frames[0].labels.at(task));
}

TEST(CocoSource, GivesPicturesWithTheirNames) {
  const TempFolder folder;
  const auto source = open(CocoFixture(folder).image(64, 48).image(32, 16), {}, {});
  EXPECT_EQ(source->size(), 2);
  const auto sample = source->get(1);
  EXPECT_EQ(sample.frames.at(0).picture.size(), cv::Size(32, 16));
  EXPECT_EQ(sample.origin.source, "set");
  EXPECT_EQ(sample.origin.name, "images/2.png");
  EXPECT_FALSE(sample.origin.synthetic);
  EXPECT_EQ(cv::norm(sample.frames[0].picture, drawn_picture(32, 16, 2), cv::NORM_INF), 0);
  EXPECT_THAT(source->files(1), ElementsAre(folder / "images/2.png"));
}

TEST(CocoSource, APictureWithoutMaskIsNotLabelledAndAnEmptyMaskIs) {
  const TempFolder folder;
  cv::Mat mask = cv::Mat::zeros(48, 64, CV_8UC1);
  mask(cv::Rect(10, 10, 20, 20)) = 255;
  mask(cv::Rect(40, 10, 5, 20)) = 128;
  const auto source = open(CocoFixture(folder).image().mask(mask).image().image().mask(mask * 0),
                           {{"segmentation", from("mask")}}, {{"segmentation", mask_spec()}});
  const auto label = std::get<Mask>(source->get(0).frames[0].labels.at("segmentation")).classes;
  EXPECT_EQ(label.at<uint8_t>(15, 15), 1);
  EXPECT_EQ(label.at<uint8_t>(15, 42), Mask::kIgnore);
  EXPECT_EQ(label.at<uint8_t>(0, 0), 0);
  EXPECT_EQ(source->get(1).frames[0].labels.count("segmentation"), 0u);
  EXPECT_EQ(source->get(2).frames[0].labels.count("segmentation"), 1u);
}

TEST(CocoSource, MasksThatDoNotFitAreBadSamples) {
  const TempFolder folder;
  cv::Mat odd(48, 64, CV_8UC1, cv::Scalar(0));
  odd.at<uint8_t>(7, 5) = 37;
  const auto source =
      open(CocoFixture(folder).image().mask(cv::Mat::zeros(48, 63, CV_8UC1)).image().mask(odd),
           {{"segmentation", from("mask")}}, {{"segmentation", mask_spec()}});
  EXPECT_THAT(message_of<BadSample>([&] { source->get(0); }),
              HasSubstr("masks/1.png: is 63x48 pixels, and its picture is 64x48"));
  EXPECT_THAT(message_of<BadSample>([&] { source->get(1); }),
              HasSubstr("masks/2.png: has the grey value 37 at (5, 7), which means no class"));
  EXPECT_EQ(fault_of([&] { source->get(0); }), "mask size");
  EXPECT_EQ(fault_of([&] { source->get(1); }), "mask value");
}

TEST(CocoSource, SegmentsArePaintedSmallOverLargeAndCrowdsIgnored) {
  const TempFolder folder;
  const auto polygon = [](int x, int y, int side) {
    return nlohmann::json::array({{x, y, x + side, y, x + side, y + side, x, y + side}});
  };
  auto spec = mask_spec();
  spec.classes = {"background", "cup", "person"};
  const auto source =
      open(CocoFixture(folder)
               .category("cup")
               .category("person")
               .image()
               .box({10, 10, 8, 8}, 1, {{"segmentation", polygon(10, 10, 8)}})
               .box({4, 4, 30, 30}, 2, {{"segmentation", polygon(4, 4, 30)}})
               .box({28, 0, 30, 40}, 2, {{"segmentation", polygon(28, 4, 30)}, {"iscrowd", 1}})
               .image(),
           {{"segmentation", from("segments")}}, {{"segmentation", spec}});
  const auto mask = std::get<Mask>(source->get(0).frames[0].labels.at("segmentation")).classes;
  EXPECT_EQ(mask.at<uint8_t>(14, 14), 1);
  EXPECT_EQ(mask.at<uint8_t>(25, 25), 2);
  EXPECT_EQ(mask.at<uint8_t>(20, 31), 2);  // a person before the crowd
  EXPECT_EQ(mask.at<uint8_t>(20, 50), Mask::kIgnore);
  EXPECT_EQ(mask.at<uint8_t>(45, 2), 0);
  EXPECT_EQ(
      cv::countNonZero(std::get<Mask>(source->get(1).frames[0].labels.at("segmentation")).classes),
      0);
}

TEST(CocoSource, AnObjectWithoutAnOutlineIsNoBackground) {
  const TempFolder folder;
  CocoFixture fixture(folder);
  const nlohmann::json none = nlohmann::json::array();
  fixture.category("person")
      .category("dog")
      .image()
      .box({1, 1, 9, 9})
      .image()
      .box({1, 1, 9, 9}, 1, {{"segmentation", none}})
      .image()
      .box({1, 1, 9, 9}, 1, {{"segmentation", {{"size", {48, 64}}, {"counts", ""}}}})
      .image()
      .box({1, 1, 9, 9}, 1, {{"iscrowd", 1}})
      .box({1, 1, 9, 9}, 2);
  auto options = from("segments");
  options.categories = {"person"};
  const auto source = open(fixture, {{"segmentation", options}}, {{"segmentation", mask_spec()}});
  EXPECT_EQ(message_of<BadSample>([&] { source->get(0); }),
            "images/1.png: annotation 1 has no outline");
  EXPECT_EQ(fault_of([&] { source->get(1); }), "bad segment");
  EXPECT_EQ(fault_of([&] { source->get(2); }), "bad segment");
  EXPECT_NO_THROW(source->get(3));  // a crowd, and a category that does not count
  const auto boxes =
      open(fixture, {{"people", from("boxes")}}, {{"people", object_spec({"person", "dog"})}});
  EXPECT_NO_THROW(boxes->get(0));  // who does not read outlines needs none
}

TEST(CocoSource, AFileWithoutAnnotationsDoesNotSayThatThereIsNothing) {
  const TempFolder folder;
  CocoFixture fixture(folder);
  fixture.category("person").image().mask(cv::Mat::zeros(48, 64, CV_8UC1));
  const CocoSource::LabelList boxes = {{"people", from("boxes")}};
  const LabelSpecs specs = {{"people", object_spec({"person"})}, {"segmentation", mask_spec()}};
  EXPECT_TRUE(objects(open(fixture, boxes, specs)->get(0), "people").list.empty());
  fixture.json.erase("annotations");
  EXPECT_EQ(message_of<UserError>([&] { open(fixture, boxes, specs); }),
            "source set: " + (folder / "train.json").string() +
                " has no `annotations`, which labels.people `from: boxes` reads; a set in which "
                "there is nothing says `annotations: []`");
  EXPECT_NO_THROW(open(fixture, {{"segmentation", from("mask")}}, specs));
}

TEST(CocoSource, ARuleThatCanLabelNoPictureIsRefused) {
  const TempFolder folder;
  const auto refusal = [&](const std::string& task, const std::string& word) {
    const LabelSpecs specs = {{"gesture", class_spec({"none"})}, {"segmentation", mask_spec()}};
    return message_of<UserError>([&] {
      open(CocoFixture(folder).image(), {{task, from(word)}}, specs);
    });
  };
  EXPECT_THAT(refusal("segmentation", "mask"),
              HasSubstr("train.json has no image with a `mask_file`, which labels.segmentation "
                        "`from: mask` reads"));
  EXPECT_THAT(refusal("gesture", "image"),
              HasSubstr("train.json has no image with the text field `gesture`, which "
                        "labels.gesture `from: image` reads"));
}

TEST(CocoSource, BoxesLabelEveryPicture) {
  const TempFolder folder;
  auto options = from("boxes");
  options.categories = {"face"};
  options.landmarks = true;
  const auto source = open(CocoFixture(folder)
                               .category("face", 2)
                               .category("dog")
                               .image()
                               .box({1, 2, 10, 20}, 1, {{"keypoints", {3, 4, 2, 0, 0, 0}}})
                               .box({20, 2, 10, 20}, 2)
                               .box({30, 2, 10, 20}, 1, {{"iscrowd", 1}})
                               .image(),
                           {{"faces", options}}, {{"faces", object_spec({"face"}, 2)}});
  const auto sample = source->get(0);
  const auto& faces = objects(sample, "faces").list;
  ASSERT_EQ(faces.size(), 2u);
  EXPECT_EQ(faces[0].box, cv::Rect2f(1, 2, 10, 20));
  EXPECT_THAT(faces[0].visible, ElementsAre(1, 0));
  EXPECT_FALSE(faces[0].ignore);
  EXPECT_TRUE(faces[1].ignore);
  EXPECT_TRUE(objects(source->get(1), "faces").list.empty());
}

TEST(CocoSource, ATasksKeyPointsMustBeTheSets) {
  const TempFolder folder;
  CocoFixture fixture(folder);
  fixture.category("face", 5).image().box({1, 2, 10, 20});
  auto options = from("boxes");
  options.landmarks = true;
  EXPECT_EQ(message_of<ConfigError>([&] {
              open(fixture, {{"faces", options}}, {{"faces", object_spec({"face"}, 68)}});
            }),
            "source set.labels.faces.landmarks: category 'face' has 5 key points, and the task has "
            "68; set landmarks: false to learn the boxes alone");
}

TEST(CocoSource, AnnotationsThatLackABoxOrPointsAreBadSamples) {
  const TempFolder folder;
  CocoFixture fixture(folder);
  fixture.category("face", 2)
      .image()
      .box({1, 2, 10, 20})
      .image()
      .box({1, 2, 10, 20}, 1, {{"keypoints", {1, 2, 2}}})
      .image()
      .box({1, 2, 10, 20});
  fixture.json["annotations"][0].erase("bbox");
  auto options = from("boxes");
  options.landmarks = true;
  const LabelSpecs specs = {{"faces", object_spec({"face"}, 2)}};
  const auto source = open(fixture, {{"faces", options}}, specs);
  EXPECT_EQ(message_of<BadSample>([&] { source->get(0); }),
            "images/1.png: annotation 1 has no box");
  EXPECT_EQ(message_of<BadSample>([&] { source->get(1); }),
            "images/2.png: annotation 2 has 1 key points, and its category 2");
  EXPECT_TRUE(objects(source->get(2), "faces").list.at(0).landmarks.empty());
  EXPECT_EQ(fault_of([&] { open(fixture, {}, specs, "crop")->get(0); }), "bad box");
}

TEST(CocoSource, APicturesCategoryIsItsLabelWhenThereIsOne) {
  const TempFolder folder;
  auto options = from("category");
  options.empty = "none";
  const auto source =
      open(CocoFixture(folder)
               .category("fist")
               .category("palm")
               .image()
               .box({1, 1, 5, 5}, 2)
               .box({10, 1, 5, 5}, 2)
               .image()
               .box({1, 1, 5, 5}, 1)
               .box({10, 1, 5, 5}, 2)
               .image(),
           {{"gesture", options}}, {{"gesture", class_spec({"none", "fist", "palm"})}});
  EXPECT_EQ(std::get<ClassIndex>(source->get(0).frames[0].labels.at("gesture")).index, 2);
  EXPECT_EQ(source->get(1).frames[0].labels.count("gesture"), 0u);  // two answers are none
  EXPECT_EQ(std::get<ClassIndex>(source->get(2).frames[0].labels.at("gesture")).index, 0);
}

TEST(CocoSource, AnImageFieldMayBeTheLabel) {
  const TempFolder folder;
  const auto source =
      open(CocoFixture(folder)
               .image(64, 48, {{"gesture", "palm"}})
               .image()
               .image(64, 48, {{"gesture", "fist"}}),
           {{"gesture", from("image")}}, {{"gesture", class_spec({"none", "fist", "palm"})}});
  EXPECT_EQ(std::get<ClassIndex>(source->get(0).frames[0].labels.at("gesture")).index, 2);
  EXPECT_EQ(source->get(1).frames[0].labels.count("gesture"), 0u);
  EXPECT_EQ(std::get<ClassIndex>(source->get(2).frames[0].labels.at("gesture")).index, 1);
}

TEST(CocoSource, CropsAreASampleForEachBoxThatCounts) {
  const TempFolder folder;
  auto options = from("category");
  options.classes = {{"mixed", ""}};
  const auto source =
      open(CocoFixture(folder)
               .category("fist")
               .category("mixed")
               .image(100, 80)
               .box({20, 30, 40, 20})
               .box({0, 0, 10, 10}, 2)
               .box({0, 0, 10, 10}, 1, {{"iscrowd", 1}})
               .image()
               .image(100, 80)
               .box({90, 70, 8, 8}),
           {{"gesture", options}, {"hands", from("boxes")}},
           {{"gesture", class_spec({"none", "fist"})}, {"hands", object_spec({"fist", "mixed"})}},
           "crop");
  ASSERT_EQ(source->size(), 2);
  const auto sample = source->get(0);  // a quarter of 40 x 20 more on each side
  EXPECT_EQ(sample.origin.name, "images/1.png#1");
  EXPECT_EQ(cv::norm(sample.frames[0].picture, drawn_picture(100, 80, 1)(cv::Rect(10, 25, 60, 30)),
                     cv::NORM_INF),
            0);
  EXPECT_EQ(std::get<ClassIndex>(sample.frames[0].labels.at("gesture")).index, 1);
  const auto& hands = objects(sample, "hands").list;
  ASSERT_EQ(hands.size(), 1u);
  EXPECT_EQ(hands[0].box, cv::Rect2f(10, 5, 40, 20));
  EXPECT_EQ(source->get(1).frames[0].picture.size(),
            cv::Size(12, 12));  // cut at the picture's border
}

TEST(CocoSource, ASmallerDecodedPictureTakesItsLabelsAlong) {
  const TempFolder folder;
  CocoFixture fixture(folder);
  cv::Mat mask = cv::Mat::zeros(240, 320, CV_8UC1);
  mask(cv::Rect(40, 80, 100, 60)) = 255;
  fixture.category("face").image(320, 240).mask(mask).box({40, 80, 100, 60});
  fixture.json["images"][0]["file_name"] = "a.jpg";
  write_picture(folder / "a.jpg", drawn_picture(320, 240));
  const auto source = open(fixture, {{"faces", from("boxes")}, {"segmentation", from("mask")}},
                           {{"faces", object_spec({"face"})}, {"segmentation", mask_spec()}});
  const auto sample = source->get(0, 160);
  EXPECT_EQ(sample.frames[0].picture.size(), cv::Size(160, 120));
  EXPECT_EQ(objects(sample, "faces").list.at(0).box, cv::Rect2f(20, 40, 50, 30));
  const auto& small = std::get<Mask>(sample.frames[0].labels.at("segmentation")).classes;
  EXPECT_EQ(cv::boundingRect(small), cv::Rect(20, 40, 50, 30));
  EXPECT_EQ(source->get(0, 161).frames[0].picture.size(), cv::Size(320, 240));
}

TEST(CocoSource, APictureSmallerThanStatedIsBadHoweverItIsDecoded) {
  const TempFolder folder;
  CocoFixture fixture(folder);
  fixture.image(640, 480).image(321, 239);
  fixture.json["images"][0]["file_name"] = "half.jpg";
  fixture.json["images"][1]["file_name"] = "odd.jpg";
  write_picture(folder / "half.jpg", drawn_picture(320, 240));
  write_picture(folder / "odd.jpg", drawn_picture(321, 239));
  const auto source = open(fixture, {}, {});
  for (const int64_t detail : {0, 160, 80, 40}) {
    EXPECT_EQ(fault_of([&] { source->get(0, detail); }), "picture size") << detail;
  }
  EXPECT_THAT(message_of<BadSample>([&] { source->get(0, 160); }),
              HasSubstr("half.jpg: is 160x120 pixels at 1/2 of its size, and the annotations say "
                        "640x480"));
  EXPECT_EQ(source->get(1, 160).frames[0].picture.size(), cv::Size(161, 120));  // rounded up
}

TEST(CocoSource, ABoxOutsideAPictureOfUnstatedSizeCannotBeCutOut) {
  const TempFolder folder;
  CocoFixture fixture(folder);
  fixture.category("fist").image().box({200, 5, 10, 10});
  fixture.json["images"][0].erase("width");
  fixture.json["images"][0].erase("height");
  const auto source = open(fixture, {}, {}, "crop");
  EXPECT_EQ(fault_of([&] { source->get(0); }), "bad box");
  EXPECT_EQ(message_of<BadSample>([&] { source->get(0); }),
            "images/1.png#1: has a box outside of its picture, which is 64x48 pixels");
}

TEST(CocoSource, PicturesAreCheckedAgainstTheAnnotations) {
  const TempFolder folder;
  CocoFixture fixture(folder);
  fixture.category("face").image().image().box({5, 5, 0, 1}).image();
  fixture.json["images"][0]["width"] = 63;
  fixture.json["images"][2]["file_name"] = "images/none.png";
  const auto source = open(fixture, {{"faces", from("boxes")}}, {{"faces", object_spec({"face"})}});
  EXPECT_EQ(fault_of([&] { source->get(0); }), "picture size");
  EXPECT_EQ(fault_of([&] { source->get(1); }), "bad box");
  EXPECT_EQ(fault_of([&] { source->get(2); }), "missing file");
  EXPECT_EQ(source->problems().size(), 1u);
}

TEST(CocoSource, LabelsOfTasksThatAreNotTrainedAreLeftAlone) {
  const TempFolder folder;
  const auto source = open(CocoFixture(folder).category("face").image().box({5, 5, 0, 1}),
                           {{"faces", from("boxes")}}, {});
  EXPECT_TRUE(source->get(0).frames[0].labels.empty());  // not even its bad box matters
}

TEST(CocoSource, AListOfTasksSaysWhatAPictureIsNotLabelledFor) {
  const TempFolder folder;
  const auto list = [](const nlohmann::json& tasks) { return nlohmann::json{{"labelled", tasks}}; };
  auto category = from("category");
  category.empty = "none";
  CocoFixture fixture(folder);
  const cv::Mat mask = cv::Mat::zeros(48, 64, CV_8UC1);
  fixture.category("fist").image().mask(mask);
  fixture.image(64, 48, list({"hands"})).mask(mask).image(64, 48, list({"gesture", "person"}));
  fixture.mask(mask).image(64, 48, list(nlohmann::json::array()));
  const auto source =
      open(fixture, {{"hands", from("boxes")}, {"gesture", category}, {"person", from("mask")}},
           {{"hands", object_spec({"fist"})},
            {"gesture", class_spec({"none", "fist"})},
            {"person", mask_spec()}});
  const auto tasks = [&](int64_t index) {
    std::vector<std::string> names;
    const auto sample = source->get(index);
    for (const auto& [task, label] : sample.frames[0].labels) names.push_back(task);
    return names;
  };
  EXPECT_THAT(tasks(0), ElementsAre("gesture", "hands", "person"));  // no list: all
  EXPECT_THAT(tasks(1), ElementsAre("hands"));
  EXPECT_THAT(tasks(2), ElementsAre("gesture", "person"));
  EXPECT_THAT(tasks(3), ElementsAre());
}

TEST(CocoSource, SegmentsNeedAPlaceInTheList) {
  const TempFolder folder;
  CocoFixture fixture(folder);
  fixture.category("person").image().image(64, 48, {{"labelled", {"faces"}}});
  const auto source =
      open(fixture, {{"segmentation", from("segments")}}, {{"segmentation", mask_spec()}});
  EXPECT_EQ(source->get(0).frames[0].labels.count("segmentation"), 1u);
  EXPECT_EQ(source->get(1).frames[0].labels.count("segmentation"), 0u);
}

TEST(CocoSource, ATaskThatNoListNamesIsRefused) {
  const TempFolder folder;
  CocoFixture fixture(folder);
  fixture.category("face")
      .image(64, 48, {{"labelled", {"faces"}}})
      .image(64, 48, {{"labelled", nlohmann::json::array()}});
  EXPECT_EQ(message_of<UserError>([&] {
              open(fixture, {{"face", from("boxes")}}, {{"face", object_spec({"face"})}});
            }),
            "source set: " + (folder / "train.json").string() +
                " has no image whose list `labelled` has the task 'face'; did you mean 'faces'? "
                "known: faces");
}

TEST(CocoSource, AnEmptySetIsRefused) {
  const TempFolder folder;
  EXPECT_THAT(message_of<UserError>([&] { open(CocoFixture(folder), {}, {}); }),
              HasSubstr("train.json has no images"));
  EXPECT_THAT(message_of<UserError>([&] { open(CocoFixture(folder).image(), {}, {}, "crop"); }),
              HasSubstr("has no boxes that count"));
}

}  // namespace
}  // namespace manyfold::data
