#include "metrics/classification.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "common/error.h"

namespace manyfold::metrics {
namespace {

using data::ClassIndex;
using testing::HasSubstr;

/// Truth down, prediction across: [[8,2,0],[1,5,4],[0,0,0]].
void add_example(ClassificationMetric& metric) {
  const int counts[3][3] = {{8, 2, 0}, {1, 5, 4}, {0, 0, 0}};
  for (int64_t t = 0; t < 3; ++t) {
    for (int64_t p = 0; p < 3; ++p) {
      for (int i = 0; i < counts[t][p]; ++i) metric.add(ClassIndex{p}, ClassIndex{t});
    }
  }
}

TEST(ClassificationMetric, ReportsBothConventionsOfMacroF1) {
  ClassificationMetric metric({"none", "fist", "palm"});
  add_example(metric);
  const auto figures = metric.figures();
  EXPECT_DOUBLE_EQ(value_of(figures, "accuracy"), 0.65);
  EXPECT_NEAR(value_of(figures, "macro_f1"), 0.47678, 1e-5);
  EXPECT_NEAR(value_of(figures, "macro_f1_present"), 0.71517, 1e-5);
  EXPECT_EQ(figures.front().count, 20);
}

TEST(ClassificationMetric, CanLeaveOutTheClassThatMeansNothing) {
  ClassificationMetric metric({"no gesture", "fist", "palm"}, {"no gesture"});
  add_example(metric);
  EXPECT_NEAR(value_of(metric.figures(), "macro_f1_without_no_gesture"), (10.0 / 17 + 0) / 2,
              1e-12);
}

TEST(ClassificationMetric, NamesTheNearestClassWhenTheOneThatMeansNothingIsUnknown) {
  try {
    ClassificationMetric({"none", "fist"}, {"nome"});
    FAIL() << "an unknown class was accepted";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("nothing_class = 'nome' is no class"));
    EXPECT_THAT(error.what(), HasSubstr("'none'"));
  }
}

TEST(ClassificationMetric, AClassThatOccursNowhereIsInNoMean) {
  ClassificationMetric metric({"a", "b", "c"});
  metric.add(ClassIndex{0}, ClassIndex{0});
  EXPECT_EQ(value_of(metric.figures(), "macro_f1"), 1);
}

TEST(ClassificationMetric, UnlabelledPicturesAreNotCounted) {
  ClassificationMetric metric({"a", "b"});
  metric.add(ClassIndex{0}, ClassIndex{-1});
  EXPECT_EQ(metric.figures().front().count, 0);
  EXPECT_TRUE(std::isnan(value_of(metric.figures(), "accuracy")));
  EXPECT_TRUE(std::isnan(value_of(metric.figures(), "macro_f1")));
}

TEST(ClassificationMetric, DetailsSayWhereItErrs) {
  ClassificationMetric metric({"none", "fist", "palm"});
  add_example(metric);
  const auto details = metric.details();
  EXPECT_EQ(details.at("confusion").at("counts").at(1).at(2), 4);
  EXPECT_NEAR(details.at("classes").at("none").at("f1").get<double>(), 16.0 / 19, 1e-12);
  EXPECT_EQ(details.at("classes").at("palm").at("count"), 0);
}

TEST(ClassificationMetric, ValueOfNamesTheFiguresThereAre) {
  try {
    value_of(ClassificationMetric({"a"}).figures(), "iou");
    FAIL() << "an unknown figure had a value";
  } catch (const std::out_of_range& error) {
    EXPECT_THAT(error.what(), HasSubstr("no figure 'iou'; known: accuracy, macro_f1"));
  }
}

}  // namespace
}  // namespace manyfold::metrics
