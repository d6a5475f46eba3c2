#include "metrics/coco_average_precision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/metrics/coco_fixture.h"

namespace manyfold::metrics {
namespace {

using data::Object;
using testing::DoubleNear;
using testing::ElementsAre;

Object region(float x, float y, float side, int64_t c) {
  Object made = box(x, y, side, 1, c);
  made.ignore = true;
  return made;
}

// The numbers are those of fixtures/coco_reference.py.
TEST(CocoAveragePrecision, AgreesWithCocosEvaluation) {
  CocoAveragePrecision precision(2);
  for (const auto& picture : coco_pictures()) precision.add(picture.predicted, picture.truth);
  EXPECT_THAT(precision.by_class(), ElementsAre(DoubleNear(0.471045104510451, 1e-12),
                                                DoubleNear(0.459900990099010, 1e-12)));
}

TEST(CocoAveragePrecision, IsTheShareOfThresholdsThatALoneBoxReaches) {
  CocoAveragePrecision precision(1);
  precision.add({box(3, 0, 20)}, {box(0, 0, 20)});  // IoU 17 / 23: 0.50 to 0.70
  EXPECT_THAT(precision.by_class(), ElementsAre(DoubleNear(0.5, 1e-12)));
}

TEST(CocoAveragePrecision, AClassThatNeverOccursHasNone) {
  CocoAveragePrecision precision(2);
  precision.add({box(0, 0, 20), box(0, 0, 20, 1, 1)}, {box(0, 0, 20)});
  EXPECT_EQ(precision.by_class()[0], 1);
  EXPECT_TRUE(std::isnan(precision.by_class()[1]));
}

TEST(CocoAveragePrecision, TheHundredBestOfAClassInAPictureCount) {
  std::vector<Object> predicted = {box(0, 0, 20, .1f), box(0, 0, 20, .1f, 1)};
  for (int i = 0; i < 99; ++i) predicted.push_back(box(100, 100, 20, .9f));
  for (int i = 0; i < 100; ++i) predicted.push_back(box(100, 100, 20, .9f, 1));
  CocoAveragePrecision precision(2);
  precision.add(predicted, {box(0, 0, 20), box(0, 0, 20, 1, 1)});
  EXPECT_THAT(precision.by_class(), ElementsAre(DoubleNear(0.01, 1e-12), 0));
}

TEST(CocoAveragePrecision, OnlyACrowdOfItsClassTakesADetectionOut) {
  const auto of_crowd = [](int64_t c) {
    CocoAveragePrecision precision(2);
    precision.add({box(100, 0, 20, .9f), box(0, 0, 20, .8f)},
                  {box(0, 0, 20), region(90, 0, 60, c)});
    return precision.by_class()[0];
  };
  EXPECT_EQ(of_crowd(0), 1);
  EXPECT_EQ(of_crowd(-1), 1);  // of every class
  EXPECT_EQ(of_crowd(1), 0.5);
}

TEST(CocoAveragePrecision, ACrowdTakesOutWhatLiesInItByTheThresholdsShare) {
  CocoAveragePrecision precision(1);
  // 14.5 of 20 columns lie in the crowd: enough from 0.50 to 0.70; for the other half of the
  // thresholds this is a false alarm, before the object that is found.
  precision.add({box(94.5f, 0, 20, .9f), box(0, 0, 20, .8f)},
                {box(0, 0, 20), region(100, 0, 60, 0)});
  EXPECT_THAT(precision.by_class(), ElementsAre(DoubleNear((5 * 1 + 5 * 0.5) / 10, 1e-12)));
}

}  // namespace
}  // namespace manyfold::metrics
