#include "data/augment/crops.h"

#include <gmock/gmock.h>

#include <cmath>

#include "common/config/reader.h"
#include "common/config/yaml_reader.h"
#include "common/error.h"
#include "data/data_options.h"
#include "data/loading/training_data.h"
#include "tests/data/fixture.h"

namespace manyfold::data {
namespace {

using testing::HasSubstr;

/// Views that are only cut out: nothing is mirrored or changes its colour.
CropOptions plain() {
  CropOptions options;
  options.mirror = options.jitter = options.grey = options.solarise = 0;
  options.blur_first = options.blur_second = options.blur_small = 0;
  return options;
}

Sample sample_of(const cv::Mat& picture) {
  Sample sample;
  sample.frames = {{picture}};
  sample.frames[0].labels["sign"] = ClassIndex{1};
  sample.origin = {"set", "a.png", false};
  return sample;
}

Sample views_of(const CropOptions& options, uint64_t seed,
                const cv::Mat& picture = drawn_picture(200, 160)) {
  Random random(seed, Random::crops);
  return multi_crop(sample_of(picture), options, random);
}

bool same(const cv::Mat& a, const cv::Mat& b) {
  return a.size() == b.size() && cv::norm(a, b, cv::NORM_INF) == 0;
}

std::vector<cv::Mat> all_views(const Sample& views) {
  std::vector<cv::Mat> all;
  for (const auto& frame : views.frames) all.push_back(frame.picture);
  all.insert(all.end(), views.crops.begin(), views.crops.end());
  return all;
}

TEST(DrawCrop, SharesOfAreaAreUniformAndSidesStayInTheirRatio) {
  const cv::Size picture(300, 200);
  Random random(1, Random::crops);
  double sum = 0, log_ratios = 0;
  for (int i = 0; i < 4000; ++i) {
    const auto part = draw_crop(picture, {0.05, 0.25}, random);
    ASSERT_EQ(part & cv::Rect({0, 0}, picture), part);
    const double share = part.area() / 60000.0, ratio = double(part.width) / part.height;
    // Sides of 47 pixels and more, rounded to half a pixel: 1 % each.
    EXPECT_GT(share, 0.05 * 0.98);
    EXPECT_LT(share, 0.25 * 1.02);
    EXPECT_GT(ratio, 0.75 * 0.98);
    EXPECT_LT(ratio, 4.0 / 3 * 1.02);
    sum += share;
    log_ratios += std::log(ratio);
  }
  EXPECT_NEAR(sum / 4000, 0.15, 0.004);      // deviation 0.2 / sqrt(12 * 4000) = 0.0009
  EXPECT_NEAR(log_ratios / 4000, 0, 0.012);  // 0.575 / sqrt(12 * 4000) = 0.0026
}

TEST(DrawCrop, ReachesEveryCornerOfThePicture) {
  Random random(2, Random::crops);
  cv::Rect reached(50, 50, 1, 1);
  for (int i = 0; i < 2000; ++i) reached |= draw_crop({100, 100}, {0.3, 1}, random);
  EXPECT_EQ(reached, cv::Rect(0, 0, 100, 100));
}

TEST(DrawCrop, WhatNeverFitsIsCutFromTheCentre) {
  Random random(3, Random::crops);
  // 100 * 4 / 3 = 133 wide; (1000 - 133) / 2 = 433.
  EXPECT_EQ(draw_crop({1000, 100}, {1, 1}, random), cv::Rect(433, 0, 133, 100));
  EXPECT_EQ(draw_crop({100, 1000}, {1, 1}, random), cv::Rect(0, 433, 100, 133));
  EXPECT_EQ(draw_crop({100, 100}, {1, 1}, random), cv::Rect(0, 0, 100, 100));
  EXPECT_EQ(draw_crop({1, 1}, {0.05, 0.1}, random), cv::Rect(0, 0, 1, 1));
}

TEST(MultiCrop, MakesTwoLargeViewsAndTheSmallOnesWithoutLabels) {
  CropOptions options;
  options.small = 3;
  const auto views = views_of(options, 1);
  ASSERT_EQ(views.frames.size(), 2u);
  ASSERT_EQ(views.crops.size(), 3u);
  for (const auto& frame : views.frames) EXPECT_EQ(frame.picture.size(), cv::Size(128, 128));
  for (const auto& crop : views.crops) EXPECT_EQ(crop.size(), cv::Size(64, 64));
  EXPECT_TRUE(views.frames[0].labels.empty());
  EXPECT_EQ(views.origin.name, "a.png");
  const auto all = all_views(views);
  for (size_t a = 0; a < all.size(); ++a) {
    for (size_t b = a + 1; b < all.size(); ++b) EXPECT_FALSE(same(all[a], all[b]));
  }
}

TEST(MultiCrop, IsAFunctionOfTheStream) {
  const auto once = all_views(views_of({}, 7)), again = all_views(views_of({}, 7));
  const auto other = all_views(views_of({}, 8));
  for (size_t i = 0; i < once.size(); ++i) {
    EXPECT_TRUE(same(once[i], again[i]));
    EXPECT_FALSE(same(once[i], other[i]));
  }
}

TEST(MultiCrop, APictureThatShrinksIsAveraged) {
  auto options = plain();
  options.large_scale = options.small_scale = {1, 1};  // of a square: the whole
  cv::Mat picture(128, 128, CV_8UC3, cv::Scalar(40, 90, 200));
  picture.at<cv::Vec3b>(10, 21) = {240, 90, 0};
  const auto views = views_of(options, 1, picture);
  EXPECT_TRUE(same(views.frames[0].picture, picture));
  EXPECT_TRUE(same(views.frames[1].picture, picture));
  // Pixel (10, 21) is one of the four of (5, 10): (240 + 3 * 40) / 4, 90, 3 * 200 / 4.
  EXPECT_EQ(views.crops[0].at<cv::Vec3b>(5, 10), cv::Vec3b(90, 90, 150));
  EXPECT_EQ(views.crops[0].at<cv::Vec3b>(5, 11), cv::Vec3b(40, 90, 200));
}

TEST(MultiCrop, LeavesItsPictureAlone) {
  const auto picture = drawn_picture(128, 128);
  CropOptions options;
  options.large_scale = {1, 1};
  for (uint64_t seed = 0; seed < 5; ++seed) views_of(options, seed, picture);
  EXPECT_TRUE(same(picture, drawn_picture(128, 128)));
}

TEST(MultiCrop, MirrorsEveryViewWithItsProbability) {
  auto options = plain();
  const auto straight = all_views(views_of(options, 5));
  options.mirror = 1;
  const auto mirrored = all_views(views_of(options, 5));
  for (size_t i = 0; i < straight.size(); ++i) {
    cv::Mat expected;
    cv::flip(straight[i], expected, 1);
    EXPECT_TRUE(same(mirrored[i], expected)) << i;
  }
}

TEST(MultiCrop, SolarisesTheSecondLargeViewAlone) {
  auto options = plain();
  const auto before = all_views(views_of(options, 5));
  options.solarise = 1;
  const auto after = all_views(views_of(options, 5));
  for (size_t i = 0; i < before.size(); ++i) EXPECT_EQ(same(before[i], after[i]), i != 1) << i;
  for (int x = 0; x < 128; ++x) {
    for (int c = 0; c < 3; ++c) {
      const int value = before[1].at<cv::Vec3b>(64, x)[c];
      EXPECT_EQ(after[1].at<cv::Vec3b>(64, x)[c], value < 128 ? value : 255 - value);
    }
  }
}

/// Of 40 draws, how many a blur changes: for every view.
std::vector<int> blurred(double first, double second, double small) {
  cv::Mat picture(160, 200, CV_8UC3);
  cv::RNG(1).fill(picture, cv::RNG::UNIFORM, 0, 256);
  auto options = plain();
  options.blur_sigma = 5;
  auto blurring = options;
  blurring.blur_first = first;
  blurring.blur_second = second;
  blurring.blur_small = small;
  std::vector<int> changed(6, 0);
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const auto before = all_views(views_of(options, seed, picture));
    const auto after = all_views(views_of(blurring, seed, picture));
    for (size_t i = 0; i < 6; ++i) changed[i] += !same(before[i], after[i]);
  }
  return changed;
}

// A deviation below 0.3 pixels, one in twenty-five, changes nothing.
TEST(MultiCrop, BlursEachKindOfViewWithItsOwnProbability) {
  const auto most = testing::Gt(30);
  EXPECT_THAT(blurred(1, 0, 0), testing::ElementsAre(most, 0, 0, 0, 0, 0));
  EXPECT_THAT(blurred(0, 1, 0), testing::ElementsAre(0, most, 0, 0, 0, 0));
  EXPECT_THAT(blurred(0, 0, 1), testing::ElementsAre(0, 0, most, most, most, most));
}

TEST(MultiCrop, GreyViewsHaveNoColour) {
  auto options = CropOptions();
  options.grey = 1;
  for (const auto& view : all_views(views_of(options, 9))) {
    std::vector<cv::Mat> colours;
    cv::split(view, colours);
    EXPECT_TRUE(same(colours[0], colours[1]));
    EXPECT_TRUE(same(colours[0], colours[2]));
  }
}

TEST(MultiCrop, JittersFourOfFiveViews) {
  auto options = plain();
  options.jitter = 0.8;
  const cv::Mat picture(64, 64, CV_8UC3, cv::Scalar(200, 120, 40));
  int views = 0, changed = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    for (const auto& view : all_views(views_of(options, seed, picture))) {
      ++views;
      changed += view.at<cv::Vec3b>(3, 3) != picture.at<cv::Vec3b>(3, 3);
    }
  }
  EXPECT_NEAR(double(changed) / views, 0.8, 0.04);  // deviation sqrt(0.16 / 1800) = 0.0094
}

