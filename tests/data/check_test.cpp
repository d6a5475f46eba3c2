#include "data/check.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "common/error.h"
#include "data/synthetic/hand.h"
#include "tests/data/fixture.h"

namespace manyfold::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

const LabelSpecs kSpecs = {{"faces", object_spec({"face"}, 2)}, {"segmentation", mask_spec()}};

SourceOptions coco(const TempFolder& folder) {
  SourceOptions options;
  options.type = "coco";
  options.coco.root = folder.string();
  LabelOptions faces;
  faces.from = "boxes";
  faces.landmarks = true;
  options.labels = {{"faces", faces}};
  return options;
}

CheckReport check(const CocoFixture& fixture, const SourceOptions& source) {
  fixture.write();
  DataOptions options;
  options.sources = {{"set", source}};
  return check_data(options, kSpecs, 2);
}

CheckReport check(const CocoFixture& fixture) { return check(fixture, coco(fixture.folder)); }

CheckReport check_with_masks(const CocoFixture& fixture) {
  auto source = coco(fixture.folder);
  LabelOptions mask;
  mask.from = "mask";
  source.labels.emplace_back("segmentation", mask);
  return check(fixture, source);
}

SourceOptions folders(const TempFolder& folder, const std::string& task) {
  SourceOptions options;
  options.type = "folders";
  options.folders.root = folder.string();
  LabelOptions label;
  label.from = "folder";
  options.labels = {{task, label}};
  return options;
}

/// "fault" of every bad sample and problem.
std::vector<std::string> faults(const CheckReport& report) {
  std::vector<std::string> all;
  for (const auto& source : report.sources) {
    for (const auto& bad : source.bad) all.push_back(fault_name(bad.fault));
    for (const auto& problem : source.problems) all.push_back(fault_name(problem.fault));
  }
  return all;
}

/// A face set of one good picture and one whose bytes are `bytes`.
CheckReport check_with_file(const std::string& bytes) {
  const TempFolder folder;
  CocoFixture fixture(folder);
  fixture.category("face", 2).image().image();
  write_bytes(folder / "images/2.png", bytes);
  return check(fixture);
}

TEST(Check, CountsWhatASetHolds) {
  const TempFolder folder;
  cv::Mat mask = cv::Mat::zeros(48, 64, CV_8UC1);
  mask(cv::Rect(0, 0, 64, 12)) = 255;
  CocoFixture fixture(folder);
  fixture.category("face", 2)
      .image(64, 48)
      .mask(mask)
      .box({1, 1, 10, 20}, 1, {{"keypoints", {2, 2, 2, 0, 0, 0}}})
      .box({1, 1, 6, 7}, 1, {{"iscrowd", 1}})
      .image(32, 100);
  const auto report = check_with_masks(fixture);
  EXPECT_TRUE(report.ok()) << report.text();
  const auto& source = report.sources.at(0);
  EXPECT_EQ(source.samples, 2);
  EXPECT_EQ(source.usable, 2);
  EXPECT_EQ(source.width.low, 32);
  EXPECT_EQ(source.height.high, 100);
  const auto& faces = source.tasks.at("faces");
  EXPECT_EQ(faces.labelled, 2);
  EXPECT_EQ(faces.without_objects, 1);
  EXPECT_EQ(faces.ignored_objects, 1);
  EXPECT_EQ(faces.landmarks, 1);
  EXPECT_EQ(faces.classes.at("face"), 1);
  EXPECT_EQ(faces.object_side.low, 6);
  EXPECT_EQ(faces.object_side.high, 10);
  const auto& segmentation = source.tasks.at("segmentation");
  EXPECT_EQ(segmentation.labelled, 1);
  EXPECT_EQ(segmentation.classes.at("person"), 64 * 12);
  EXPECT_EQ(segmentation.classes.at("background"), 64 * 36);
}

/// Clips of 24 x 16, of which some frames are labelled.
class ClipsCheck : public testing::Test {
 protected:
  ClipsCheck() : coco_(folder_) { coco_.category("face"); }

