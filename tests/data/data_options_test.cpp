#include "data/data_options.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <set>

#include "common/error.h"
#include "data/loading/evaluation_loader.h"
#include "data/loading/training_data.h"
#include "tests/data/fixture.h"

namespace manyfold::data {
namespace {

using testing::HasSubstr;

const LabelSpecs kSpecs = {{"gesture", class_spec({"none", "fist", "palm"})}};

SourceOptions folders(const std::string& root, const std::string& group = "") {
  SourceOptions options;
  options.type = "folders";
  options.folders.root = root;
  options.group = group;
  LabelOptions label;
  label.from = "folder";
  options.labels = {{"gesture", label}};
  return options;
}

/// Two sets of small pictures: 10 of "photos", 20 of "drawings".
class TrainingDataTest : public testing::Test {
 protected:
  TrainingDataTest() {
    for (int i = 0; i < 10; ++i) {
      write_picture(photos_ / "train" / (i % 2 ? "fist" : "palm") / (std::to_string(i) + ".jpg"),
                    drawn_picture(40, 30, i));
    }
    for (int i = 0; i < 20; ++i) {
      write_picture(drawings_ / "train" / "none" / (std::to_string(i) + ".png"),
                    drawn_picture(24, 24, i));
    }
    options_.size = {32, 32};
    options_.batch = 8;
    options_.mix = {{"real", 0.3}, {"synthetic", 0.7}};
    options_.sources = {{"photos", folders(photos_.string())},
                        {"drawings", folders(drawings_.string(), "synthetic")}};
  }

  std::vector<Batch> batches(int64_t first, int64_t count, int64_t threads, Shard shard = {}) {
    options_.threads = threads;
    TrainingData data(options_, kSpecs, /*seed=*/5);
    const auto loader = data.loader(first, shard);
    std::vector<Batch> all;
    for (int64_t i = 0; i < count; ++i) all.push_back(*loader->next());
    return all;
  }

