#include "train/phases.h"

#include <gtest/gtest.h>

namespace manyfold::train {
namespace {

PhaseOptions phase(double share) {
  PhaseOptions made;
  made.share = share;
  return made;
}

TEST(Phases, ShareOutAllSteps) {
  EXPECT_EQ(phase_steps({}, 7), std::vector<int64_t>{7});
  EXPECT_EQ(phase_steps({{"a", phase(1)}, {"b", phase(3)}}, 100), (std::vector<int64_t>{25, 75}));
  // 10 * 1/3 = 3.33, 10 * 2/3 = 6.67: ends at 3, 7 and 10.
  EXPECT_EQ(phase_steps({{"a", phase(1)}, {"b", phase(1)}, {"c", phase(1)}}, 10),
            (std::vector<int64_t>{3, 4, 3}));
}

TEST(Phases, TellWhereAStepStands) {
  const std::vector<int64_t> steps = {3, 4};
  EXPECT_EQ(place_in(steps, 0).phase, 0u);
  EXPECT_NEAR(place_in(steps, 2).done, 2.0 / 3, 1e-12);
  EXPECT_EQ(place_in(steps, 3).phase, 1u);
  EXPECT_EQ(place_in(steps, 3).done, 0);
  EXPECT_EQ(place_in(steps, 6).done, 0.75);
  EXPECT_EQ(place_in(steps, 7).phase, 1u);
}

TEST(Phases, WeightsChangeLinearly) {
  auto second = phase(1);
  second.weights = {{"faces", {0.2, 1}}};
  const PhaseList phases = {{"a", phase(1)}, {"b", second}};
  EXPECT_EQ(weight_factor(phases, {0, 0.5}, "faces"), 1);
  EXPECT_NEAR(weight_factor(phases, {1, 0.25}, "faces"), 0.4, 1e-12);
  EXPECT_EQ(weight_factor(phases, {1, 0.25}, "gesture"), 1);
}

}  // namespace
}  // namespace manyfold::train
