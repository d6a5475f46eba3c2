#include "data/loading/collate.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "common/error.h"
#include "tests/data/fixture.h"

namespace manyfold::data {
namespace {

const LabelSpecs kSpecs = {{"faces", object_spec({"face"}, 2)},
                           {"gesture", class_spec({"none", "fist"})},
                           {"segmentation", mask_spec()}};

Sample plain(int seed = 0) {
  Sample sample;
  sample.frames = {{drawn_picture(8, 4, seed)}};
  sample.origin = {"set", std::to_string(seed), false};
  return sample;
}

Object face(float x, float y, float width, float height) {
  Object object;
  object.box = {x, y, width, height};
  return object;
}

TEST(Collate, PicturesBecomePlanesOfRgb) {
  const auto batch = collate({plain(0), plain(1)}, {});
  EXPECT_EQ(batch.pictures.sizes(), (std::vector<int64_t>{2, 1, 3, 4, 8}));
  EXPECT_EQ(batch.pictures.dtype(), torch::kU8);
  const auto picture = drawn_picture(8, 4, 1);
  for (int c = 0; c < 3; ++c) {
    EXPECT_EQ(batch.pictures[1][0][c][2][5].item<int>(), picture.at<cv::Vec3b>(2, 5)[c]);
  }
  EXPECT_EQ(batch.origins[1].name, "1");
  EXPECT_EQ(batch.size(), 2);
}

TEST(Collate, EveryTaskHasItsTensorsEvenWhenNobodyIsLabelled) {
  const auto batch = collate({plain(), plain()}, kSpecs, 7);
  EXPECT_EQ(batch.step, 7);
  const auto& faces = batch.labels.at("faces");
  EXPECT_FALSE(faces.present.any().item<bool>());
  EXPECT_EQ(faces.box.sizes(), (std::vector<int64_t>{2, 1, 4}));
  EXPECT_TRUE(faces.object_class.eq(-1).all().item<bool>());
  EXPECT_EQ(faces.landmarks.sizes(), (std::vector<int64_t>{2, 1, 2, 2}));
  EXPECT_EQ(faces.count.sum().item<int>(), 0);
  EXPECT_TRUE(batch.labels.at("gesture").index.eq(-1).all().item<bool>());
  EXPECT_TRUE(batch.labels.at("segmentation").mask.eq(255).all().item<bool>());
  EXPECT_EQ(batch.labels.at("segmentation").mask.sizes(), (std::vector<int64_t>{2, 4, 8}));
}

TEST(Collate, ObjectsArePaddedToTheMostOfAnyFrame) {
  auto one = plain(), three = plain(), none = plain();
  auto marked = face(2, 1, 4, 2);
  marked.landmarks = {{4, 2}, {6, 1}};
  marked.visible = {1, 0};
  auto crowd = face(0, 0, 8, 4);
  crowd.ignore = true;
  auto anything = crowd;
  anything.class_index = -1;
  one.frames[0].labels["faces"] = Objects{{marked}};
  three.frames[0].labels["faces"] = Objects{{face(0, 0, 1, 1), crowd, anything}};
  none.frames[0].labels["faces"] = Objects{};
  const auto faces = collate({one, three, none, plain()}, kSpecs).labels.at("faces");
  EXPECT_TRUE(faces.present.equal(torch::tensor({true, true, true, false})));
  EXPECT_TRUE(faces.count.equal(torch::tensor({1, 3, 0, 0}, torch::kInt64)));
  EXPECT_EQ(faces.box.size(1), 3);
  EXPECT_TRUE(faces.box[0][0].equal(torch::tensor({0.25f, 0.25f, 0.75f, 0.75f})));
  EXPECT_TRUE(faces.object_class[1].equal(torch::tensor({0, -2, -1}, torch::kInt64)));
  EXPECT_TRUE(faces.object_class[0].equal(torch::tensor({0, -1, -1}, torch::kInt64)));
  EXPECT_TRUE(faces.visible[0][0].equal(torch::tensor({true, false})));
  EXPECT_TRUE(faces.landmarks[0][0].equal(torch::tensor({{0.5f, 0.5f}, {0.f, 0.f}})));
}

TEST(Collate, ClassesThatNobodyLookedForAreMarked) {
  auto specs = kSpecs;
  specs["faces"].classes = {"face", "head"};
  auto part = plain(), whole = plain();
  part.frames[0].labels["faces"] = Objects{{face(0, 0, 1, 1)}, {1, 0}};
  whole.frames[0].labels["faces"] = Objects{{face(0, 0, 1, 1)}};
  const auto faces = collate({part, whole}, specs).labels.at("faces");
  EXPECT_TRUE(faces.labelled.equal(torch::tensor({true, false, true, true}).view({2, 2})));
}

TEST(Collate, MasksAndClassesAreWrittenToTheirRows) {
  auto sample = plain();
  cv::Mat mask = cv::Mat::zeros(4, 8, CV_8UC1);
  mask.at<uint8_t>(3, 6) = 1;
  sample.frames[0].labels["segmentation"] = Mask{mask};
  sample.frames[0].labels["gesture"] = ClassIndex{1};
  const auto batch = collate({plain(), sample}, kSpecs);
  const auto& label = batch.labels.at("segmentation");
  EXPECT_EQ(label.mask[1][3][6].item<int>(), 1);
  EXPECT_EQ(label.mask[1].sum().item<int>(), 1);
  EXPECT_EQ(label.mask[0].min().item<int>(), 255);
  EXPECT_EQ(batch.labels.at("gesture").index[1].item<int>(), 1);
}

TEST(Collate, ClipsKeepTheirFramesInOrder) {
  Sample clip;
  clip.frames = {{drawn_picture(8, 4, 1)}, {drawn_picture(8, 4, 2)}};
  clip.frames[1].labels["faces"] = Objects{{face(0, 0, 4, 4)}};
  const auto batch = collate({clip}, kSpecs);
  EXPECT_EQ(batch.pictures.size(1), 2);
  EXPECT_EQ(batch.pictures[0][1][2][0][0].item<int>(), (17 * 2 + 90) % 256);
  const auto& faces = batch.labels.at("faces");
  EXPECT_TRUE(faces.present.equal(torch::tensor({false, true})));
  EXPECT_TRUE(faces.count.equal(torch::tensor({0, 1}, torch::kInt64)));
  EXPECT_EQ(batch.frames(), 2);
  EXPECT_EQ(batch.rows(), 2);
  EXPECT_THROW(collate({plain(), clip}, kSpecs), UserError);
}

TEST(Collate, SmallerViewsStandBesideThePictures) {
  auto one = plain(1), two = plain(2);
  one.crops = {drawn_picture(4, 2, 3), drawn_picture(4, 2, 4), drawn_picture(4, 2, 5)};
  two.crops = {drawn_picture(4, 2, 6), drawn_picture(4, 2, 7), drawn_picture(4, 2, 8)};
  const auto batch = collate({one, two}, {});
  EXPECT_EQ(batch.crops.sizes(), (std::vector<int64_t>{2, 3, 3, 2, 4}));
  EXPECT_TRUE(batch.crops.permute({0, 1, 3, 4, 2}).is_contiguous());
  for (int c = 0; c < 3; ++c) {
    EXPECT_EQ(batch.crops[1][2][c][1][3].item<int>(), two.crops[2].at<cv::Vec3b>(1, 3)[c]);
    EXPECT_EQ(batch.crops[0][1][c][0][2].item<int>(), one.crops[1].at<cv::Vec3b>(0, 2)[c]);
  }
  EXPECT_EQ(batch.pictures.sizes(), (std::vector<int64_t>{2, 1, 3, 4, 8}));
  EXPECT_FALSE(collate({plain()}, {}).crops.defined());

  two.crops.pop_back();
  EXPECT_THAT(message_of<c10::Error>([&] {
                collate({one, two}, {});
              }),
              testing::HasSubstr("a sample has 2 crops, and its batch has 3"));
  two.crops.push_back(drawn_picture(5, 2));
  EXPECT_THROW(collate({one, two}, {}), c10::Error);
}

TEST(Collate, RefusesWhatDoesNotFit) {
  auto small = plain();
  small.frames = {{drawn_picture(4, 4)}};
  EXPECT_THROW(collate({plain(), small}, {}), c10::Error);
  auto masked = plain();
  masked.frames[0].labels["segmentation"] = Mask{cv::Mat::zeros(4, 9, CV_8UC1)};
  EXPECT_THAT(message_of<c10::Error>([&] {
                collate({plain(), masked}, kSpecs);
              }),
              testing::HasSubstr("is 9x4 of CV_8UC1, and its batch is 8x4 of CV_8UC1"));
  masked.frames[0].labels["segmentation"] = Mask{cv::Mat::zeros(4, 8, CV_16UC1)};
  EXPECT_THROW(collate({plain(), masked}, kSpecs), c10::Error);
  auto wrong = plain();
  wrong.frames[0].labels["faces"] = ClassIndex{1};
  EXPECT_THROW(collate({wrong}, kSpecs), c10::Error);
  EXPECT_THROW(collate({}, kSpecs), c10::Error);
}

}  // namespace
}  // namespace manyfold::data
