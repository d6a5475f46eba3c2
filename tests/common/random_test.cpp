#include "common/random.h"

#include <gtest/gtest.h>

namespace manyfold {
namespace {

// Known answers of the authors' Random123 library (kat_vectors, philox 4x32 10).
TEST(Random, PhiloxGivesTheAuthorsNumbers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (std::array<uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
}

TEST(Random, AStreamDependsOnItsKeyAlone) {
  Random a(7, Random::augment, 3, 5), b(7, Random::augment, 3, 5),
      other_slot(7, Random::augment, 3, 6);
  const auto first = a();
  EXPECT_EQ(first, b());
  EXPECT_NE(first, other_slot());
}

TEST(Random, BelowIsUniform) {
  Random random(1, Random::shuffle);
  std::array<int, 7> seen{};
  for (int i = 0; i < 70000; ++i) ++seen[random.below(7)];
  for (const int n : seen) EXPECT_NEAR(n, 10000, 400);  // four standard deviations
}

TEST(Random, NormalHasMeanZeroAndDeviationOne) {
  Random random(1, Random::augment);
  double sum = 0, squares = 0;
  for (int i = 0; i < 100000; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / 100000, 0, 0.015);
  EXPECT_NEAR(squares / 100000, 1, 0.02);
}

}  // namespace
}  // namespace manyfold