TEST(CropDetail, ShowsTheSmallestViewInFull) {
  CropOptions options;
  options.large_scale = {0.25, 1};  // 128 / sqrt(0.25 * 9 / 16) = 341.3
  options.small_scale = {0.04, 1};  // 64 / sqrt(0.04 * 9 / 16) = 426.7
  EXPECT_EQ(needed_detail(options), 427);
  options.small = 0;
  EXPECT_EQ(needed_detail(options), 342);
}

std::string mistake(const std::string& yaml) {
  return message_of<ConfigError>(
      [&] { config::read<CropOptions>(config::parse_yaml(yaml, "crops.yaml")); });
}

TEST(CropOptions, RefuseSizesAndSharesThatCannotBe) {
  EXPECT_EQ(mistake("{large_size: 96, small_size: 64, small: 0, large_scale: [0.5, 0.5]}"),
            "(nothing)");
  EXPECT_THAT(mistake("large_size: 100"), HasSubstr("large_size = 100, must be a multiple of 32"));
  EXPECT_THAT(mistake("small_size: 32"), HasSubstr("small_size = 32"));
  EXPECT_THAT(mistake("small_scale: [0.3, 0.1]"), HasSubstr("must be two shares"));
  EXPECT_THAT(mistake("large_scale: [0, 1]"), HasSubstr("must be two shares"));
  EXPECT_THAT(mistake("large_scale: [0.3]"), HasSubstr("must be two shares"));
  EXPECT_THAT(mistake("large_scale: [0.3, 1.5]"), HasSubstr("large_scale[1] = 1.5"));
}

