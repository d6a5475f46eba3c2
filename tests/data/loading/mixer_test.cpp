#include "data/loading/mixer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

#include "common/error.h"

namespace manyfold::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Mixer real_and_synthetic(int64_t batch) {
  return Mixer({{"photos", "real", 100}, {"scenes", "synthetic", 1000}},
               {{"real", 0.3}, {"synthetic", 0.7}}, batch, 1);
}

TEST(Mixer, EveryBatchHoldsTheExactQuota) {
  const auto mixer = real_and_synthetic(8);
  std::vector<int64_t> real;
  for (int step = 0; step < 10; ++step) {
    const auto batch = mixer.batch(step);
    EXPECT_EQ(batch.size(), 8u);
    real.push_back(
        std::count_if(batch.begin(), batch.end(), [](auto& d) { return d.source == 0; }));
  }
  EXPECT_THAT(real, ElementsAre(2, 3, 2, 3, 2, 2, 3, 2, 3, 2));
}

TEST(Mixer, GroupsAreSharedOutAmongTheirSources) {
  const Mixer mixer({{"faces", "real", 300}, {"scenes", "synthetic", 50}, {"hands", "real", 100}},
                    {{"real", 3}, {"synthetic", 7}}, 10, 1);
  EXPECT_THAT(mixer.drawn(400), ElementsAre(900, 2800, 300));  // 1200 real: 3 to 1 by size
}

TEST(Mixer, WeightsReplaceSizes) {
  const Mixer mixer({{"a", "real", 300, 1}, {"b", "real", 100, 3}}, {{"real", 1}}, 8, 1);
  EXPECT_THAT(mixer.drawn(100), ElementsAre(200, 600));
}

TEST(Mixer, WithoutAMixSizesDecide) {
  const Mixer mixer({{"a", "real", 300}, {"b", "synthetic", 100}}, {}, 8, 1);
  EXPECT_THAT(mixer.drawn(100), ElementsAre(600, 200));
}

TEST(Mixer, AGroupWithShareZeroIsNotDrawn) {
  const Mixer mixer({{"a", "real", 300}, {"b", "synthetic", 100}}, {{"real", 1}, {"synthetic", 0}},
                    8, 1);
  EXPECT_THAT(mixer.drawn(100), ElementsAre(800, 0));
}

TEST(Mixer, EveryEpochHoldsEverySampleOnce) {
  // 30 samples in batches of 8: every epoch but the first begins inside a batch.
  const Mixer mixer({{"a", "real", 30}}, {}, 8, 9);
  std::vector<int64_t> items;
  for (int step = 0; step < 60; ++step) {
    std::set<int64_t> held;
    for (const auto& draw : mixer.batch(step)) held.insert(draw.index);
    EXPECT_EQ(held.size(), 8u) << "step " << step;
  }
  // The order inside a batch is shuffled, so epochs are told apart at batch ends: lcm(30, 8) = 120.
  std::vector<int> seen(30);
  for (int step = 0; step < 15; ++step) {
    for (const auto& draw : mixer.batch(step)) ++seen[draw.index];
  }
  EXPECT_THAT(seen, testing::Each(4));
}

TEST(Mixer, NoBatchHoldsASampleTwiceUnlessItMust) {
  EXPECT_TRUE(rc::check([](uint64_t seed) {
    const auto size = *rc::gen::inRange<int64_t>(1, 60);
    const auto other = *rc::gen::inRange<int64_t>(1, 60);
    const auto batch = *rc::gen::inRange<int64_t>(1, 24);
    const Mixer mixer({{"a", "real", size}, {"b", "synthetic", other}},
                      {{"real", 0.3}, {"synthetic", 0.7}}, batch, seed);
    const auto first = *rc::gen::inRange<int64_t>(0, 1000000);
    for (int64_t step = first; step < first + 20; ++step) {
      std::set<std::pair<int64_t, int64_t>> held;
      std::vector<int64_t> count(2);
      for (const auto& draw : mixer.batch(step)) {
        held.insert({draw.source, draw.index});
        ++count[draw.source];
        RC_ASSERT(draw.index >= 0 && draw.index < (draw.source == 0 ? size : other));
      }
      if (count[0] <= size && count[1] <= other) {
        RC_ASSERT(static_cast<int64_t>(held.size()) == batch);
      }
    }
  }));
}

