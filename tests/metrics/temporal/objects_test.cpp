#include "metrics/temporal/objects.h"

#include <gtest/gtest.h>

#include <cmath>

namespace manyfold::metrics {
namespace {

using data::Label;
using data::Object;
using data::Objects;

/// A square of 10 pixels.
Object object(float x, float score = 1, int64_t c = 0) {
  Object made;
  made.box = {x, 0, 10, 10};
  made.class_index = c;
  made.score = score;
  return made;
}

using Frames = std::vector<std::vector<Object>>;

void add_clip(const Frames& predicted, const Frames& truth, TemporalMetric& metric) {
  metric.start();
  for (size_t t = 0; t < predicted.size(); ++t) {
    const Label label = Objects{t < truth.size() ? truth[t] : std::vector<Object>()};
    metric.add(Objects{predicted[t]}, t < truth.size() ? &label : nullptr, {}, {});
  }
}

double value(const TemporalMetric& metric, const std::string& name) {
  return value_of(metric.figures(), name);
}

// Places 0, 2, 1: acceleration 0 - 2 * 2 + 1 = -3 over a box of 10. The order of the list does not
// matter, nor what is below the operating score.
TEST(TemporalObjectsMetric, FollowsObjectsFromFrameToFrame) {
  TemporalObjectsMetric metric(0);
  add_clip({{object(0), object(50)},
            {object(50), object(1.9f, 0.2f), object(2)},
            {object(1), object(50)}},
           {}, metric);
  EXPECT_DOUBLE_EQ(value(metric, "centre_jitter_px"), (3. + 0) / 2);
  EXPECT_DOUBLE_EQ(value(metric, "centre_jitter"), 0.15);
  EXPECT_DOUBLE_EQ(value(metric, "size_jitter"), 0);
  EXPECT_EQ(metric.figures().front().count, 2);
  EXPECT_TRUE(std::isnan(value(metric, "track_breaks")));
  EXPECT_TRUE(std::isnan(value(metric, "recall_first")));
}

TEST(TemporalObjectsMetric, DoesNotFollowAcrossClipsGapsOrClasses) {
  TemporalObjectsMetric metric(0);
  add_clip({{object(0)}, {object(0)}}, {}, metric);
  add_clip({{object(0)}, {}, {object(0)}, {object(0)}}, {}, metric);
  add_clip({{object(0)}, {object(0, 1, 1)}, {object(0, 1, 1)}}, {}, metric);
  EXPECT_EQ(metric.figures().front().count, 0);
}

// The truth goes 2 px a frame; the detection, 1 px off, goes 2 and then 3.
TEST(TemporalObjectsMetric, ComparesStepsWithTheTruths) {
  TemporalObjectsMetric metric(0);
  add_clip({{object(1)}, {object(3)}, {object(6)}}, {{object(0)}, {object(2)}, {object(4)}},
           metric);
  EXPECT_DOUBLE_EQ(value(metric, "centre_step_error_px"), (0. + 1) / 2);
  EXPECT_DOUBLE_EQ(value(metric, "centre_step_error"), 0.05);
  EXPECT_DOUBLE_EQ(value(metric, "track_breaks"), 0);
}

// Steps of the object at 0: found to missing breaks; missing to found was no track; found to found
// on the other side of the truth (IoU of 3 and -3 is 4 / 16) breaks. The object that leaves does
// not count, nor does the crowd.
TEST(TemporalObjectsMetric, ATrackBreaksWhenTheObjectIsLostOrFoundElsewhere) {
  TemporalObjectsMetric metric(0);
  Object crowd = object(90);
  crowd.ignore = true;
  add_clip({{object(0), object(50), object(90)}, {}, {object(3)}, {object(-3)}},
           {{object(0), object(50), crowd}, {object(0), crowd}, {object(0)}, {object(0)}}, metric);
  EXPECT_DOUBLE_EQ(value(metric, "track_breaks"), 1);
  EXPECT_EQ(metric.figures()[8].name, "track_breaks");
  EXPECT_EQ(metric.figures()[8].count, 2);
  EXPECT_DOUBLE_EQ(value(metric, "centre_step_error_px"), 6);
}

TEST(TemporalObjectsMetric, KeyPointsAreMeasuredWhereTheTaskHasThem) {
  const auto face = [](float x) {
    Object made = object(0);
    made.landmarks = {{x, 5}};
    made.visible = {1};
    return made;
  };
  TemporalObjectsMetric metric(1);
  add_clip({{face(4)}, {face(5)}, {face(4)}}, {{face(4)}, {face(4)}, {face(4)}}, metric);
  EXPECT_DOUBLE_EQ(value(metric, "landmark_jitter_px"), 2);
  EXPECT_DOUBLE_EQ(value(metric, "landmark_jitter"), 0.2);
  EXPECT_DOUBLE_EQ(value(metric, "landmark_step_error_px"), 1);
  EXPECT_THROW(value(TemporalObjectsMetric(0), "landmark_jitter"), std::out_of_range);
}

// T = 3: only frame 2 of the first three has two before it; frames 3 to 5 accelerate by 0, 3 and 4.
TEST(TemporalObjectsMetric, ShowsSteadinessThatIsLostOverAClip) {
  TemporalOptions options;
  options.trained_frames = 3;
  TemporalObjectsMetric metric(0, options);
  add_clip({{object(0)}, {object(1)}, {object(2)}, {object(3)}, {object(1)}, {object(3)}}, {},
           metric);
  EXPECT_DOUBLE_EQ(value(metric, "centre_jitter_first"), 0);
  EXPECT_NEAR(value(metric, "centre_jitter_last"), (0. + 3 + 4) / 3 / 10, 1e-12);
  EXPECT_NEAR(value(metric, "centre_jitter"), (0. + 0 + 3 + 4) / 4 / 10, 1e-12);
}

TEST(TemporalObjectsMetric, ShowsDriftOverAClip) {
  TemporalOptions options;
  options.trained_frames = 2;
  TemporalObjectsMetric metric(0, options);
  const std::vector<Object> both = {object(0), object(50)};
  add_clip({both, both, {object(0)}, {}}, {both, both, both, both}, metric);
  EXPECT_DOUBLE_EQ(value(metric, "recall_first"), 1);
  EXPECT_DOUBLE_EQ(value(metric, "recall_last"), 1. / 4);
  EXPECT_EQ(metric.details().dump(), R"({"by_frame":[1.0,1.0,0.5,0.0]})");
}

TEST(TemporalMetric, ThereIsOneForEveryKindOfLabel) {
  data::LabelSpec spec;
  spec.classes = {"background", "person"};
  const auto headline = [&](data::LabelSpec::Kind kind) {
    spec.kind = kind;
    return temporal_metric(spec)->figures().front().name;
  };
  EXPECT_EQ(headline(data::LabelSpec::Kind::mask), "flicker");
  EXPECT_EQ(headline(data::LabelSpec::Kind::class_index), "class_changes");
  EXPECT_EQ(headline(data::LabelSpec::Kind::objects), "centre_jitter");
}

}  // namespace
}  // namespace manyfold::metrics
