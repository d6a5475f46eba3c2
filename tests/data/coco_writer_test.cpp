#include "data/coco_writer.h"

#include <gmock/gmock.h>

#include "common/error.h"
#include "data/sources/coco_source.h"
#include "tests/data/fixture.h"

namespace manyfold::data {
namespace {

using testing::HasSubstr;

/// Two samples with everything that a COCO set can hold.
class Made : public Source {
 public:
  Made() : Source("made", true) {}
  int64_t size() const override { return 2; }
  std::string sample_name(int64_t index) const override { return "scene " + std::to_string(index); }
  Sample get(int64_t index, int64_t = 0) const override {
    Sample sample;
    sample.frames = {{drawn_picture(40, 30, static_cast<int>(index))}};
    sample.origin = {name(), sample_name(index), true};
    if (index == 1) {
      sample.frames[0].labels["faces"] = Objects{};
      return sample;
    }
    cv::Mat mask = cv::Mat::zeros(30, 40, CV_8UC1);
    mask(cv::Rect(5, 5, 10, 10)) = 1;
    mask(cv::Rect(20, 5, 10, 10)) = Mask::kIgnore;
    sample.frames[0].labels["segmentation"] = Mask{mask};
    sample.frames[0].labels["gesture"] = ClassIndex{1};
    Object face, crowd, hand;
    face.box = {5.25f, 6.1f, 7.3f, 8.7f};
    face.landmarks = {{6.1f, 7.2f}, {}, {9.3f, 11.4f}};
    face.visible = {1, 0, 1};
    face.score = 0.87654f;
    crowd.box = {20, 5, 10, 10};
    crowd.ignore = true;
    hand.box = {30, 20, 5, 5};
    hand.class_index = 1;
    sample.frames[0].labels["faces"] = Objects{{face, crowd}};
    sample.frames[0].labels["hands"] = Objects{{hand}};
    return sample;
  }
};

const LabelSpecs kSpecs = {{"faces", object_spec({"face"}, 3)},
                           {"gesture", class_spec({"none", "fist"})},
                           {"hands", object_spec({"palm", "point"})},
                           {"segmentation", mask_spec()}};

CocoSource read_back(const TempFolder& folder) {
  CocoOptions options;
  options.root = folder.string();
  LabelOptions faces, hands, mask, gesture;
  faces.from = hands.from = "boxes";
  faces.categories = {"face"};
  faces.landmarks = true;
  hands.categories = {"palm", "point"};
  mask.from = "mask";
  gesture.from = "image";
  return {"back",
          options,
          {{"faces", faces}, {"hands", hands}, {"segmentation", mask}, {"gesture", gesture}},
          kSpecs};
}

CocoWriteOptions to(const TempFolder& folder, const std::string& format = "png") {
  CocoWriteOptions options;
  options.folder = folder.string();
  options.format = format;
  return options;
}

void expect_equal(const Objects& a, const Objects& b) {
  ASSERT_EQ(a.list.size(), b.list.size());
  for (size_t i = 0; i < a.list.size(); ++i) {
    const auto &x = a.list[i], &y = b.list[i];
    EXPECT_EQ(x.box, y.box);
    EXPECT_EQ(x.class_index, y.class_index);
    EXPECT_EQ(x.ignore, y.ignore);
    EXPECT_EQ(x.landmarks, y.landmarks);
    EXPECT_EQ(x.visible, y.visible);
  }
}

TEST(WriteCoco, TheSetReadsBackEqual) {
  const TempFolder folder;
  const Made made;
  EXPECT_EQ(write_coco(made, kSpecs, to(folder)), 2);
  const auto source = read_back(folder);
  EXPECT_TRUE(source.problems().empty());
  ASSERT_EQ(source.size(), 2);
  const auto before = made.get(0), after = source.get(0);
  EXPECT_EQ(cv::norm(before.frames[0].picture, after.frames[0].picture, cv::NORM_INF), 0);
  EXPECT_EQ(after.frames[0].labels.size(), 4u);
  for (const char* task : {"faces", "hands"}) {
    expect_equal(std::get<Objects>(before.frames[0].labels.at(task)),
                 std::get<Objects>(after.frames[0].labels.at(task)));
  }
  EXPECT_EQ(
      cv::norm(std::get<Mask>(before.frames[0].labels.at("segmentation")).classes,
               std::get<Mask>(after.frames[0].labels.at("segmentation")).classes, cv::NORM_INF),
      0);
  EXPECT_EQ(std::get<ClassIndex>(after.frames[0].labels.at("gesture")).index, 1);

  const auto second = source.get(1);
  EXPECT_EQ(second.frames[0].labels.count("segmentation"), 0u);
  EXPECT_EQ(second.frames[0].labels.count("gesture"), 0u);
  EXPECT_TRUE(std::get<Objects>(second.frames[0].labels.at("faces")).list.empty());
  EXPECT_EQ(second.frames[0].labels.count("hands"), 0u);
}

nlohmann::json written(const TempFolder& folder) {
  std::ifstream in(folder / "train.json");
  return nlohmann::json::parse(in);
}

TEST(WriteCoco, ListsTheTasksOfEveryPictureWhenObjectsAreNotLabelledInAll) {
  const TempFolder folder;
  write_coco(Made(), kSpecs, to(folder));
  EXPECT_EQ(written(folder)["images"][0]["labelled"],
            (nlohmann::json{"faces", "gesture", "hands", "segmentation"}));
  EXPECT_EQ(written(folder)["images"][1]["labelled"], nlohmann::json{"faces"});
  // Without hands, every absence can be seen in the file.
  auto specs = kSpecs;
  specs.erase("hands");
  write_coco(Made(), specs, to(folder));
  EXPECT_FALSE(written(folder)["images"][1].contains("labelled"));
}

TEST(WriteCoco, KeepsScoresProvenanceAndFurtherFieldsWhereAsked) {
  const TempFolder folder;
  auto options = to(folder);
  write_coco(Made(), kSpecs, options);
  EXPECT_FALSE(written(folder)["annotations"][0].contains("score"));
  EXPECT_EQ(written(folder)["info"], (nlohmann::json{{"description", "made"}}));
  options.first = 1;
  options.scores = true;
  options.description = "labelled";
  options.provenance = {{"model", "runs/a"}};
  options.more = [](int64_t index) { return nlohmann::json{{"number", index}}; };
  write_coco(Made(), kSpecs, options);
  EXPECT_EQ(written(folder)["info"]["description"], "labelled");
  EXPECT_EQ(written(folder)["info"]["provenance"]["model"], "runs/a");
  EXPECT_EQ(written(folder)["images"][0]["number"], 1);
  options.first = 0;
  write_coco(Made(), kSpecs, options);
  EXPECT_EQ(written(folder)["annotations"][0]["score"], 0.8765);
}

TEST(WriteCoco, JpegsAreNearlyEqual) {
  const TempFolder folder;
  const Made made;
  write_coco(made, kSpecs, to(folder, "jpg"));
  EXPECT_LT(cv::norm(made.get(0).frames[0].picture, read_back(folder).get(0).frames[0].picture,
                     cv::NORM_INF),
            40);
}

TEST(WriteCoco, TheFilesDoNotDependOnTheNumberOfThreads) {
  const TempFolder one, four;
  auto options = to(one);
  options.threads = 1;
  write_coco(Made(), kSpecs, options);
  options = to(four);
  options.threads = 4;
  write_coco(Made(), kSpecs, options);
  const auto text = [](const std::filesystem::path& path) {
    std::ifstream in(path);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  EXPECT_EQ(text(one / "train.json"), text(four / "train.json"));
}

TEST(WriteCoco, WritesWhereItIsToldTo) {
  const TempFolder folder;
  auto options = to(folder);
  options.place = [](const std::string& kind, int64_t index) {
    return "clip " + std::to_string(index) + "/" + kind + "/7";
  };
  const Made made;
  write_coco(made, kSpecs, options);
  EXPECT_EQ(written(folder)["images"][1]["file_name"], "clip 1/images/7.png");
  EXPECT_EQ(written(folder)["images"][0]["mask_file"], "clip 0/masks/7.png");
  const auto read = read_back(folder).get(0).frames[0].picture;
  EXPECT_EQ(cv::norm(made.get(0).frames[0].picture, read, cv::NORM_INF), 0);
  EXPECT_FALSE(std::filesystem::exists(folder / "images"));
  options.first = 1;
  EXPECT_EQ(coco_picture(options, 0), "clip 1/images/7.png");
}

TEST(WriteCoco, WritesAPart) {
  const TempFolder folder;
  auto options = to(folder);
  options.first = 1;
  EXPECT_EQ(write_coco(Made(), kSpecs, options), 1);
  EXPECT_EQ(read_coco(folder / "train.json").images.size(), 1u);
  options.first = 2;
  EXPECT_THAT(message_of<UserError>([&] { write_coco(Made(), kSpecs, options); }),
              HasSubstr("no samples to write"));
}

/// Its second sample cannot be made.
class Failing : public Made {
 public:
  Sample get(int64_t index, int64_t detail = 0) const override {
    if (index == 1) throw UserError("scene 1 cannot be drawn");
    return Made::get(index, detail);
  }
};

TEST(WriteCoco, AHalfWrittenSetHasNoAnnotationsNotEvenOldOnes) {
  const TempFolder folder;
  write_coco(Made(), kSpecs, to(folder));
  ASSERT_TRUE(std::filesystem::exists(folder / "train.json"));
  EXPECT_THROW(write_coco(Failing(), kSpecs, to(folder)), UserError);
  EXPECT_FALSE(std::filesystem::exists(folder / "train.json"));
  EXPECT_EQ(write_coco(Made(), kSpecs, to(folder)), 2);
  EXPECT_EQ(read_back(folder).size(), 2);
}

TEST(WriteCoco, RefusesWhatOneSetCannotHold) {
  const TempFolder folder;
  const auto refusal = [&](const LabelSpecs& specs) {
    return message_of<UserError>([&] { write_coco(Made(), specs, to(folder)); });
  };
  EXPECT_THAT(refusal({{"a", mask_spec()}, {"b", mask_spec()}}),
              HasSubstr("there are two: a and b"));
  EXPECT_THAT(refusal({{"a", object_spec({"face"})}, {"b", object_spec({"face"})}}),
              HasSubstr("class 'face' of task b is a class of another task"));
  EXPECT_EQ(message_of<UserError>([] {
              check_coco_tasks({{"a", mask_spec()}, {"b", mask_spec()}});
            }),
            refusal({{"a", mask_spec()}, {"b", mask_spec()}}));
  EXPECT_NO_THROW(check_coco_tasks(kSpecs));
}

/// Of clips, which no test may make.
class Clips : public Made {
 public:
  bool clips() const override { return true; }
  Sample get(int64_t index, int64_t detail = 0) const override {
    ADD_FAILURE() << "clip " << index << " was made";
    return Made::get(index, detail);
  }
};

TEST(WriteCoco, RefusesClipsBeforeOneIsMade) {
  const TempFolder folder;
  EXPECT_THAT(message_of<UserError>([&] { write_coco(Clips(), kSpecs, to(folder)); }),
              HasSubstr("source made: holds clips, and a COCO set holds stills; draw stills with "
                        "`length: 1`"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.string()));
}

TEST(WriteCoco, SaysWhereItCannotWrite) {
  const TempFolder folder;
  write_bytes(folder / "images", "in the way");
  EXPECT_THAT(message_of<UserError>([&] { write_coco(Made(), kSpecs, to(folder)); }),
              HasSubstr(folder.string()));
}

}  // namespace
}  // namespace manyfold::data
