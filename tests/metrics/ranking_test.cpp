#include "metrics/ranking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace manyfold::metrics {
namespace {

using testing::ElementsAre;
using Verdict = Match::Verdict;

/// Scores .9 and .8 right, .7 wrong, .6 right, .6 wrong, .5 right; of five objects.
Ranking example() {
  Ranking ranking;
  ranking.truths = 5;
  ranking.detections = {{.5f, true},  {.9f, true}, {.6f, true},
                        {.6f, false}, {.8f, true}, {.7f, false}};
  return ranking;
}

TEST(Ranking, OrdersByScoreAndKeepsTheOrderOfEquals) {
  EXPECT_THAT(example().hits(), ElementsAre(true, true, false, true, false, true));
}

TEST(Ranking, IgnoredDetectionsAreNotNoted) {
  Ranking ranking;
  ranking.add(.5f, {Verdict::ignored, -1});
  ranking.add(.6f, {Verdict::hit, 0});
  ranking.add(.7f, {Verdict::false_alarm, -1});
  EXPECT_THAT(ranking.hits(), ElementsAre(false, true));
}

TEST(Ranking, CountsFalseAlarmsWhereARecallIsReached) {
  EXPECT_EQ(example().false_alarms_at(0.2), 0);
  EXPECT_EQ(example().false_alarms_at(0.4), 0);
  EXPECT_EQ(example().false_alarms_at(0.8), 2);
}

TEST(Ranking, AScoreLetsAllDetectionsPassThatHaveIt) {
  // The third object is found at 0.6, and the false alarm of 0.6 comes with it.
  EXPECT_EQ(example().false_alarms_at(0.6), 2);
  Ranking ranking;
  ranking.truths = 1;
  ranking.detections = {{.6f, true}, {.6f, false}, {.5f, false}};
  EXPECT_EQ(ranking.false_alarms_at(1), 1);
}

TEST(Ranking, ARecallThatIsNeverReachedHasNoNumber) {
  EXPECT_FALSE(example().false_alarms_at(0.81));  // needs all five
  EXPECT_FALSE(Ranking().false_alarms_at(0.5));
}

}  // namespace
}  // namespace manyfold::metrics
