#include "metrics/objects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "common/atomic_file.h"
#include "common/config/reader.h"
#include "common/config/yaml_reader.h"
#include "common/error.h"
#include "tests/metrics/coco_fixture.h"

namespace manyfold::metrics {
namespace {

using data::Label;
using data::Object;
using data::Objects;
using testing::HasSubstr;

/// Five key points as in the landmark tests, inside a 100 x 100 box; `by` moves all of them right.
Object face(float by = 0, float score = 1) {
  Object made = box(0, 0, 100, score);
  made.landmarks = {{30, 30}, {70, 30}, {50, 50}, {35, 70}, {65, 70}};
  for (auto& point : made.landmarks) point.x += by;
  made.visible.assign(5, 1);
  return made;
}

Label frame(std::vector<Object> objects) { return Objects{std::move(objects)}; }

double value(const Metric& metric, const std::string& name) {
  return value_of(metric.figures(), name);
}

/// Hits and false alarms 1,1,0,1,0,1 by falling score, of five objects, over two pictures.
void add_example(ObjectsMetric& metric) {
  metric.add(frame({box(0, 0, 20, .9f), box(100, 100, 20, .7f), box(40, 0, 20, .6f)}),
             frame({box(0, 0, 20), box(40, 0, 20)}));
  metric.add(frame({box(40, 0, 20, .3f), box(0, 0, 20, .8f), box(100, 100, 20, .5f)}),
             frame({box(0, 0, 20), box(40, 0, 20), box(80, 0, 20)}));
}

TEST(ObjectsMetric, RanksDetectionsOfAllPicturesTogether) {
  ObjectsMetric metric({"face"}, 0);
  add_example(metric);
  EXPECT_NEAR(value(metric, "ap50"), 0.683333, 1e-6);
  EXPECT_NEAR(value(metric, "ap50_101"), 0.686469, 1e-6);
  EXPECT_EQ(metric.figures().front().name, "ap50");
  EXPECT_EQ(metric.figures().front().count, 5);
}

TEST(ObjectsMetric, RecallAndPrecisionAreThoseOfTheOperatingScore) {
  ObjectsMetric metric({"face"}, 0);
  add_example(metric);
  EXPECT_DOUBLE_EQ(value(metric, "recall"), 3.0 / 5);  // scores 0.9, 0.8 and 0.6
  EXPECT_DOUBLE_EQ(value(metric, "precision"), 3.0 / 5);
}

TEST(ObjectsMetric, NamesFollowTheOverlapThatIsAsked) {
  ObjectsOptions options;
  options.iou = 0.75;
  ObjectsMetric metric({"face"}, 0, options);
  metric.add(frame({box(0, 0, 20)}), frame({box(4, 0, 20)}));  // IoU 2/3
  EXPECT_EQ(value(metric, "ap75"), 0);
}

TEST(ObjectsMetric, TheOperatingScoreIsTheTasksNotTheConfigs) {
  EXPECT_THROW(
      config::read<ObjectsOptions>(config::parse_yaml("operating_score: 0.3", "metric.yaml")),
      ConfigError);
  ObjectsOptions options;
  options.operating_score = 0.55;
  ObjectsMetric metric({"face"}, 0, options);
  add_example(metric);
  EXPECT_DOUBLE_EQ(value(metric, "recall"), 3.0 / 5);  // scores .9, .8 and .6
  EXPECT_DOUBLE_EQ(value(metric, "precision"), 3.0 / 4);
}

TEST(ObjectsMetric, SmallObjectsAreIgnoredWhereOnlyLargeOnesCount) {
  ObjectsMetric metric({"face"}, 0);  // 12 px
  // A large one found, a small one found, a small one missed, a small false alarm in front.
  metric.add(frame({box(0, 0, 20, .8f), box(40, 0, 8, .9f), box(90, 90, 6, .99f)}),
             frame({box(0, 0, 20), box(40, 0, 8), box(60, 0, 8)}));
  EXPECT_EQ(value(metric, "ap50_min12"), 1);
  EXPECT_NEAR(value(metric, "ap50"), (2.0 / 3 + 2.0 / 3) / 3, 1e-12);
}

TEST(ObjectsMetric, AFigureSaysOverHowManyItIs) {
  ObjectsMetric metric({"face"}, 0);
  metric.add(frame({box(0, 0, 11, .9f)}), frame({box(0, 0, 11), box(50, 0, 13)}));
  metric.add(frame({}), frame({}));
  EXPECT_EQ(value(metric, "ap50_min12"), 0);
  for (const Figure& figure : metric.figures()) {
    EXPECT_EQ(figure.count, figure.name == "ap50_min12" ? 1 : figure.name == "precision" ? 1 : 2);
  }
}

TEST(ObjectsMetric, AveragesOverTheClassesThatOccur) {
  ObjectsMetric metric({"head", "body", "dog"}, 0);
  metric.add(frame({box(0, 0, 20, .9f, 0), box(40, 0, 20, .9f, 0)}),
             frame({box(0, 0, 20, 1, 0), box(40, 0, 20, 1, 1)}));
  EXPECT_EQ(value(metric, "head_ap50"), 1);
  EXPECT_EQ(value(metric, "body_ap50"), 0);
  EXPECT_TRUE(std::isnan(value(metric, "dog_ap50")));
  EXPECT_EQ(value(metric, "ap50"), 0.5);
}

TEST(ObjectsMetric, DetectionsInIgnoreRegionsAreNoFalseAlarms) {
  Object crowd = box(100, 0, 50);
  crowd.ignore = true;
  ObjectsMetric metric({"face"}, 0);
  metric.add(frame({box(110, 10, 20, .9f), box(0, 0, 20, .8f)}), frame({crowd, box(0, 0, 20)}));
  EXPECT_EQ(value(metric, "ap50"), 1);
  EXPECT_EQ(value(metric, "recall"), 1);
}

TEST(ObjectsMetric, MeasuresKeyPointsOfTheBestScoredFaceThatMatches) {
  ObjectsMetric metric({"face"}, 5);
  // The best score lies elsewhere, on a person whom nobody labelled; the next is 4 px off.
  Object stranger = face(0, .99f);
  stranger.box = {200, 0, 100, 100};
  metric.add(frame({face(1, .5f), face(4, .8f), stranger}), frame({face()}));
  EXPECT_NEAR(value(metric, "nme"), 4.0 / 40, 1e-6);
  EXPECT_NEAR(value(metric, "nme_box"), 4.0 / 100, 1e-6);
  EXPECT_EQ(value(metric, "misses"), 0);
}

TEST(ObjectsMetric, MissedFacesAreCountedApartAndFail) {
  ObjectsMetric metric({"face"}, 5);
  metric.add(frame({face(2)}), frame({face()}));  // error 0.05
  metric.add(frame({}), frame({face()}));
  EXPECT_NEAR(value(metric, "nme"), 0.05, 1e-6);
  EXPECT_EQ(value(metric, "misses"), 1);
  EXPECT_EQ(value(metric, "fr08"), 0.5);
  EXPECT_NEAR(value(metric, "auc08"), (0.08 - 0.05) / 0.08 / 2, 1e-6);
  EXPECT_NEAR(value(metric, "auc10"), (0.10 - 0.05) / 0.10 / 2, 1e-6);
}

TEST(ObjectsMetric, MedianOfAnEvenNumberIsBetweenTheMiddleTwo) {
  ObjectsMetric metric({"face"}, 5);
  for (const float by : {0.f, 2.f, 4.f, 20.f}) {
    metric.add(frame({face(by)}), frame({face()}));
  }
  EXPECT_NEAR(value(metric, "nme_median"), 3.0 / 40, 1e-6);
  EXPECT_NEAR(value(metric, "nme"), 6.5 / 40, 1e-6);
  EXPECT_EQ(value(metric, "fr10"), 0.25);
}

TEST(ObjectsMetric, FacesWithoutKeyPointsCountForBoxesOnly) {
  ObjectsMetric metric({"face"}, 5);
  metric.add(frame({face()}), frame({box(0, 0, 100)}));
  EXPECT_EQ(value(metric, "ap50"), 1);
  EXPECT_TRUE(std::isnan(value(metric, "misses")));
  EXPECT_TRUE(std::isnan(value(metric, "nme")));
}

TEST(ObjectsMetric, AFaceWithoutBothEyesHasOnlyABoxError) {
  Object profile = face();
  profile.visible[0] = 0;
  ObjectsMetric metric({"face"}, 5);
  metric.add(frame({face(5)}), frame({profile}));
  EXPECT_TRUE(std::isnan(value(metric, "nme")));
  EXPECT_NEAR(value(metric, "nme_box"), 0.05, 1e-6);
}

TEST(ObjectsMetric, NothingToFindMeansNoFigure) {
  ObjectsMetric metric({"face"}, 0);
  metric.add(frame({box(0, 0, 20)}), frame({}));
  EXPECT_TRUE(std::isnan(value(metric, "ap50")));
  EXPECT_TRUE(std::isnan(value(metric, "recall")));
  EXPECT_EQ(value(metric, "precision"), 0);
}

TEST(ObjectsMetric, RefusesWhatItCannotExplain) {
  ObjectsMetric metric({"face"}, 0);
  EXPECT_THROW(metric.add(frame({box(0, 0, 9, 1, 1)}), frame({})), std::invalid_argument);
  EXPECT_THROW(metric.add(frame({}), Objects{{}, {1, 0}}), std::invalid_argument);
  try {
    metric.add(frame({}), frame({box(0, 0, 9, 1, 3)}));
    FAIL() << "class 3 was counted";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("an object has class 3, but only 1 classes are named"));
  }
}

TEST(ObjectsMetric, WhereAClassWasNotLookedForNothingOfItCounts) {
  const std::vector<Object> predicted = {box(0, 0, 20, .9f, 0), box(40, 0, 20, .8f, 1)};
  ObjectsMetric metric({"head", "body"}, 0);
  metric.add(frame(predicted), frame({box(0, 0, 20, 1, 0), box(40, 0, 20, 1, 1)}));
  metric.add(frame({box(0, 0, 20, .95f, 0), box(80, 0, 20, .95f, 1)}),
             Objects{{box(0, 0, 20, 1, 0), box(40, 0, 20, 1, 1)}, {1, 0}});
  EXPECT_EQ(value(metric, "head_ap50"), 1);
  EXPECT_EQ(value(metric, "body_ap50"), 1);  // neither the miss nor the false alarm of 0.95
  EXPECT_EQ(value(metric, "ap50_95"), 1);
  EXPECT_EQ(value(metric, "ap50_min12"), 1);
  EXPECT_EQ(value(metric, "recall"), 1);
  EXPECT_EQ(value(metric, "precision"), 1);
  EXPECT_EQ(value(metric, "body_fp_per_picture_at_recall_80"), 0);
  std::map<std::string, int64_t> counts;
  for (const Figure& figure : metric.figures()) counts[figure.name] = figure.count;
  EXPECT_EQ(counts.at("head_ap50"), 2);
  EXPECT_EQ(counts.at("body_ap50"), 1);
  EXPECT_EQ(counts.at("body_fp_per_picture_at_recall_80"), 1);
}

TEST(ObjectsMetric, AFaceThatNobodyLookedForIsNotMissed) {
  ObjectsMetric metric({"face"}, 5);
  metric.add(frame({face()}), frame({face()}));
  metric.add(frame({}), Objects{{face()}, {0}});
  EXPECT_EQ(value(metric, "misses"), 0);
}

TEST(ObjectsMetric, CountsFalseAlarmsInAPictureAtAFixedRecall) {
  ObjectsOptions options;
  options.fixed_recall = 0.6;
  ObjectsMetric metric({"face"}, 0, options);
  add_example(metric);  // the third of five is found at 0.6, after one false alarm; two pictures
  EXPECT_EQ(value(metric, "fp_per_picture_at_recall_60"), 1.0 / 2);
  EXPECT_FALSE(metric.figures().back().higher_is_better);

  ObjectsMetric at_80({"face"}, 0);
  add_example(at_80);
  EXPECT_EQ(value(at_80, "fp_per_picture_at_recall_80"), 2.0 / 2);
}

TEST(ObjectsMetric, FalseAlarmsOfAClassAreSharedAmongThePicturesItWasLookedForIn) {
  ObjectsMetric metric({"head", "body", "dog"}, 0);
  metric.add(frame({box(0, 0, 20, .5f, 0), box(80, 0, 20, .9f, 0), box(40, 0, 20, .5f, 1),
                    box(80, 0, 20, .6f, 1), box(80, 0, 20, .9f, 2)}),
             frame({box(0, 0, 20, 1, 0), box(40, 0, 20, 1, 1)}));
  metric.add(frame({box(80, 0, 20, .9f, 1)}), Objects{{}, {1, 0, 1}});
  EXPECT_EQ(value(metric, "head_fp_per_picture_at_recall_80"), 1.0 / 2);
  EXPECT_EQ(value(metric, "body_fp_per_picture_at_recall_80"), 1);
  EXPECT_TRUE(std::isnan(value(metric, "dog_fp_per_picture_at_recall_80")));  // no recall
  EXPECT_EQ(value(metric, "fp_per_picture_at_recall_80"), 1.5);  // of the classes that occur
}

TEST(ObjectsMetric, ARecallThatIsNeverReachedHasNoFalseAlarms) {
  ObjectsOptions options;
  options.fixed_recall = 1;
  ObjectsMetric metric({"head", "body"}, 0, options);
  metric.add(frame({box(0, 0, 20, .9f, 0)}), frame({box(0, 0, 20, 1, 0), box(40, 0, 20, 1, 1)}));
  EXPECT_EQ(value(metric, "head_fp_per_picture_at_recall_100"), 0);
  EXPECT_TRUE(std::isnan(value(metric, "body_fp_per_picture_at_recall_100")));
  EXPECT_TRUE(std::isnan(value(metric, "fp_per_picture_at_recall_100")));
}

// The numbers are those of fixtures/coco_reference.py.
TEST(ObjectsMetric, AgreesWithCocosEvaluationOfSeveralClasses) {
  ObjectsMetric metric({"head", "body"}, 0);
  for (const auto& [predicted, truth] : coco_pictures()) metric.add(frame(predicted), frame(truth));
  EXPECT_NEAR(value(metric, "ap50_95"), 0.4654730473047305, 1e-12);
  EXPECT_NEAR(value(metric, "ap50_101"), 0.7396039603960396, 1e-12);
  EXPECT_NEAR(value(metric, "ap50"), 0.7375, 1e-12);
  EXPECT_NEAR(value(metric, "head_ap50"), 0.85, 1e-12);
  EXPECT_NEAR(value(metric, "body_ap50"), 0.625, 1e-12);
  EXPECT_NEAR(value(metric, "head_fp_per_picture_at_recall_80"), 2.0 / 3, 1e-12);
  EXPECT_TRUE(std::isnan(value(metric, "body_fp_per_picture_at_recall_80")));
}

// Random boxes, crowds and small objects; the figures are COCO's: fixtures/make_detections.py.
TEST(ObjectsMetric, AgreesWithCocosProcedure) {
  const auto fixture = nlohmann::json::parse(
      read_file(MANYFOLD_SOURCE_DIR "/tests/metrics/fixtures/detections.json"));
  ObjectsMetric metric({"face"}, 0);
  for (const auto& picture : fixture.at("pictures")) {
    const auto objects = [&](const char* key, bool truth) {
      std::vector<Object> list;
      for (const auto& row : picture.at(key)) {
        Object object;
        object.box = {row[0], row[1], row[2], row[3]};
        if (truth) object.ignore = row[4] == 1;
        if (!truth) object.score = row[4];
        list.push_back(object);
      }
      return list;
    };
    metric.add(frame(objects("predicted", false)), frame(objects("truth", true)));
  }
  EXPECT_EQ(metric.figures().front().count, fixture.at("all").at("objects"));
  EXPECT_NEAR(value(metric, "ap50"), fixture.at("all").at("area").get<double>(), 1e-9);
  EXPECT_NEAR(value(metric, "ap50_101"), fixture.at("all").at("points_101").get<double>(), 1e-9);
  EXPECT_NEAR(value(metric, "ap50_min12"), fixture.at("min12").at("area").get<double>(), 1e-9);
}

TEST(ObjectsMetric, DetailsHoldTheCurve) {
  ObjectsMetric metric({"face"}, 0);
  add_example(metric);
  const auto curve = metric.details().at("classes").at("face");
  EXPECT_EQ(curve.at("objects"), 5);
  EXPECT_EQ(curve.at("recall").size(), 4u);
  EXPECT_NEAR(curve.at("precision").at(2).get<double>(), 0.75, 1e-12);
}

}  // namespace
}  // namespace manyfold::metrics
