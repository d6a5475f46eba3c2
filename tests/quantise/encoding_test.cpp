#include "quantise/encoding.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

namespace manyfold::quantise {
namespace {

// 3.6 / 255 = 0.0141176; 0.5 / 0.0141176 = 35.4.
TEST(Encoding, OfAnAsymmetricRangeHoldsZeroAsAStep) {
  const auto encoding = encoding_of(-0.5, 3.1, kUint8);
  EXPECT_NEAR(encoding.scale, 0.0141176, 1e-7);
  EXPECT_EQ(encoding.zero_point, 35);
  EXPECT_NEAR(encoding.min(), -0.494118, 1e-6);
  EXPECT_NEAR(encoding.max(), 3.105882, 1e-6);
  const Format int8{-128, 127, false};
  EXPECT_EQ(encoding_of(-0.5, 3.1, int8).zero_point, -93);
}

TEST(Encoding, WidensARangeThatLeavesZeroOut) {
  const auto above = encoding_of(1, 2, kUint8), below = encoding_of(-4, -1, kUint8);
  EXPECT_EQ(above.zero_point, 0);
  EXPECT_NEAR(above.max(), 2, 1e-6);
  EXPECT_EQ(below.zero_point, 255);
  EXPECT_NEAR(below.min(), -4, 1e-6);
}

TEST(Encoding, OfASymmetricRangeHasZeroPointZero) {
  const auto encoding = encoding_of(-1, 2, kWeight);
  EXPECT_NEAR(encoding.scale, 0.0157480, 1e-7);
  EXPECT_EQ(encoding.zero_point, 0);
  EXPECT_NEAR(encoding.max(), 2, 1e-6);
  EXPECT_NEAR(encoding.min(), -2, 1e-6);
}

TEST(Encoding, KeepsAScaleForAConstantAndRefusesWhatIsNotFinite) {
  EXPECT_EQ(encoding_of(0, 0, kUint8).scale, kSmallestScale);
  EXPECT_ANY_THROW(encoding_of(0, NAN, kUint8));
  EXPECT_ANY_THROW(encoding_of(-INFINITY, 1, kUint8));
}

}  // namespace
}  // namespace manyfold::quantise
