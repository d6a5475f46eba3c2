#include "distill/pseudo_labels.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "data/coco_writer.h"
#include "data/sources/coco_source.h"
#include "data/sources/folder_source.h"
#include "distill/class_folders.h"
#include "distill/labelled_source.h"
#include "tests/data/fixture.h"
#include "tests/errors.h"
#include "tests/train/tasks/options.h"

namespace manyfold::distill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using torch::Tensor;

constexpr int kSide = 64;

train::Tasks tasks_of(const std::vector<std::pair<std::string, std::string>>& yaml) {
  train::Tasks tasks;
  for (const auto& [name, text] : yaml) tasks.push_back({name, {"", 1, train::make_task(text)}});
  return tasks;
}

/// A model that can be read off its pictures. Red is the mask: its logit is (red - 128) / 8. Where
/// a cell of 8 x 8 pixels is green there is a face of 16 x 16: of confidence 0.88 (logit 2) from
/// 200 on, of 0.27 (logit -1) from 100 on. The side of the picture that is bluer is the class.
Annotator colours() {
  return {
      [](const Tensor& pictures) {
        const auto rgb = pictures.to(torch::kFloat);
        const auto green = torch::avg_pool2d(rgb.select(1, 1), 8);
        auto faces = torch::zeros({rgb.size(0), 5, green.size(1), green.size(2)});
        faces.select(1, 4).copy_(torch::where(
            green >= 200, torch::full_like(green, 2),
            torch::where(green >= 100, torch::full_like(green, -1), torch::full_like(green, -12))));
        const auto sides = rgb.select(1, 2).chunk(2, /*dim=*/2);
        return models::Outputs{
            {"person", {(rgb.narrow(1, 0, 1) - 128) / 8}},
            {"face", {faces}},
            {"side", {torch::stack({sides[0].mean({1, 2}), sides[1].mean({1, 2})}, 1) / 8}}};
      },
      tasks_of({{"face", "{type: faces, landmarks: 0, detector: {anchors: [0.25, 0.25]}}"},
                {"person", "{type: segmentation}"},
                {"side",
                 "{type: classification, classes: [left, right], mirrored: {left: right, right: "
                 "left}}"}})};
}

/// Says the same class scores of every picture, mirrored or not.
Annotator constant(const std::vector<float>& scores, const std::string& classes) {
  return {[scores](const Tensor& pictures) {
            return models::Outputs{
                {"sign", {torch::tensor(scores).log().repeat({pictures.size(0), 1})}}};
          },
          tasks_of({{"sign", "{type: classification, classes: " + classes + "}"}})};
}

cv::Mat black() { return cv::Mat::zeros(kSide, kSide, CV_8UC3); }

void add(cv::Mat& picture, cv::Rect where, cv::Scalar colour) {
  picture(where) = picture(where) + colour;
}

/// A person and blue on the left; a certain face and an uncertain one.
cv::Mat everything() {
  auto picture = black();
  add(picture, {0, 0, 32, 64}, {255, 0, 255});
  add(picture, {16, 8, 8, 8}, {0, 255, 0});
  add(picture, {40, 48, 8, 8}, {0, 150, 0});
  return picture;
}

/// Nothing that one could be sure of.
cv::Mat vague() {
  auto picture = black();
  add(picture, {0, 0, 64, 64}, {128, 0, 0});
  add(picture, {40, 48, 8, 8}, {0, 150, 0});
  return picture;
}

/// Background everywhere, no face; blue on the right.
cv::Mat empty() {
  auto picture = black();
  add(picture, {32, 0, 32, 64}, {0, 0, 255});
  return picture;
}

Labeller labeller(std::vector<Annotator> annotators, const PseudoLabelOptions& options = {}) {
  return {std::move(annotators), {kSide, kSide}, data::Fit::letterbox, options};
}

TEST(Labeller, LabelsWhatIsCertain) {
  for (const bool flip : {false, true}) {
    PseudoLabelOptions options;
    options.flip = flip;
    const auto results = labeller({colours()}, options).label({everything(), vague(), empty()});
    const auto& first = results.at(0).labels;
    const auto& mask = std::get<data::Mask>(first.at("person")).classes;
    EXPECT_EQ(cv::countNonZero(mask(cv::Rect(0, 0, 32, 64)) == 1), 32 * 64);
    EXPECT_EQ(cv::countNonZero(mask(cv::Rect(32, 0, 32, 64))), 0);
    EXPECT_EQ(std::get<data::ClassIndex>(first.at("side")).index, 0);
    const auto& faces = std::get<data::Objects>(first.at("face")).list;
    ASSERT_EQ(faces.size(), 2u);
    // The middle of its cell is (20, 12); a quarter of the picture is 16.
    EXPECT_EQ(faces[0].box, cv::Rect2f(12, 4, 16, 16));
    EXPECT_FALSE(faces[0].ignore);
    EXPECT_NEAR(results[0].scores.at("face"), 0.880797, 1e-5);  // 1 / (1 + e^-2)
    EXPECT_TRUE(faces[1].ignore);
    EXPECT_TRUE(results[1].labels.empty());
    EXPECT_EQ(results[2].labels.count("face"), 0u);
    EXPECT_EQ(std::get<data::ClassIndex>(results[2].labels.at("side")).index, 1);
  }
}

