#include "report/charts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace manyfold::report {
namespace {

using testing::ElementsAre;

std::vector<std::string> titles(const std::vector<Chart>& charts) {
  std::vector<std::string> list;
  for (const Chart& chart : charts) list.push_back(chart.section + ": " + chart.title);
  return list;
}

TEST(Charts, LossesShareAChartAndOtherCurvesHaveTheirOwn) {
  const auto charts = charts_of({{"loss/total", {}, {}},
                                 {"loss/person", {}, {}},
                                 {"lr", {}, {}},
                                 {"val/person/miou", {}, {}},
                                 {"val/faces/ap50", {}, {}},
                                 {"images_per_second", {}, {}},
                                 {"val/person/boundary_f1", {}, {}}});
  EXPECT_THAT(titles(charts),
              ElementsAre("loss: loss", "run: lr", "run: images_per_second", "val/person: miou",
                          "val/person: boundary_f1", "val/faces: ap50"));
  ASSERT_EQ(charts[0].curves.size(), 2u);
  EXPECT_EQ(charts[0].curves[1].name, "person");
}

TEST(Charts, ThinningKeepsTheMeanOfEachRun) {
  Curve curve{"a", {}, {}};
  for (int i = 1; i <= 10; ++i) {
    curve.steps.push_back(i);
    curve.values.push_back(i);
  }
  const Curve thin = thinned(curve, 5);
  EXPECT_THAT(thin.steps, ElementsAre(2, 4, 6, 8, 10));
  EXPECT_THAT(thin.values, ElementsAre(1.5, 3.5, 5.5, 7.5, 9.5));
  EXPECT_THAT(thinned(curve, 10).values, testing::SizeIs(10));
}

TEST(Charts, ThinningPassesOverNaN) {
  const Curve thin = thinned({"a", {1, 2, 3, 4}, {1, std::nan(""), std::nan(""), NAN}}, 2);
  EXPECT_EQ(thin.values[0], 1);
  EXPECT_TRUE(std::isnan(thin.values[1]));
}

TEST(Charts, CurvesOfDifferentStepsShareOneColumnOfSteps) {
  const Chart chart{"loss", "loss", {{"a", {1, 2, 3}, {10, 20, 30}}, {"b", {2, 4}, {0.5, NAN}}}};
  const auto json = chart_json(chart);
  EXPECT_EQ(json.at("names").dump(), R"(["a","b"])");
  EXPECT_EQ(json.at("columns").dump(),
            "[[1.0,2.0,3.0,4.0],[10.0,20.0,30.0,null],[null,0.5,null,null]]");
}

TEST(Charts, NumbersKeepFiveDigits) {
  const Chart chart{"s", "t", {{"a", {1, 2, 3}, {0.123456789, 123456.7, -1.00004e-9}}}};
  EXPECT_EQ(chart_json(chart).at("columns").at(1).dump(), "[0.12346,123460.0,-1e-09]");
}

}  // namespace
}  // namespace manyfold::report