  struct Folder : TempFolder {
    std::filesystem::path operator/(const std::string& name) const {
      return TempFolder::operator/(name);
    }
  };
  Folder photos_, drawings_;
  DataOptions options_;
};

void expect_equal(const Batch& a, const Batch& b) {
  EXPECT_EQ(a.step, b.step);
  EXPECT_TRUE(a.pictures.equal(b.pictures));
  EXPECT_TRUE(a.labels.at("gesture").index.equal(b.labels.at("gesture").index));
  for (size_t i = 0; i < a.origins.size(); ++i) EXPECT_EQ(a.origins[i].name, b.origins[i].name);
}

TEST_F(TrainingDataTest, BatchesDoNotDependOnTheNumberOfThreads) {
  const auto one = batches(0, 6, 1), four = batches(0, 6, 4);
  for (int i = 0; i < 6; ++i) expect_equal(one[i], four[i]);
}

TEST_F(TrainingDataTest, AResumedRunSeesTheSameBatches) {
  const auto whole = batches(0, 6, 2), rest = batches(4, 2, 3);
  expect_equal(whole[4], rest[0]);
  expect_equal(whole[5], rest[1]);
}

TEST_F(TrainingDataTest, BatchesHoldTheirQuotasAndLabels) {
  std::vector<int64_t> real;
  for (const auto& batch : batches(0, 5, 2)) {
    int64_t count = 0;
    for (int64_t i = 0; i < batch.size(); ++i) {
      const bool photo = batch.origins[i].source == "photos";
      count += photo;
      EXPECT_EQ(batch.labels.at("gesture").index[i].item<int>() > 0, photo);
    }
    real.push_back(count);
  }
  EXPECT_THAT(real, testing::ElementsAre(2, 3, 2, 3, 2));
}

TEST_F(TrainingDataTest, SourcesWithoutALabelForATaskAreLeftOut) {
  options_.sources[1].second.labels[0].first = "sign";  // a task that is not in training
  const auto batch = batches(0, 1, 1).at(0);
  for (const auto& origin : batch.origins) EXPECT_EQ(origin.source, "photos");
  EXPECT_TRUE(batch.labels.at("gesture").present.all().item<bool>());
}

TEST_F(TrainingDataTest, OfPartlyLabelledSourcesTheLabelledSamplesAloneAreDrawn) {
  options_.labelled = 0.5;
  std::set<std::string> names;
  for (const auto& batch : batches(0, 12, 1)) {
    EXPECT_TRUE(batch.labels.at("gesture").present.all().item<bool>());
    for (const auto& origin : batch.origins) names.insert(origin.source + "/" + origin.name);
  }
  EXPECT_EQ(names.size(), 15u);  // half of 10 and of 20
}

TEST_F(TrainingDataTest, WhatIsLeftOverIsDrawnWithoutLabelsInItsShare) {
  for (const bool mixed : {true, false}) {
    if (!mixed) options_.mix.clear();
    options_.labelled = 0.5;
    options_.unlabelled = 0.75;
    TrainingData data(options_, kSpecs, /*seed=*/5, {Unlabelled::kept});
    const auto loader = data.loader();
    int64_t labelled = 0, photos = 0;
    std::set<std::string> with, without;
    for (int step = 0; step < 10; ++step) {
      const auto batch = *loader->next();
      for (int64_t row = 0; row < 8; ++row) {
        const auto& origin = batch.origins[static_cast<size_t>(row)];
        const bool present = batch.labels.at("gesture").present[row].item<bool>();
        labelled += present;
        photos += origin.source == "photos";
        (present ? with : without).insert(origin.source + "/" + origin.name);
      }
    }
    EXPECT_EQ(labelled, 20) << "a quarter of 80";
    EXPECT_TRUE(!mixed || photos == 24) << photos;
    for (const auto& name : with) EXPECT_EQ(without.count(name), 0u) << name;
  }
}

TEST_F(TrainingDataTest, SourcesOfEveryTypeAreKeptWithoutLabelsWhereTheyAreWanted) {
  CocoFixture coco(photos_);
  coco.category("fist").image().box({1, 1, 9, 9}).image().write();
  for (auto& source : options_.sources) source.second.labels.clear();
  SourceOptions annotated, scenes, pictures;
  annotated.type = "coco";
  annotated.coco.root = photos_.string();
  scenes.type = "synthetic";
  pictures.type = "pictures";
  pictures.pictures.root = drawings_.string();
  options_.sources.insert(options_.sources.end(),
                          {{"annotated", annotated}, {"scenes", scenes}, {"pictures", pictures}});
  for (auto& source : options_.sources) source.second.weight = 1;
  options_.mix.clear();
  options_.batch = 10;
  TrainingData data(options_, kSpecs, 5, {Unlabelled::kept});
  std::map<std::string, int> counts;
  const auto loader = data.loader();
  const auto batch = *loader->next();
  for (const auto& origin : batch.origins) ++counts[origin.source];
  EXPECT_THAT(counts,
              testing::ElementsAre(testing::Pair("annotated", 2), testing::Pair("drawings", 2),
                                   testing::Pair("photos", 2), testing::Pair("pictures", 2),
                                   testing::Pair("scenes", 2)));
  EXPECT_FALSE(batch.labels.at("gesture").present.any().item<bool>());
  EXPECT_THAT(message_of<ConfigError>([&] { TrainingData(options_, kSpecs, 5); }),
              HasSubstr("there is no source to train on"));
}

/// Every different picture of each sample in some batches.
std::map<std::string, std::vector<at::Tensor>> different_views(const std::vector<Batch>& batches) {
  std::map<std::string, std::vector<at::Tensor>> views;
  for (const auto& batch : batches) {
    for (int64_t i = 0; i < batch.size(); ++i) {
      auto& known = views[batch.origins[i].source + "/" + batch.origins[i].name];
      const auto picture = batch.pictures[i];
      const bool seen = std::any_of(known.begin(), known.end(),
                                    [&](const auto& other) { return other.equal(picture); });
      if (!seen) known.push_back(picture);
    }
  }
  return views;
}

TEST_F(TrainingDataTest, ASampleHasAsManyViewsAsAsked) {
  options_.augment.views = 3;
  const auto all = batches(0, 100, 3);  // photos: 240 draws of 10; drawings: 560 of 20
  const auto views = different_views(all);
  ASSERT_EQ(views.size(), 30u);
  for (const auto& [name, pictures] : views) EXPECT_EQ(pictures.size(), 3u) << name;
  const auto again = batches(40, 3, 1);
  for (int i = 0; i < 3; ++i) expect_equal(all[40 + i], again[i]);
  auto joint = different_views(all);
  for (const auto& [name, pictures] : different_views(batches(500, 20, 2, {1, 2}))) {
    auto& known = joint.at(name);
    for (const auto& picture : pictures) {
      EXPECT_TRUE(std::any_of(known.begin(), known.end(),
                              [&](const auto& other) { return other.equal(picture); }));
    }
  }
}

TEST_F(TrainingDataTest, OneViewMoreLeavesTheOthersAsTheyAre) {
  options_.augment.views = 1;
  const auto one = different_views(batches(0, 10, 2));
  options_.augment.views = 2;
  auto two = different_views(batches(0, 100, 2));
  for (const auto& [name, pictures] : one) {
    const auto& known = two.at(name);
    ASSERT_EQ(known.size(), 2u) << name;
    EXPECT_TRUE(known[0].equal(pictures[0]) || known[1].equal(pictures[0])) << name;
  }
}

TEST_F(TrainingDataTest, WithoutFixedViewsAPictureFollowsFromSeedStepAndSlot) {
  const auto batch = batches(3, 1, 2).at(0);
  const auto source = make_source("photos", options_.sources[0].second, kSpecs);
  int compared = 0;
  for (int64_t slot = 0; slot < batch.size(); ++slot) {
    for (int64_t i = 0; i < source->size(); ++i) {
      if (source->sample_name(i) != batch.origins[slot].name) continue;
      if (batch.origins[slot].source != "photos") continue;
      Random random(5, Random::augment, 3, static_cast<uint32_t>(slot));
      const auto sample = augment(source->get(i, 46), options_.augment, {}, {32, 32},
                                  Fit::letterbox, kSpecs, random);
      EXPECT_TRUE(collate({sample}, {}).pictures[0].equal(batch.pictures[slot]));
      ++compared;
    }
  }
  EXPECT_GE(compared, 2);
}

TEST_F(TrainingDataTest, FixedViewsChangeNothingWithoutAugmentation) {
  options_.augment.enabled = false;
  const auto plain = batches(0, 4, 2);
  options_.augment.views = 2;
  const auto fixed = batches(0, 4, 2);
  for (int i = 0; i < 4; ++i) expect_equal(plain[i], fixed[i]);
}

TEST_F(TrainingDataTest, RanksTogetherSeeTheJointBatch) {
  const auto joint = batches(3, 1, 2)[0];
  for (int64_t rank = 0; rank < 2; ++rank) {
    const auto part = batches(3, 1, 2, {rank, 2})[0];
    ASSERT_EQ(part.size(), 4);
    for (int64_t i = 0; i < 4; ++i) {
      EXPECT_TRUE(part.pictures[i].equal(joint.pictures[rank + 2 * i]));
    }
  }
  EXPECT_THAT(message_of<ConfigError>([&] {
                batches(0, 1, 1, {0, 3});
              }),
              HasSubstr("data.batch = 8 cannot be shared out evenly among 3"));
}

TEST_F(TrainingDataTest, ABadFileIsReplacedTheSameWayByAnyNumberOfThreads) {
  write_bytes(drawings_ / "train/none/7.png", "");
  options_.max_bad_share = 0.1;
  const auto one = batches(0, 12, 1), four = batches(0, 12, 4);
  for (int i = 0; i < 12; ++i) expect_equal(one[i], four[i]);

  TrainingData data(options_, kSpecs, 5);
  const auto loader = data.loader();
  for (int i = 0; i < 12; ++i) loader->next();
  ASSERT_EQ(data.bad_files().list().size(), 1u);
  EXPECT_EQ(data.bad_files().list()[0].sample, "train/none/7.png");
}

TEST_F(TrainingDataTest, TooManyBadFilesReachTheConsumer) {
  write_bytes(drawings_ / "train/none/7.png", "");
  EXPECT_THAT(message_of<UserError>([&] { batches(0, 12, 2); }),
              HasSubstr("1 of 20 samples are bad so far, more than data.max_bad_share"));
}

TEST_F(TrainingDataTest, EvaluationRunsOnceThroughInOrder) {
  options_.batch = 4;
  const auto source = make_source("photos", options_.sources[0].second, kSpecs);
  BadFiles bad(0.01);
  const auto loader = evaluation_loader(*source, options_, kSpecs, bad);
  std::vector<std::string> names;
  std::vector<int64_t> sizes;
  while (const auto batch = loader->next()) {
    sizes.push_back(batch->size());
    for (const auto& origin : batch->origins) names.push_back(origin.name);
    EXPECT_EQ(batch->pictures[0][0][0][0][0].item<int>(), kPadding);  // 4 : 3 in a square
  }
  EXPECT_THAT(sizes, testing::ElementsAre(4, 4, 2));
  ASSERT_EQ(names.size(), 10u);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(names[i], source->sample_name(i));
}

TEST_F(TrainingDataTest, EvaluationDoesNotCountABadSamplesReplacement) {
  write_bytes(photos_ / "train/fist/1.jpg", "");
  const auto source = make_source("photos", options_.sources[0].second, kSpecs);
  BadFiles bad(0.2);
  const auto batch = *evaluation_loader(*source, options_, kSpecs, bad)->next();
  EXPECT_EQ(batch.labels.at("gesture").present.sum().item<int>(), 7);
  EXPECT_FALSE(batch.labels.at("gesture").present[0].item<bool>());
  EXPECT_EQ(batch.origins[0].name, "");
}

/// Two pictures and a broken one before them, all of one name.
class Triplets : public Source {
 public:
  Triplets() : Source("triplets", false) {}
  int64_t size() const override { return 3; }
  std::string sample_name(int64_t) const override { return "same.png"; }
  Sample get(int64_t index, int64_t detail) const override {
    asked = detail;
    if (index == 0) throw BadSample(Fault::truncated, "same.png", "is cut off");
    Sample sample;
    sample.frames = {{drawn_picture(40, 30)}};
    sample.frames[0].labels["gesture"] = ClassIndex{1};
    sample.origin = {name(), sample_name(index), false};
    return sample;
  }
  mutable std::atomic<int64_t> asked{-1};
};

TEST(EvaluationLoader, KnowsAReplacementThatHasTheBadSamplesName) {
  const Triplets source;
  BadFiles bad(0.5);
  DataOptions options;
  options.size = {32, 32};
  const auto batch = *evaluation_loader(source, options, kSpecs, bad)->next();
  EXPECT_TRUE(batch.labels.at("gesture").present.equal(torch::tensor({false, true, true})));
}

TEST(EvaluationLoader, AsksForTheWholePictureWhenItIsStretched) {
  const Triplets source;
  BadFiles bad(0.5);
  DataOptions options;
  options.size = {32, 16};
  evaluation_loader(source, options, kSpecs, bad)->next();
  EXPECT_EQ(source.asked, 32);
  options.fit = "stretch";
  evaluation_loader(source, options, kSpecs, bad)->next();
  EXPECT_EQ(source.asked, 0);
}

TEST(MakeSource, RefusesUnknownTypes) {
  SourceOptions options;
  options.type = "folder";
  EXPECT_THAT(message_of<ConfigError>([&] { make_source("hands", options, {}); }),
              HasSubstr("source hands: type = folder; did you mean 'folders'"));
}

}  // namespace
}  // namespace manyfold::data
