#include "metrics/confusion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace manyfold::metrics {
namespace {

using testing::HasSubstr;

ConfusionMatrix example() {
  ConfusionMatrix confusion({"fist", "palm", "thumb"});
  const int64_t counts[3][3] = {{8, 2, 0}, {1, 5, 4}, {0, 0, 0}};
  for (int64_t t = 0; t < 3; ++t) {
    for (int64_t p = 0; p < 3; ++p) confusion.add(t, p, counts[t][p]);
  }
  return confusion;
}

TEST(ConfusionMatrix, CountsTruthsAndPredictions) {
  const ConfusionMatrix c = example();
  EXPECT_EQ(c.total(), 20);
  EXPECT_EQ(c.truths(1), 10);
  EXPECT_EQ(c.predictions(1), 7);
  EXPECT_EQ(c.count(1, 2), 4);
  EXPECT_DOUBLE_EQ(c.accuracy(), 13.0 / 20);
}

TEST(ConfusionMatrix, GivesF1AndIouOfEachClass) {
  const ConfusionMatrix c = example();
  EXPECT_NEAR(c.f1(0), 0.8421, 1e-4);  // 16 / 19
  EXPECT_NEAR(c.f1(1), 0.5882, 1e-4);  // 10 / 17
  EXPECT_EQ(c.f1(2), 0);               // only ever predicted
  EXPECT_DOUBLE_EQ(c.iou(0), 8.0 / 11);
  EXPECT_DOUBLE_EQ(c.iou(1), 5.0 / 12);
}

TEST(ConfusionMatrix, AClassThatOccursNowhereHasNoScore) {
  const ConfusionMatrix c({"a", "b"});
  EXPECT_TRUE(std::isnan(c.f1(0)));
  EXPECT_TRUE(std::isnan(c.iou(1)));
  EXPECT_TRUE(std::isnan(c.accuracy()));
}

TEST(ConfusionMatrix, RefusesUnknownClasses) {
  ConfusionMatrix c({"a", "b"});
  try {
    c.add(0, 2);
    FAIL() << "class 2 of 2 was counted";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("predicted class 2, but there are 2 classes"));
  }
  EXPECT_THROW(c.add(-1, 0), std::invalid_argument);
}

TEST(ConfusionMatrix, WritesJsonThatSaysWhichWayItLies) {
  const auto json = example().to_json();
  EXPECT_EQ(json.at("rows"), "truth");
  EXPECT_EQ(json.at("counts").at(1).at(2), 4);
  EXPECT_EQ(json.at("classes").at(2), "thumb");
}

}  // namespace
}  // namespace manyfold::metrics
