#include "data/files/coco_file.h"

#include <gmock/gmock.h>

#include <cmath>

#include "common/error.h"
#include "tests/data/fixture.h"

namespace manyfold::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> texts(const std::vector<Problem>& problems) {
  std::vector<std::string> all;
  for (const auto& problem : problems) {
    all.push_back(std::string(fault_name(problem.fault)) + ": " + problem.text);
  }
  return all;
}

CocoFile read(const CocoFixture& fixture) {
  fixture.write();
  return read_coco(fixture.folder / "train.json");
}

TEST(CocoFile, ReadsImagesCategoriesAndAnnotations) {
  const TempFolder folder;
  const auto coco = read(CocoFixture(folder)
                             .category("face", 2)
                             .image(64, 48, {{"identity", "nobody"}})
                             .box({1.5, 2, 10, 20}, 1, {{"keypoints", {3, 4, 2, 0, 0, 0}}})
                             .box({0, 0, 5, 5}, 1, {{"iscrowd", 1}}));
  EXPECT_THAT(coco.categories, ElementsAre("face"));
  EXPECT_THAT(coco.landmarks, ElementsAre(2));
  ASSERT_EQ(coco.images.size(), 1u);
  const auto& image = coco.images[0];
  EXPECT_EQ(image.file, "images/1.png");
  EXPECT_EQ(image.size, cv::Size(64, 48));
  EXPECT_EQ(image.words.at("identity"), "nobody");
  ASSERT_EQ(image.annotations.size(), 2u);
  EXPECT_EQ(image.annotations[0].box, cv::Rect2f(1.5, 2, 10, 20));
  EXPECT_THAT(image.annotations[0].visible, ElementsAre(1, 0));
  EXPECT_EQ(image.annotations[0].landmarks[0], cv::Point2f(3, 4));
  EXPECT_TRUE(image.annotations[1].crowd);
  EXPECT_TRUE(coco.problems.empty());
}

TEST(CocoFile, LandmarksThatAreNoNumbersOrNegativeAreNotLabelled) {
  const TempFolder folder;
  write_bytes(folder / "train.json", R"({
    "images": [{"id": 1, "file_name": "NaN \" NaN.png"}],
    "categories": [{"id": 1, "name": "face", "keypoints": ["a", "b", "c", "d"]}],
    "annotations": [{"id": 7, "image_id": 1, "category_id": 1, "bbox": [1, 1, 9, 9],
                     "keypoints": [NaN, 3, 2, 3, -Infinity, 2, -1, -1, 2, 5, 6, 1]}]})");
  const auto coco = read_coco(folder / "train.json");
  EXPECT_EQ(coco.images[0].file, "NaN \" NaN.png");  // text stays what it is
  EXPECT_THAT(coco.images[0].annotations[0].visible, ElementsAre(0, 0, 0, 1));
  EXPECT_EQ(coco.images[0].annotations[0].landmarks[0], cv::Point2f(0, 0));
  EXPECT_THAT(texts(coco.problems),
              ElementsAre("bad landmarks: annotation 7 has 3 key points marked as labelled whose "
                          "coordinates are NaN or negative; they count as not labelled"));
  EXPECT_TRUE(coco.bad_images.empty());
}