TEST(Labeller, LabelsAreInThePicturesPixels) {
  cv::Mat large;
  cv::resize(everything(), large, {2 * kSide, 2 * kSide}, 0, 0, cv::INTER_NEAREST);
  const auto labels = labeller({colours()}).label({large}).at(0).labels;
  EXPECT_EQ(std::get<data::Mask>(labels.at("person")).classes.size(), large.size());
  EXPECT_EQ(std::get<data::Objects>(labels.at("face")).list.at(0).box, cv::Rect2f(24, 8, 32, 32));
}

TEST(Labeller, AveragesTheScoresOfItsAnnotators) {
  const auto label = [](double threshold) {
    PseudoLabelOptions options;
    options.thresholds = {{"sign", threshold}};
    return labeller({constant({0.98f, 0.02f}, "[a, b]"), constant({0.78f, 0.22f}, "[a, b]")},
                    options)
        .label({black()})
        .at(0);
  };
  EXPECT_TRUE(label(0.9).labels.empty());
  EXPECT_NEAR(label(0.85).scores.at("sign"), 0.88, 1e-6);
}

TEST(Labeller, AnObjectThatOneAnnotatorDoesNotFindIsNoLabel) {
  auto blind = colours();
  blind.predict = [see = colours().predict](const Tensor& pictures) {
    auto outputs = see(pictures);
    outputs.at("face").at(0).fill_(-12);
    return outputs;
  };
  const auto labels = labeller({colours(), blind}).label({everything()}).at(0).labels;
  EXPECT_EQ(labels.count("face"), 0u);
  EXPECT_EQ(labels.count("person"), 1u);
}

TEST(Labeller, RefusesWhatDoesNotFit) {
  const auto refusal = [](std::vector<Annotator> annotators,
                          const std::map<std::string, double>& thresholds = {}) {
    PseudoLabelOptions options;
    options.thresholds = thresholds;
    return error_of([&] { labeller(std::move(annotators), options); });
  };
  EXPECT_THAT(refusal({constant({0.5f, 0.5f}, "[a, b]"), constant({0.5f, 0.5f}, "[b, a]")}),
              HasSubstr("do not mean the same by task sign"));
  EXPECT_THAT(refusal({colours()}, {{"faces", 0.5}}),
              HasSubstr("a threshold for task 'faces', which no model has; did you mean 'face'?"));
  const Annotator points = {{}, tasks_of({{"face", "{type: faces, landmarks: 3}"}})};
  EXPECT_THAT(refusal({points}), HasSubstr("does not say which of its 3 key points"));
}

/// The three pictures, and one in their middle that cannot be read.
class Drawn : public data::Source {
 public:
  Drawn() : Source("drawn", false) {}
  int64_t size() const override { return 4; }
  std::string sample_name(int64_t index) const override {
    return "drawn " + std::to_string(index) + ".png";
  }
  std::vector<std::filesystem::path> files(int64_t index) const override {
    return {"/pictures/" + sample_name(index)};
  }
  data::Sample get(int64_t index, int64_t = 0) const override {
    if (index == 2) throw data::BadSample(data::Fault::truncated, sample_name(index), "ends early");
    data::Sample sample;
    sample.frames = {{index == 0 ? everything() : index == 1 ? vague() : empty()}};
    sample.frames[0].labels["side"] = data::ClassIndex{1};
    sample.origin = {name(), sample_name(index), false};
    return sample;
  }
};

class LabelledSet : public testing::Test {
 protected:
  void SetUp() override {
    source = std::make_unique<LabelledSource>(drawn, labels, LabelledSource::Options{3, 2, {}});
    data::CocoWriteOptions options;
    options.folder = folder.string();
    options.format = "png";
    options.scores = true;
    options.more = [this](int64_t index) { return source->fields(index); };
    data::write_coco(*source, labels.specs(), options);
    write_class_folders(*source, labels.specs(), options);
  }

  const data::TempFolder folder;
  const Drawn drawn;
  const Labeller labels = labeller({colours()});
  std::unique_ptr<LabelledSource> source;
};