  std::string frame(const std::string& clip, int number) const {
    char name[16];
    std::snprintf(name, sizeof name, "/%06d.png", number);
    return clip + name;
  }
  void clip(const std::string& name, int length) {
    for (int t = 0; t < length; ++t)
      write_picture(folder_ / frame(name, t), drawn_picture(24, 16, t));
  }
  /// What `box` adds next is of this frame.
  void labelled(const std::string& clip, int number) {
    auto& images = coco_.json["images"];
    images.push_back({{"id", images.size() + 1}, {"file_name", frame(clip, number)}});
  }
  SourceReport check() { return check_all().sources.at(0); }
  CheckReport check_all() {
    coco_.write();
    SourceOptions source;
    source.type = "clips";
    source.clips.root = folder_.string();
    source.clips.annotations = (folder_ / "train.json").string();
    LabelOptions faces;
    faces.from = "boxes";
    source.labels = {{"faces", faces}};
    DataOptions options;
    options.sources = {{"clips", source}};
    return check_data(options, {{"faces", object_spec({"face"})}}, 1);
  }

  TempFolder folder_;
  CocoFixture coco_;
};

TEST_F(ClipsCheck, CountsClipsAndFrames) {
  clip("with", 40);
  labelled("with", 1);
  labelled("with", 35);
  coco_.box({2, 3, 4, 5});
  clip("without", 3);
  labelled("without", 0);
  labelled("without", 2);
  clip("unlabelled", 2);
  const auto all = check_all();
  const auto& report = all.sources.at(0);
  EXPECT_TRUE(report.ok()) << report.failure;
  EXPECT_TRUE(report.clips);
  EXPECT_EQ(report.usable, 3);
  EXPECT_EQ(report.frames, 40 + 3 + 2);
  EXPECT_EQ(report.width.low, 24);
  EXPECT_EQ(report.width.high, 24);
  const auto& faces = report.tasks.at("faces");
  EXPECT_EQ(faces.labelled, 2);
  EXPECT_EQ(faces.labelled_frames, 4);
  EXPECT_EQ(faces.without_objects, 1);
  EXPECT_EQ(faces.classes.at("face"), 1);
  EXPECT_EQ(faces.object_side.low, 4);
  EXPECT_THAT(all.text(),
              HasSubstr("sources.clips: 3 clips, 3 usable with 45 frames, 24 to 24 px"));
  EXPECT_THAT(all.text(),
              HasSubstr("faces: 2 of 3 clips and 4 of 45 frames labelled; objects: face "
                        "1 (100.0 %); 1 clips without;"));
  const auto json = nlohmann::json::parse(all.json())["sources"][0];
  EXPECT_EQ(json["clips"], true);
  EXPECT_EQ(json["frames"], 45);
  EXPECT_EQ(json["tasks"]["faces"]["labelled_frames"], 4);
}

TEST(Check, OfDrawnClipsReadsAsManyAsHoldTheScenesAskedFor) {
  SourceOptions drawn;
  drawn.type = "synthetic";
  drawn.synthetic.length = 12;
  drawn.synthetic.scenes.picture_size = {64, 64};
  LabelOptions gesture;
  gesture.from = "gesture";
  for (const auto& name : synthetic::gesture_names()) gesture.categories.push_back(name);
  drawn.labels = {{"gesture", gesture}};
  DataOptions options;
  options.sources = {{"drawn", drawn}};
  const auto report = check_data(options, {{"gesture", class_spec(gesture.categories)}}, 2, 13);
  const auto& source = report.sources.at(0);
  EXPECT_EQ(source.read, 2);
  EXPECT_EQ(source.frames, 24);
  const auto& labelled = source.tasks.at("gesture");
  int64_t frames = 0;
  for (const auto& [name, count] : labelled.classes) frames += count;
  EXPECT_EQ(frames, labelled.labelled_frames);
  EXPECT_THAT(report.text(), HasSubstr("50000 clips, 2 read, 2 usable with 24 frames"));
  EXPECT_THAT(report.text(), HasSubstr("of 24 frames labelled; frames: "));
}

