#include "metrics/temporal/links.h"

#include <gtest/gtest.h>

namespace manyfold::metrics {
namespace {

data::Object object(float x, int64_t c = 0) {
  data::Object made;
  made.box = {x, 0, 10, 10};
  made.class_index = c;
  return made;
}

using Indices = std::vector<int64_t>;

// Boxes of side 10 that are 2 and 3 apart share 8 of 12 and 7 of 13 columns; at 4 it is 6 of 14.
TEST(LinkObjects, TakesTheBestOverlapFirst) {
  EXPECT_EQ(link_objects({object(0), object(5)}, {object(3)}, 0.5), (Indices{-1, 0}));
  EXPECT_EQ(link_objects({object(0), object(5)}, {object(3), object(0)}, 0.5), (Indices{1, 0}));
}

TEST(LinkObjects, NeedsEnoughOverlapAndTheSameClass) {
  EXPECT_EQ(link_objects({object(0)}, {object(3)}, 0.5), (Indices{0}));
  EXPECT_EQ(link_objects({object(0)}, {object(4)}, 0.5), (Indices{-1}));
  EXPECT_EQ(link_objects({object(0)}, {object(0, 1)}, 0.5), (Indices{-1}));
}

TEST(LinkObjects, GivesEachObjectToOneOnly) {
  EXPECT_EQ(link_objects({object(1), object(1)}, {object(1)}, 0.5), (Indices{0, -1}));
  EXPECT_EQ(link_objects({object(1)}, {object(1), object(1)}, 0.5), (Indices{0}));
}

TEST(LinkObjects, OfNothingIsNothing) {
  EXPECT_TRUE(link_objects({}, {object(0)}, 0.5).empty());
  EXPECT_EQ(link_objects({object(0)}, {}, 0.5), (Indices{-1}));
}

}  // namespace
}  // namespace manyfold::metrics
