#include "metrics/temporal/classes.h"

#include <gtest/gtest.h>

#include <cmath>

namespace manyfold::metrics {
namespace {

using data::ClassIndex;
using data::Label;

/// -1 stands for a frame without a label.
void add_clip(const std::vector<int64_t>& predicted, const std::vector<int64_t>& truth,
              TemporalMetric& metric) {
  metric.start();
  for (size_t t = 0; t < predicted.size(); ++t) {
    const Label label = ClassIndex{truth[t]};
    metric.add(ClassIndex{predicted[t]}, truth[t] < 0 ? nullptr : &label, {}, {});
  }
}

double value(const TemporalMetric& metric, const std::string& name) {
  return value_of(metric.figures(), name);
}

TEST(TemporalClassMetric, CountsChangesWithinClips) {
  TemporalClassMetric metric;
  add_clip({0, 1, 1, 0}, {-1, -1, -1, -1}, metric);
  add_clip({2, 2}, {-1, -1}, metric);
  EXPECT_DOUBLE_EQ(value(metric, "class_changes"), 2. / 4);
  EXPECT_TRUE(std::isnan(value(metric, "false_changes")));
}

// The truth stays in the first and the last step of the labelled pairs 0-0, 0-1, 1-1; the step into
// and out of the unlabelled frame counts not.
TEST(TemporalClassMetric, FalseChangesAreThoseThatTheTruthDoesNotMake) {
  TemporalClassMetric metric;
  add_clip({0, 1, 0, 0, 1, 0}, {0, 0, 1, 1, -1, 1}, metric);
  EXPECT_DOUBLE_EQ(value(metric, "false_changes"), 1. / 2);
  EXPECT_DOUBLE_EQ(value(metric, "class_changes"), 4. / 5);
}

TEST(TemporalClassMetric, ShowsDriftOverAClip) {
  TemporalOptions options;
  options.trained_frames = 2;
  TemporalClassMetric metric(options);
  add_clip({1, 1, 1, 0, 0}, {1, 1, 1, 1, 0}, metric);
  add_clip({0, 1, 0, 0}, {1, 1, 1, 1}, metric);
  EXPECT_DOUBLE_EQ(value(metric, "accuracy_first"), 3. / 4);
  EXPECT_DOUBLE_EQ(value(metric, "accuracy_last"), 1. / 4);
  EXPECT_DOUBLE_EQ(value(metric, "class_changes_first"), 1. / 2);  // frame 1 of each clip
  EXPECT_DOUBLE_EQ(value(metric, "class_changes_last"), 2. / 4);
  EXPECT_EQ(metric.details().dump(), R"({"by_frame":[0.5,1.0,0.5,0.0,1.0]})");
}

}  // namespace
}  // namespace manyfold::metrics