// Frames are read 32 at a time.
TEST_F(ClipsCheck, ABadFrameSpoilsAllOfItsClip) {
  clip("long", 40);
  labelled("long", 1);
  coco_.box({2, 3, 4, 5});
  clip("short", 2);
  labelled("short", 0);
  for (const int t : {5, 7, 38}) write_bytes(folder_ / frame("long", t), "no picture");
  const auto report = check();
  ASSERT_EQ(report.bad.size(), 3u) << "each of them is to be found";
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(report.bad[i].sample, "long");
    EXPECT_EQ(report.bad[i].fault, Fault::not_a_picture);
  }
  EXPECT_THAT(report.bad[1].cause, HasSubstr(frame("long", 7)));
  EXPECT_THAT(report.bad[2].cause, HasSubstr(frame("long", 38)));
  EXPECT_EQ(report.usable, 1);
  EXPECT_EQ(report.tasks.at("faces").labelled, 1);
  EXPECT_EQ(report.tasks.at("faces").classes.count("face"), 0u);
}

TEST_F(ClipsCheck, FindsASizeThatChangesBetweenTwoReads) {
  clip("long", 34);
  labelled("long", 0);
  for (const int t : {32, 33}) write_picture(folder_ / frame("long", t), drawn_picture(20, 16, t));
  const auto report = check();
  ASSERT_EQ(report.bad.size(), 1u);
  EXPECT_EQ(report.bad[0].fault, Fault::frame_size);
  EXPECT_THAT(report.bad[0].cause,
              HasSubstr("000032.png: is 20x16 pixels, and the frames before it are 24x16"));
}

TEST_F(ClipsCheck, FindsEachChangeOfSizeOnce) {
  clip("long", 34);
  labelled("long", 0);
  for (const int t : {4, 20, 21, 22})
    write_picture(folder_ / frame("long", t), drawn_picture(20, 16, t));
  labelled("long", 20);
  coco_.json["images"].back().update({{"width", 24}, {"height", 16}});  // which is not to blame
  const auto report = check();
  ASSERT_EQ(report.bad.size(), 2u);
  EXPECT_THAT(report.bad[0].cause, HasSubstr("000004.png: is 20x16 pixels"));
  EXPECT_THAT(report.bad[1].cause, HasSubstr("000020.png: is 20x16 pixels"));
}

TEST_F(ClipsCheck, TellsPeopleTenFaultsOfAClip) {
  clip("long", 40);
  labelled("long", 0);
  for (int t = 5; t < 20; ++t) write_bytes(folder_ / frame("long", t), "no picture");
  const auto report = check_all();
  EXPECT_EQ(report.sources[0].bad.size(), 15u);
  EXPECT_THAT(report.text(), HasSubstr("000014.png"));
  EXPECT_THAT(report.text(), testing::Not(HasSubstr("000015.png")));
  EXPECT_THAT(report.text(), HasSubstr("BAD long: and 5 more; --json lists them"));
  EXPECT_THAT(report.json(), HasSubstr("000019.png"));
}

TEST(Check, SpeaksToPeopleAndPrograms) {
  const auto report = check_with_file("");
  EXPECT_THAT(report.text(), HasSubstr("sources.set: 2 samples, 1 usable, 64 to 64 px wide"));
  EXPECT_THAT(report.text(), HasSubstr("BAD images/2.png (empty file): "));
  EXPECT_THAT(report.text(), HasSubstr("problems were found\n"));
  const auto json = nlohmann::json::parse(report.json());
  EXPECT_FALSE(json["ok"].get<bool>());
  EXPECT_EQ(json["sources"][0]["bad"][0]["fault"], "empty file");
  EXPECT_EQ(json["sources"][0]["tasks"]["faces"]["labelled"], 1);
}