TEST_F(LabelledSet, LeavesOutWhatCannotBeReadAndCountsTheRest) {
  EXPECT_EQ(source->size(), 3);
  EXPECT_THAT(source->failures(), ElementsAre("drawn 2.png: ends early"));
  const auto& counts = source->counts();
  EXPECT_EQ(counts.at("face").labelled, 1);
  EXPECT_EQ(counts.at("face").unlabelled, 2);
  EXPECT_THAT(counts.at("face").classes, ElementsAre(1));
  EXPECT_EQ(counts.at("face").ignored, 1);
  EXPECT_NEAR(counts.at("face").score, 0.880797, 1e-5);
  EXPECT_THAT(counts.at("side").classes, ElementsAre(1, 1));
  EXPECT_EQ(counts.at("person").labelled, 2);
  EXPECT_THAT(counts.at("person").classes, ElementsAre(32 * 64 + 64 * 64, 32 * 64));
}

TEST_F(LabelledSet, ReadsBackWithWhatIsUnlabelledUnlabelled) {
  data::CocoOptions options;
  options.root = folder.string();
  data::LabelOptions boxes, mask, image;
  boxes.from = "boxes";
  mask.from = "mask";
  image.from = "image";
  const data::CocoSource back("back", options, {{"face", boxes}, {"person", mask}, {"side", image}},
                              labels.specs());
  ASSERT_EQ(back.size(), 3);
  const auto first = back.get(0), second = back.get(1), third = back.get(2);
  const auto& faces = std::get<data::Objects>(first.frames[0].labels.at("face")).list;
  ASSERT_EQ(faces.size(), 2u);
  EXPECT_EQ(faces[0].box, cv::Rect2f(12, 4, 16, 16));
  EXPECT_FALSE(faces[0].ignore);
  EXPECT_TRUE(faces[1].ignore);
  const auto written = source->get(0);
  EXPECT_EQ(
      cv::norm(std::get<data::Mask>(first.frames[0].labels.at("person")).classes,
               std::get<data::Mask>(written.frames[0].labels.at("person")).classes, cv::NORM_INF),
      0);
  EXPECT_EQ(cv::norm(first.frames.at(0).picture, everything(), cv::NORM_INF), 0);
  EXPECT_TRUE(second.frames[0].labels.empty());
  EXPECT_EQ(third.frames[0].labels.count("face"), 0u);
  EXPECT_EQ(std::get<data::ClassIndex>(third.frames[0].labels.at("side")).index, 1);
}

TEST_F(LabelledSet, SaysWhereEachPictureComesFromAndHowSureItIs) {
  std::ifstream in(folder / "train.json");
  const auto json = nlohmann::json::parse(in);
  const auto& image = json["images"][0];
  EXPECT_EQ(image["origin"], "drawn 0.png");
  EXPECT_EQ(image["source"], "/pictures/drawn 0.png");
  EXPECT_EQ(image["side"], "left");
  EXPECT_NEAR(image["side_score"].get<double>(), 1, 1e-3);
  EXPECT_NEAR(image["person_score"].get<double>(), 1, 1e-3);
  EXPECT_EQ(image["labelled"], (nlohmann::json{"face", "person", "side"}));
  EXPECT_EQ(json["images"][1]["labelled"], nlohmann::json::array());
  EXPECT_EQ(json["images"][2]["source"], "/pictures/drawn 3.png");
  EXPECT_NEAR(json["annotations"][0]["score"].get<double>(), 0.8808, 1e-9);
}

TEST_F(LabelledSet, ClassFoldersHoldTheLabelledPictures) {
  data::FolderOptions options;
  options.root = (folder / "side").string();
  data::LabelOptions label;
  label.from = "folder";
  const data::FolderSource back("back", options, {{"side", label}}, labels.specs());
  ASSERT_EQ(back.size(), 2);
  EXPECT_EQ(back.sample_name(0), "train/left/000000.png");
  EXPECT_EQ(back.sample_name(1), "train/right/000002.png");
  EXPECT_EQ(cv::norm(back.get(1).frames.at(0).picture, empty(), cv::NORM_INF), 0);
}

TEST(ClassFolders, RefusesClassesThatAreNoFolders) {
  EXPECT_EQ(error_of([] {
              check_class_folders({{"sign", data::class_spec({"a", "b/c"})}});
            }),
            "class 'b/c' of task sign cannot be the name of a folder: it must not be empty, begin "
            "with a dot or hold a slash");
  EXPECT_EQ(error_of([] {
              check_class_folders({{"sign", data::class_spec({"a", "b"})}});
            }),
            "no error");
}

}  // namespace
}  // namespace manyfold::distill
