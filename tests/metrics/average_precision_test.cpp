#include "metrics/average_precision.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace manyfold::metrics {
namespace {

const std::vector<bool> kHits = {true, true, false, true, false, true};

// pycocotools: np.searchsorted(tp / 10, np.linspace(0, 1, 101)); recalls from 0 to 0.69 are
// reached.
TEST(AveragePrecisionAt, ReachesNoRecallThatIsALittleMoreInDoubles) {
  EXPECT_DOUBLE_EQ(average_precision_at(std::vector<bool>(7, true), 10, 101), 70. / 101);
  EXPECT_DOUBLE_EQ(average_precision_at(std::vector<bool>(5, true), 10, 101), 51. / 101);
  EXPECT_DOUBLE_EQ(average_precision_at(std::vector<bool>(10, true), 10, 101), 1);
}

TEST(AveragePrecision, KnowsThreeConventions) {
  EXPECT_NEAR(average_precision(kHits, 5), 0.683333, 1e-6);  // (1 + 1 + 3/4 + 2/3) / 5
  // 3 of 5 do not reach 6 * 0.1, as in np.arange(0., 1.1, 0.1) of the usual Python form of VOC's.
  EXPECT_NEAR(average_precision_at(kHits, 5, 11), 0.704545, 1e-6);
  EXPECT_NEAR(average_precision_at(kHits, 5, 101), 0.686469, 1e-6);
}

TEST(AveragePrecision, IsOneWhenAllIsFoundFirst) {
  EXPECT_EQ(average_precision({true, true, false}, 2), 1);
  EXPECT_EQ(average_precision_at({true, true, false}, 2, 101), 1);
}

TEST(AveragePrecision, IsZeroWithoutDetectionsAndNothingWithoutObjects) {
  EXPECT_EQ(average_precision({}, 3), 0);
  EXPECT_EQ(average_precision_at({}, 3, 11), 0);
  EXPECT_TRUE(std::isnan(average_precision({false}, 0)));
  EXPECT_TRUE(std::isnan(average_precision_at({false}, 0, 11)));
}

TEST(AveragePrecision, RefusesASinglePoint) {
  EXPECT_THROW(average_precision_at(kHits, 5, 1), std::invalid_argument);
}

RC_GTEST_PROP(AveragePrecision, ALateFalseAlarmChangesNothing, ()) {
  auto hits = *rc::gen::arbitrary<std::vector<bool>>();
  const auto truths = *rc::gen::inRange<int64_t>(static_cast<int64_t>(hits.size()) + 1, 50 + 200);
  const double before = average_precision(hits, truths);
  hits.push_back(false);
  RC_ASSERT(average_precision(hits, truths) == before);
  RC_ASSERT(before >= 0 && before <= 1);
}

RC_GTEST_PROP(AveragePrecision, ManyPointsApproachTheArea, ()) {
  const auto hits = *rc::gen::arbitrary<std::vector<bool>>();
  const int64_t truths = static_cast<int64_t>(hits.size()) + 1;
  const double area = average_precision(hits, truths);
  RC_ASSERT(std::abs(average_precision_at(hits, truths, 100001) - area) < 1e-4);
}

}  // namespace
}  // namespace manyfold::metrics