TEST(Check, FindsPicturesThatCannotBeDecoded) {
  const auto whole = encoded(drawn_picture(64, 48), ".jpg");
  EXPECT_THAT(faults(check_with_file("")), ElementsAre("empty file"));
  EXPECT_THAT(faults(check_with_file(whole.substr(0, whole.size() / 2))), ElementsAre("truncated"));
  EXPECT_THAT(faults(check_with_file("no picture at all")), ElementsAre("not a picture"));
}

TEST(Check, FindsAPictureTooLargeToDecode) {
  auto bomb = encoded(drawn_picture(2, 2), ".png");
  bomb.replace(16, 8, std::string("\0\0\x75\x30\0\0\x75\x30", 8));  // 30000 x 30000
  EXPECT_THAT(faults(check_with_file(bomb)), ElementsAre("too large"));
}

TEST(Check, FindsMasksOfAnotherSize) {
  const TempFolder folder;
  CocoFixture fixture(folder);
  fixture.category("face", 2).image().mask(cv::Mat::zeros(47, 64, CV_8UC1));
  EXPECT_THAT(faults(check_with_masks(fixture)), ElementsAre("mask size"));
}

TEST(Check, FindsMissingFiles) {
  const TempFolder folder;
  CocoFixture fixture(folder);
  fixture.category("face", 2).image().image();
  std::filesystem::remove(folder / "images/2.png");
  EXPECT_THAT(faults(check(fixture)), ElementsAre("missing file"));
}

TEST(Check, FindsUselessBoxes) {
  const TempFolder folder;
  CocoFixture fixture(folder);
  fixture.category("face", 2).image().box({100, 5, 10, 10}).image().box({5, 5, 10, 0});
  EXPECT_THAT(faults(check(fixture)), ElementsAre("bad box", "bad box", "bad box", "bad box"));
}

TEST(Check, FindsBoxesInSharesOfThePicture) {
  const TempFolder folder;
  CocoFixture fixture(folder);
  fixture.category("face", 2).image().box({0.1, 0.2, 0.5, 0.5}).box({0.4, 0.2, 0.3, 0.5});
  const auto report = check(fixture);
  ASSERT_THAT(faults(report), ElementsAre("bad box"));
  EXPECT_EQ(report.sources[0].problems[0].text,
            "2 of 2 objects of faces are smaller than 2 pixels: are they shares of the picture "
            "instead of pixels?");
}

// [x1 y1 x2 y2] = [30 20 60 40] of 64 x 48 read as a width of 60 and a height of 40: 34 x 28 of it
// lie inside, 0.4 of its area.
TEST(Check, FindsBoxesThatAreTwoCorners) {
  const TempFolder folder;
  CocoFixture fixture(folder);
  fixture.category("face", 2).image().box({30, 20, 60, 40}).image().box({2, 2, 40, 30});
  EXPECT_TRUE(check(fixture).ok()) << "one of two may be cut off";
  fixture.image().box({32, 24, 50, 40});
  const auto report = check(fixture);
  ASSERT_THAT(faults(report), ElementsAre("bad box"));
  EXPECT_THAT(report.sources[0].problems[0].text,
              HasSubstr("2 of 3 objects of faces lie a quarter or more out of their picture"));
}

TEST(Check, FindsLandmarksThatAreNoNumbers) {
  const TempFolder folder;
  CocoFixture fixture(folder);
  fixture.category("face", 2).image().box(
      {1, 1, 9, 9}, 1, {{"keypoints", {nullptr, 2, 2, 3, 3, 2}}});  // NaN, as JSON has it
  EXPECT_THAT(faults(check(fixture)), ElementsAre("bad landmarks"));
}

TEST(Check, FindsUnknownCategories) {
  const TempFolder folder;
  CocoFixture fixture(folder);
  fixture.category("face", 2).image().box({1, 1, 9, 9}, 4);
  EXPECT_THAT(faults(check(fixture)), UnorderedElementsAre("unknown category", "unknown category"));
}