TEST(Mixer, EpochsAreWholeForSourcesOfTwoQuotas) {
  EXPECT_TRUE(rc::check([](uint64_t seed) {
    const auto batch = *rc::gen::inRange<int64_t>(1, 16);
    const auto size = *rc::gen::inRange<int64_t>(2 * batch, 100);
    const Mixer mixer({{"a", "real", size}}, {}, batch, seed);
    std::vector<int64_t> seen(size);
    // size steps are batch epochs, which end together with a batch.
    for (int64_t step = 0; step < size; ++step) {
      for (const auto& draw : mixer.batch(step)) ++seen[draw.index];
    }
    for (const auto times : seen) RC_ASSERT(times == batch);
  }));
}

TEST(Mixer, AnyStepIsTheSameHoweverOneGetsThere) {
  const auto mixer = real_and_synthetic(32), again = real_and_synthetic(32);
  const auto late = mixer.batch(1'000'000);
  for (int step = 0; step < 50; ++step) again.batch(step);
  EXPECT_EQ(late, again.batch(1'000'000));
  EXPECT_NE(late, mixer.batch(1'000'001));
}

TEST(Mixer, SourcesHaveNoFixedPlaceInTheBatch) {
  const auto mixer = real_and_synthetic(10);
  std::vector<int> real_at(10);
  for (int step = 0; step < 2000; ++step) {
    const auto batch = mixer.batch(step);
    for (int slot = 0; slot < 10; ++slot) real_at[slot] += batch[slot].source == 0;
  }
  for (const int times : real_at) EXPECT_NEAR(times, 600, 105);  // five deviations
}

template <class Make>
std::string refusal(const Make& make) {
  try {
    make();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "(accepted)";
}

TEST(Mixer, RefusesSharesAndSourcesThatDoNotMeet) {
  EXPECT_THAT(refusal([] {
                Mixer({{"a", "reel", 3}}, {{"real", 0.3}}, 8, 1);
              }),
              HasSubstr("data.mix.real: no source is in this group; did you mean 'reel'?"));
  EXPECT_THAT(refusal([] {
                Mixer({{"a", "reel", 3}}, {{"real", 0.3}}, 8, 1, "train.phases.first.mix");
              }),
              HasSubstr("train.phases.first.mix.real: no source"));
  EXPECT_THAT(
      refusal([] {
        Mixer({{"a", "real", 3}, {"b", "reall", 3}}, {{"real", 0.3}}, 8, 1);
      }),
      HasSubstr("source b: its group 'reall' has no share in data.mix; did you mean 'real'"));
  EXPECT_THAT(refusal([] {
                Mixer({{"a", "real", 3, 2}, {"b", "real", 3}}, {{"real", 1}}, 8, 1);
              }),
              HasSubstr("1 of the 2 sources of group real have a weight"));
  EXPECT_THAT(refusal([] {
                Mixer({{"a", "real", 3, 1}, {"b", "real", 3, 1e-10}}, {{"real", 1}}, 8, 1);
              }),
              HasSubstr("source b: weight = 1e-10, which counts as 0; the least is 1e-9"));
  EXPECT_THAT(refusal([] {
                Mixer({{"a", "real", 3}}, {{"real", 0}}, 8, 1);
              }),
              HasSubstr("every share is 0"));
  EXPECT_THAT(refusal([] { Mixer({}, {}, 8, 1); }), HasSubstr("no source to train on"));
}

}  // namespace
}  // namespace manyfold::data