/// Batches of views from a folder without labels.
class CropsOfAFolder : public testing::Test {
 protected:
  CropsOfAFolder() {
    for (int i = 0; i < 6; ++i) {
      write_picture(folder_ / ("p" + std::to_string(i) + ".png"), drawn_picture(90, 70, i));
    }
    SourceOptions source;
    source.type = "pictures";
    source.pictures.root = folder_.string();
    options_.sources = {{"photos", source}};
    options_.batch = 4;
    crops_.small = 3;
  }
  std::vector<Batch> batches(int64_t first, int64_t count, int64_t threads, Shard shard = {}) {
    options_.threads = threads;
    TrainingData data(options_, {}, /*seed=*/5, {Unlabelled::kept, crops_});
    const auto loader = data.loader(first, shard);
    std::vector<Batch> all;
    for (int64_t i = 0; i < count; ++i) all.push_back(*loader->next());
    return all;
  }

  TempFolder folder_;
  DataOptions options_;
  CropOptions crops_;
};

TEST_F(CropsOfAFolder, BatchesHoldLargeAndSmallViews) {
  const auto batch = batches(0, 1, 2).at(0);
  EXPECT_EQ(batch.pictures.sizes(), (std::vector<int64_t>{4, 2, 3, 128, 128}));
  EXPECT_EQ(batch.crops.sizes(), (std::vector<int64_t>{4, 3, 3, 64, 64}));
  EXPECT_TRUE(batch.crops.permute({0, 1, 3, 4, 2}).is_contiguous());
  EXPECT_TRUE(batch.labels.empty());
  EXPECT_EQ(batch.origins[0].source, "photos");
}

TEST_F(CropsOfAFolder, WithoutSmallViewsThereAreNone) {
  crops_.small = 0;
  EXPECT_FALSE(batches(0, 1, 1).at(0).crops.defined());
}

TEST_F(CropsOfAFolder, DependOnSeedAndStepAlone) {
  const auto one = batches(0, 5, 1), four = batches(0, 5, 4), late = batches(3, 2, 2);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(one[i].pictures.equal(four[i].pictures));
    EXPECT_TRUE(one[i].crops.equal(four[i].crops));
  }
  EXPECT_TRUE(one[3].crops.equal(late[0].crops));
  EXPECT_TRUE(one[4].pictures.equal(late[1].pictures));
  const auto part = batches(2, 1, 2, {1, 2}).at(0);
  EXPECT_TRUE(part.crops[1].equal(one[2].crops[3]));
}

}  // namespace
}  // namespace manyfold::data