TEST(Check, FindsAnEmptySetAndAFolderThatCannotBeRead) {
  const TempFolder folder;
  CocoFixture fixture(folder);
  const auto empty = check(fixture.category("face", 2));
  EXPECT_THAT(empty.sources.at(0).failure, HasSubstr("has no images"));
  EXPECT_FALSE(empty.ok());

  DataOptions options;
  SourceOptions folders;
  folders.type = "folders";
  folders.folders.root = (folder / "nowhere").string();
  options.validation = {{"hands", folders}};
  const auto missing = check_data(options, kSpecs, 1);
  EXPECT_THAT(missing.text(), HasSubstr("validation.hands: CANNOT BE OPENED"));
  EXPECT_THAT(missing.text(), HasSubstr("cannot be read: No such file or directory"));
}

TEST(Check, FindsALabelThatNoSampleCarries) {
  const TempFolder folder;
  CocoFixture fixture(folder);
  fixture.category("face", 2).image().image().mask(cv::Mat::zeros(48, 64, CV_8UC1));
  std::filesystem::remove(folder / "images/2.png");  // the only one with a mask
  const auto report = check_with_masks(fixture);
  EXPECT_FALSE(report.ok());
  EXPECT_EQ(report.sources.at(0).tasks.at("segmentation").labelled, 0);
  EXPECT_THAT(faults(report), ElementsAre("missing file", "unlabelled"));
  EXPECT_THAT(report.text(), HasSubstr("segmentation: 0 of 1 samples labelled; pixels: none"));
  EXPECT_THAT(report.text(), HasSubstr("none of its 1 usable samples carries the label of "
                                       "segmentation; see labels.segmentation"));
  EXPECT_EQ(nlohmann::json::parse(report.json())["sources"][0]["tasks"]["segmentation"]["labelled"],
            0);
}

TEST(Check, FindsASetThatSaysNothingOfMasks) {
  const TempFolder folder;
  CocoFixture fixture(folder);
  const auto report = check_with_masks(fixture.category("face", 2).image());
  EXPECT_FALSE(report.ok());
  EXPECT_THAT(report.sources.at(0).failure, HasSubstr("has no image with a `mask_file`"));
}

TEST(Check, NamesThatAreNotUtf8DoNotStopTheReport) {
  const TempFolder folder;
  write_picture(folder / "train/fist/a.png", drawn_picture(8, 6));
  write_bytes(folder / "train/fist/\xFF.png", "");
  DataOptions options;
  options.sources = {{"hands", folders(folder, "gesture")}};
  const auto report = check_data(options, {{"gesture", class_spec({"fist"})}}, 1);
  const auto json = nlohmann::json::parse(report.json());
  EXPECT_EQ(json["sources"][0]["bad"][0]["sample"], "train/fist/\xEF\xBF\xBD.png");  // U+FFFD
}

TEST(Check, FindsPicturesThatTwoSetsShare) {
  const TempFolder train, val;
  CocoFixture(train).category("face", 2).image().image(32, 32).write();
  CocoFixture(val).category("face", 2).image().image(48, 32).write();
  DataOptions options;
  options.sources = {{"set", coco(train)}};
  options.validation = {{"set", coco(val)}};
  const auto report = check_data(options, kSpecs, 2);
  EXPECT_FALSE(report.ok());
  ASSERT_EQ(report.shared.size(), 1u);
  EXPECT_EQ(report.shared[0].first, "sources.set");
  EXPECT_EQ(report.shared[0].second, "validation.set");
  EXPECT_EQ(report.shared[0].count, 1);
  EXPECT_THAT(report.text(), HasSubstr("1 pictures are the same, among them"));
  EXPECT_EQ(nlohmann::json::parse(report.json())["shared_pictures"][0]["count"], 1);
}

TEST(Check, WrongOptionsAreNotTheSetsFault) {
  const TempFolder folder;
  CocoFixture fixture(folder);
  fixture.category("face", 5).image();
  EXPECT_THROW(check(fixture), ConfigError);
}

}  // namespace
}  // namespace manyfold::data
