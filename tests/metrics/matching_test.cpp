#include "metrics/matching.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace manyfold::metrics {
namespace {

using data::Object;
using Verdict = Match::Verdict;

Object object(float x, float y, float side, float score = 1, int64_t c = 0) {
  Object made;
  made.box = {x, y, side, side};
  made.score = score;
  made.class_index = c;
  return made;
}

Object region(float x, float y, float side) {
  Object made = object(x, y, side);
  made.ignore = true;
  return made;
}

std::vector<Verdict> verdicts(const std::vector<Match>& matches) {
  std::vector<Verdict> list;
  for (const Match& match : matches) list.push_back(match.verdict);
  return list;
}

TEST(BoxIou, DividesTheSharedAreaByTheCoveredOne) {
  EXPECT_DOUBLE_EQ(box_iou({0, 0, 10, 10}, {5, 0, 10, 10}), 50.0 / 150);
  EXPECT_DOUBLE_EQ(box_iou({0, 0, 10, 10}, {0, 0, 10, 10}), 1);
  EXPECT_EQ(box_iou({0, 0, 10, 10}, {10, 0, 10, 10}), 0);
  EXPECT_EQ(box_iou({0, 0, 0, 0}, {0, 0, 0, 0}), 0);
}

TEST(MatchObjects, TheBetterScoreTakesTheObject) {
  const auto matches =
      match_objects({object(1, 0, 10, 0.6f), object(2, 0, 10, 0.9f)}, {object(0, 0, 10)}, 0.5);
  EXPECT_THAT(verdicts(matches), testing::ElementsAre(Verdict::false_alarm, Verdict::hit));
  EXPECT_EQ(matches[1].truth, 0);
}

TEST(MatchObjects, EqualScoresRankInTheOrderGiven) {
  const auto matches = match_objects({object(2, 0, 10), object(0, 0, 10)}, {object(0, 0, 10)}, 0.5);
  EXPECT_THAT(verdicts(matches), testing::ElementsAre(Verdict::hit, Verdict::false_alarm));
}

TEST(MatchObjects, ADetectionTakesTheFreeObjectItOverlapsMost) {
  const auto matches = match_objects({object(4, 0, 20, 0.9f), object(4, 0, 20, 0.8f)},
                                     {object(0, 0, 20), object(5, 0, 20)}, 0.5);
  EXPECT_EQ(matches[0].truth, 1);
  EXPECT_EQ(matches[1].truth, 0);
}

TEST(MatchObjects, OfTwoObjectsThatItOverlapsEquallyADetectionTakesTheLast) {
  const auto matches = match_objects({object(2, 0, 20)}, {object(0, 0, 20), object(4, 0, 20)}, 0.5);
  EXPECT_EQ(matches[0].truth, 1);
}

TEST(MatchObjects, OverlapExactlyAtTheLimitIsAHit) {
  Object half = object(0, 0, 10);
  half.box.height = 5;
  const auto matches = match_objects({object(0, 0, 10)}, {half}, 0.5);
  EXPECT_EQ(matches[0].verdict, Verdict::hit);
}

TEST(MatchObjects, ClassesDoNotMix) {
  const auto matches = match_objects({object(0, 0, 10, 1, 1)}, {object(0, 0, 10, 1, 0)}, 0.5);
  EXPECT_EQ(matches[0].verdict, Verdict::false_alarm);
}

TEST(MatchObjects, AnIgnoreRegionSwallowsAnyNumberOfDetections) {
  const auto matches =
      match_objects({object(0, 0, 10), object(20, 20, 10), object(45, 0, 10), object(46, 0, 10)},
                    {region(0, 0, 50)}, 0.5);
  EXPECT_THAT(verdicts(matches), testing::ElementsAre(Verdict::ignored, Verdict::ignored,
                                                      Verdict::ignored, Verdict::false_alarm));
}

TEST(MatchObjects, AnIgnoreRegionAsksForAsMuchOfADetectionAsAnObjectDoes) {
  const auto at = [](double iou) {  // 6 of 10 columns lie in the region
    return match_objects({object(44, 0, 10)}, {region(0, 0, 50)}, iou)[0].verdict;
  };
  EXPECT_EQ(at(0.5), Verdict::ignored);
  EXPECT_EQ(at(0.7), Verdict::false_alarm);
}

TEST(MatchObjects, AnIgnoreRegionOfAnotherClassDoesNotMatter) {
  const auto matches = match_objects({object(0, 0, 10, 1, 1)}, {region(0, 0, 50)}, 0.5);
  EXPECT_EQ(matches[0].verdict, Verdict::false_alarm);
}

TEST(MatchObjects, ANegativeClassIsAnIgnoreRegion) {
  const auto matches = match_objects({object(0, 0, 10)}, {object(0, 0, 50, 1, -1)}, 0.5);
  EXPECT_EQ(matches[0].verdict, Verdict::ignored);
}

TEST(MatchObjects, AnObjectInsideAnIgnoreRegionCanStillBeFound) {
  const auto matches = match_objects({object(0, 0, 10)}, {region(0, 0, 50), object(0, 0, 10)}, 0.5);
  EXPECT_EQ(matches[0].verdict, Verdict::hit);
  EXPECT_EQ(matches[0].truth, 1);
}

TEST(MatchObjects, ObjectsThatDoNotCountAreNeitherHitsNorFalseAlarms) {
  const Counts large = [](const Object& o) { return o.box.width >= 10; };
  const auto matches = match_objects(
      {
          object(0, 0, 11, 0.9f),    // over the small object: ignored
          object(0, 0, 11, 0.8f),    // that one is taken: a false alarm, large enough to count
          object(50, 50, 5, 0.7f),   // nothing there, but too small to count
          object(30, 0, 9.5, 0.6f),  // small, but over a large one: a hit
      },
      {object(0, 0, 9), object(30, 0, 10)}, 0.5, large);
  EXPECT_THAT(verdicts(matches), testing::ElementsAre(Verdict::ignored, Verdict::false_alarm,
                                                      Verdict::ignored, Verdict::hit));
}

TEST(MatchObjects, ARegionThatADetectionLiesDeeperInLeavesAnUncountedObjectFree) {
  const Counts large = [](const Object& o) { return o.box.width >= 10; };
  // 0.7 of the first lies in the region, and it overlaps the small object by 72 / 109; so the
  // second can still be ignored for that object.
  Object second = object(-2, 0, 10, 0.8f);
  second.box.height = 9;
  const auto matches = match_objects({object(1, 0, 10, 0.9f), second},
                                     {object(0, 0, 9), region(4, 0, 50)}, 0.5, large);
  EXPECT_THAT(verdicts(matches), testing::ElementsAre(Verdict::ignored, Verdict::ignored));
}

TEST(MatchObjects, NothingMatchesNothing) {
  EXPECT_TRUE(match_objects({}, {object(0, 0, 10)}, 0.5).empty());
  EXPECT_EQ(match_objects({object(0, 0, 10)}, {}, 0.5)[0].verdict, Verdict::false_alarm);
}

}  // namespace
}  // namespace manyfold::metrics
