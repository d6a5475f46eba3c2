#include "report/metrics_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "common/atomic_file.h"
#include "common/error.h"
#include "temporary_folder.h"

namespace manyfold::report {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class MetricsLogTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path / "metrics.jsonl";
};

TEST_F(MetricsLogTest, WritesOneObjectALine) {
  MetricsLog log(path_);
  log.add(1, {{"loss/total", 0.5}, {"lr", 1e-4}});
  EXPECT_EQ(read_file(path_), "{\"step\":1,\"loss/total\":0.5,\"lr\":0.0001}\n");
  log.add(2, {{"loss/total", 0.25}});
  EXPECT_EQ(read_file(path_),
            "{\"step\":1,\"loss/total\":0.5,\"lr\":0.0001}\n{\"step\":2,\"loss/total\":0.25}\n");
}

TEST_F(MetricsLogTest, WritesFloatsWithTheDigitsOfAFloat) {
  MetricsLog log(path_);
  log.add(1, {{"float", 0.1f}, {"double", 0.1}});
  EXPECT_EQ(read_file(path_), "{\"step\":1,\"float\":0.1,\"double\":0.1}\n");
  const auto curves = read_curves(path_);
  EXPECT_EQ(static_cast<float>(curves[0].values[0]), 0.1f);
  EXPECT_EQ(curves[1].values[0], 0.1);
}

TEST_F(MetricsLogTest, WhatJsonLacksIsNullAndReadsAsNaN) {
  MetricsLog log(path_);
  log.add(1, {{"a", std::numeric_limits<double>::infinity()}, {"b", std::nan("")}});
  EXPECT_EQ(read_file(path_), "{\"step\":1,\"a\":null,\"b\":null}\n");
  EXPECT_TRUE(std::isnan(read_curves(path_)[1].values[0]));
}

TEST_F(MetricsLogTest, EveryLineIsJsonWhateverTheName) {
  MetricsLog(path_).add(1, {{"a \"b\"\n\\ \xff", 1}});
  const std::string text = read_file(path_);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_TRUE(nlohmann::json::accept(text));
}

TEST_F(MetricsLogTest, ANewRunStartsAnEmptyFile) {
  MetricsLog(path_).add(1, {{"a", 1}});
  MetricsLog log(path_);
  EXPECT_EQ(read_file(path_), "");
}

TEST_F(MetricsLogTest, AResumedRunWritesTheFileOfAnUninterruptedOne) {
  const auto whole = folder_.path / "whole.jsonl";
  MetricsLog uninterrupted(whole);
  for (int step = 1; step <= 6; ++step) uninterrupted.add(step, {{"loss/total", 1.0 / step}});
  {
    MetricsLog first(path_);  // went on to 5 after its checkpoint at 3
    for (int step = 1; step <= 5; ++step) first.add(step, {{"loss/total", 1.0 / step}});
  }
  MetricsLog second(path_, 3);
  for (int step = 4; step <= 6; ++step) second.add(step, {{"loss/total", 1.0 / step}});
  EXPECT_EQ(read_file(path_), read_file(whole));
}

TEST_F(MetricsLogTest, ResumingDropsATornLastLine) {
  write_file(path_, std::string("{\"step\":1,\"a\":1}\n{\"step\":2,\"a\":"));
  MetricsLog log(path_, 2);
  EXPECT_EQ(read_file(path_), "{\"step\":1,\"a\":1}\n");
}

TEST_F(MetricsLogTest, ResumingWithoutALogStartsOne) {
  MetricsLog(path_, 7).add(8, {{"a", 1}});
  EXPECT_EQ(read_file(path_), "{\"step\":8,\"a\":1}\n");
}

TEST_F(MetricsLogTest, NamesTheLineThatIsNoRecord) {
  write_file(path_, std::string("{\"step\":1}\nhello\n{\"step\":2}\n"));
  try {
    read_curves(path_);
    FAIL() << "a line of prose was read";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("metrics.jsonl:2: expected a record"));
  }
}

TEST_F(MetricsLogTest, RefusesAPlaceThatCannotBeWritten) {
  write_file(folder_.path / "file", std::string("x"));
  EXPECT_THROW(MetricsLog(folder_.path / "file" / "metrics.jsonl"), UserError);
}

TEST_F(MetricsLogTest, CurvesKeepTheOrderOfTheirNames) {
  MetricsLog log(path_);
  log.add(1, {{"z", 1}, {"a", 2}});
  log.add(2, {{"a", 3}, {"val/b", 4}});
  const auto curves = read_curves(path_);
  ASSERT_EQ(curves.size(), 3u);
  EXPECT_EQ(curves[0].name, "z");
  EXPECT_EQ(curves[1].name, "a");
  EXPECT_EQ(curves[2].name, "val/b");
  EXPECT_THAT(curves[1].steps, ElementsAre(1, 2));
  EXPECT_THAT(curves[1].values, ElementsAre(2, 3));
}

TEST_F(MetricsLogTest, FinalFiguresAreOneFlatObject) {
  const auto path = folder_.path / "metrics.json";
  write_metrics(path,
                {{"val/person/miou", 0.75}, {"val/faces/misses", 3}, {"val/x", std::nan("")}});
  EXPECT_EQ(read_file(path),
            "{\n  \"val/person/miou\": 0.75,\n  \"val/faces/misses\": 3,\n  \"val/x\": null\n}\n");
  write_metrics(path, {});
  EXPECT_EQ(read_file(path), "{}\n");
}

}  // namespace
}  // namespace manyfold::report