TEST(CocoFile, BoxesThatAreNotFourNumbersSpoilTheirImage) {
  for (const std::string box :
       {"[1,1,9]", R"(["1","1","9","9"])", R"({"h":9,"w":9,"x":1,"y":1})"}) {
    const TempFolder folder;
    write_bytes(folder / "train.json",
                R"({"images": [{"id": 1, "file_name": "1.png"}],
                    "categories": [{"id": 1, "name": "face"}],
                    "annotations": [{"id": 7, "image_id": 1, "category_id": 1, "bbox": )" +
                    box + "}]}");
    const auto coco = read_coco(folder / "train.json");
    EXPECT_THAT(texts(coco.problems),
                ElementsAre("bad box: annotation 7 has the box " + box +
                            ", and a box is four numbers, [x, y, width, height]"));
    EXPECT_EQ(coco.bad_images.size(), 1u);
  }
}

TEST(CocoFile, UselessBoxesSpoilTheirImage) {
  const TempFolder folder;
  const auto coco = read(CocoFixture(folder)
                             .category("face")
                             .image()
                             .box({5, 5, 0, 10})
                             .image()
                             .box({70, 5, 10, 10})
                             .image()
                             .box({-5, -5, 10, 10}));  // reaches outside: allowed
  EXPECT_THAT(texts(coco.problems),
              ElementsAre("bad box: annotation 1 has the box [5.0,5.0,0.0,10.0], which has no area",
                          "bad box: annotation 2 has the box [70.0,5.0,10.0,10.0], which lies "
                          "outside its picture"));
  EXPECT_EQ(coco.bad_images.count(0), 1u);
  EXPECT_EQ(coco.bad_images.count(1), 1u);
  EXPECT_EQ(coco.bad_images.count(2), 0u);
}

TEST(CocoFile, AnnotationsOfUnknownImagesAndCategoriesAreReported) {
  const TempFolder folder;
  CocoFixture fixture(folder);
  fixture.category("face").image().box({1, 1, 5, 5}, 3).box({1, 1, 5, 5});
  fixture.json["annotations"][1]["image_id"] = 99;
  const auto coco = read(fixture);
  EXPECT_THAT(
      texts(coco.problems),
      ElementsAre("unknown category: annotation 1 has category 3, which is not in `categories`",
                  "unknown image: annotation 2 belongs to image 99, which is not in `images`"));
  EXPECT_EQ(coco.bad_images.size(), 1u);
}

TEST(CocoFile, ABrokenRunLengthCodeSpoilsItsImage) {
  const TempFolder folder;
  const auto coco = read(CocoFixture(folder).category("face").image().box(
      {1, 1, 5, 5}, 1, {{"segmentation", {{"size", {48, 64}}, {"counts", "61X"}}}}));
  EXPECT_THAT(texts(coco.problems),
              ElementsAre("bad segment: annotation 1: the run-length code ends inside a run"));
}

TEST(CocoFile, APolygonIsAtLeastThreePairsOfNumbers) {
  const TempFolder folder;
  const auto problems = [&](const std::string& segmentation) {
    return texts(read(CocoFixture(folder).category("face").image().box(
                          {1, 1, 5, 5}, 1, {{"segmentation", nlohmann::json::parse(segmentation)}}))
                     .problems);
  };
  for (const char* broken :
       {"[[]]", "[10, 10, 20, 10, 20, 20]", "[[10, 10, 20, 10]]", "[[10, 10, 20, 10, 20, 20, 10]]",
        "[[10, 10, null, 10, 20, 20]]", "[[10, 10, \"20\", 10, 20, 20]]",
        "[[10, 10, 1e300, 10, 20, 20]]", "[[10, 10, 20, 10, 20, 20], []]"}) {
    EXPECT_THAT(problems(broken),
                ElementsAre("bad segment: annotation 1: a polygon must be a list of x, y, x, y, "
                            "...: at least three points, finite numbers"))
        << broken;
  }
  EXPECT_THAT(problems("[[10, 10, 20, 10, 20, 20], [1, 1, 2.5, 1, 2.5, 2]]"), ElementsAre());
  EXPECT_THAT(problems("[]"), ElementsAre());  // none at all: whoever paints it has to see to that
}

TEST(CocoFile, ACategoryOfTwoNamesSpoilsTheImagesThatHaveIt) {
  const TempFolder folder;
  CocoFixture fixture(folder);
  fixture.category("face").category("hand").category("head");
  fixture.json["categories"][1]["id"] = 1;
  fixture.image().box({1, 1, 5, 5}, 1).image().box({1, 1, 5, 5}, 3);
  const auto coco = read(fixture);
  EXPECT_THAT(texts(coco.problems),
              ElementsAre("unknown category: the categories 'face' and 'hand' have one id, 1",
                          "unknown category: annotation 1 has category 1, which several of "
                          "`categories` have: which is meant?"));
  EXPECT_EQ(coco.bad_images.count(0), 1u);
  EXPECT_EQ(coco.bad_images.count(1), 0u);
  EXPECT_EQ(coco.images[1].annotations.at(0).category, 2);
}

TEST(CocoFile, ImagesOfOneIdAreBothUnusable) {
  const TempFolder folder;
  CocoFixture fixture(folder);
  fixture.category("face").image().image().box({1, 1, 5, 5});
  fixture.json["images"][1]["id"] = 1;
  fixture.json["annotations"][0]["image_id"] = 1;
  const auto coco = read(fixture);
  EXPECT_EQ(coco.bad_images.size(), 2u);
  EXPECT_THAT(texts(coco.problems)[0], HasSubstr("has the id 1, which another image has, too"));
}

TEST(CocoFile, SaysWhyAFileIsNotOne) {
  const TempFolder folder;
  const auto refusal = [&](const std::string& text) {
    write_bytes(folder / "a.json", text);
    return message_of<UserError>([&] { read_coco(folder / "a.json"); });
  };
  EXPECT_THAT(refusal("{\"images\": ["), HasSubstr("a.json: not a COCO annotation file: "));
  EXPECT_THAT(refusal("{\"categories\": []}"), HasSubstr("key 'images' not found"));
  EXPECT_THAT(refusal(R"({"categories": [], "images": [{"id": 1, "file_name": "a",
                          "labelled": "faces"}]})"),
              HasSubstr("images[0]"));
  EXPECT_THAT(refusal(R"({"categories": [], "images": [{"id": 1, "file_name": "a"}, {"id": 2}]})"),
              HasSubstr("images[1]: "));
  EXPECT_THAT(message_of<UserError>([&] { read_coco(folder / "none.json"); }),
              HasSubstr("none.json"));
}

}  // namespace
}  // namespace manyfold::data
