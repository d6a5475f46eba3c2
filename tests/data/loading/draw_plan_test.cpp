#include "data/loading/draw_plan.h"

#include <gtest/gtest.h>

namespace manyfold::data {
namespace {

DrawPhase phase(int64_t steps, double clips, double last_clips) {
  DrawPhase made;
  made.steps = steps;
  made.clips = clips;
  made.last_clips = last_clips;
  return made;
}

int64_t clips_in(const DrawPlan& plan, int64_t from, int64_t to) {
  int64_t count = 0;
  for (int64_t step = from; step < to; ++step) count += plan.at(step).clips;
  return count;
}

TEST(DrawPlan, StillsAloneAreNumberedAsTheSteps) {
  const DrawPlan plan({phase(10, 0, 0)});
  for (int64_t step = 0; step < 30; ++step) {
    EXPECT_FALSE(plan.at(step).clips);
    EXPECT_EQ(plan.at(step).number, step);
  }
  EXPECT_FALSE(plan.draws_clips(0));
}

// A rising share from 0 to 1 over 100 steps: after k of them k^2 / 200 were clips.
TEST(DrawPlan, AShareThatRisesIsExactAtEveryStep) {
  const DrawPlan plan({phase(100, 0, 1)});
  EXPECT_EQ(clips_in(plan, 0, 20), 2);
  EXPECT_EQ(clips_in(plan, 0, 60), 18);
  EXPECT_EQ(clips_in(plan, 0, 100), 50);
  EXPECT_EQ(clips_in(plan, 100, 150), 50);  // as it ended
}

TEST(DrawPlan, BothKindsAreNumberedWithoutGaps) {
  const DrawPlan plan({phase(50, 0.3, 0.3), phase(70, 0.5, 0.9)});
  for (size_t of_phase = 0; of_phase < 2; ++of_phase) {
    int64_t stills = 0, clips = 0;
    for (int64_t step = of_phase * 50; step < (of_phase == 0 ? 50 : 120); ++step) {
      const auto at = plan.at(step);
      EXPECT_EQ(at.phase, of_phase);
      EXPECT_EQ(at.number, at.clips ? clips++ : stills++) << step;
    }
    EXPECT_EQ(clips, of_phase == 0 ? 15 : 49);  // 50 * 0.3; 70 * (0.5 + 0.9) / 2
  }
}

TEST(DrawPlan, KnowsWhatAPhaseNeeds) {
  const DrawPlan plan({phase(1, 0, 0), phase(1, 0, 0.5), phase(1, 1, 1)});
  EXPECT_FALSE(plan.draws_clips(0));
  EXPECT_TRUE(plan.draws_stills(0));
  EXPECT_TRUE(plan.draws_clips(1));
  EXPECT_TRUE(plan.draws_stills(1));
  EXPECT_FALSE(plan.draws_stills(2));
}

}  // namespace
}  // namespace manyfold::data
