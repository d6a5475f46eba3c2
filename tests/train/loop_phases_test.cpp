// What the loop does in each phase of a run.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/error.h"
#include "tests/train/loop_fixture.h"

namespace manyfold::train {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

PhaseOptions phase_of(double share, std::vector<std::string> freeze = {}) {
  PhaseOptions phase;
  phase.share = share;
  phase.freeze = std::move(freeze);
  return phase;
}

TEST(Phases, DecideWhatLearns) {
  auto options = options_for(6);
  options.phases = {
      {"all", phase_of(1)}, {"head", phase_of(1, {"encoder"})}, {"again", phase_of(1)}};
  LoopFixture fixture(options);
  std::vector<torch::Tensor> after;
  for (const int64_t stop : {2, 4, 6}) {
    fixture.stop_after = stop;
    fixture.loop->run();
    for (const auto& entry : fixture.model->named_parameters()) {
      if (entry.key().rfind("encoder.", 0) == 0) {
        after.push_back(entry.value().detach().clone());
        break;
      }
    }
    EXPECT_EQ(fixture.model->frozen().count("encoder"), stop == 4 ? 1u : 0u);
  }
  EXPECT_TRUE(torch::equal(after[0], after[1]));
  EXPECT_FALSE(torch::equal(after[1], after[2]));
}

TEST(Phases, EachHasItsBestCheckpoint) {
  auto options = options_for(8);
  options.evaluate_every = 2;
  options.phases = {{"a", phase_of(1)}, {"b", phase_of(1)}};
  const std::vector<double> scores = {0.8, 0.9, 0.3, 0.2};  // b never comes near a
  LoopFixture whole(options);
  whole.scores = scores;
  whole.loop->run();
  EXPECT_EQ(whole.best_at, (std::vector<int64_t>{2, 4, 6}));

  for (const int64_t stop : {4, 5, 7}) {  // resumed at the end of a, and inside b
    LoopFixture first(options), second(options);
    first.scores = second.scores = scores;
    first.stop_after = stop;
    first.loop->run();
    second.loop->restore(first.loop->snapshot());
    second.evaluated = first.evaluated;
    second.best_at = first.best_at;
    second.loop->run();
    EXPECT_EQ(second.best_at, whole.best_at) << stop;
  }
}

TEST(Phases, HaveLearningRatesAndWeightsOfTheirOwn) {
  auto options = options_for(8);
  options.schedule.type = "constant";
  options.schedule.warmup_steps = 0;
  auto second = phase_of(1);
  second.lr = 0.1;
  second.weights = {{"sign", {1, 0.2}}};
  options.phases = {{"a", phase_of(1)}, {"b", second}};
  LoopFixture fixture(options);
  fixture.loop->run();
  EXPECT_NEAR(fixture.records[3].lr, options.optimizer.lr, 1e-12);
  EXPECT_NEAR(fixture.records[5].lr, 0.1 * options.optimizer.lr, 1e-12);
  EXPECT_EQ(fixture.records[3].weights.at("sign"), 1);
  EXPECT_NEAR(fixture.records[6].weights.at("sign"), 0.6, 1e-12);  // half-way from 1 to 0.2
  EXPECT_NEAR(fixture.records[6].loss, 0.6 * fixture.records[6].losses.at("sign"), 1e-6);
}

TEST(Phases, AResumedRunEqualsAnUninterruptedOneInsideAnyOfThem) {
  auto options = options_for(9);
  auto last = phase_of(1);
  last.lr_scale = {{"encoder", 0.5}};
  options.phases = {{"a", phase_of(1, {"heads"})}, {"b", phase_of(1, {"encoder"})}, {"c", last}};
  LoopFixture whole(options);
  whole.loop->run();
  for (const int64_t stop : {1, 3, 5, 6, 8}) {
    LoopFixture first(options);
    first.stop_after = stop;
    first.loop->run();
    LoopFixture second(options);
    second.loop->restore(first.loop->snapshot());
    second.loop->run();
    expect_equal(second.loop->snapshot().weights, whole.loop->snapshot().weights);
    expect_equal(second.loop->snapshot().optimizer, whole.loop->snapshot().optimizer);
  }
}

TEST(Phases, NameWhatTheModelHasNot) {
  auto options = options_for(4);
  options.phases = {{"stills", phase_of(1, {"temporal"})}};
  EXPECT_THAT([&] { LoopFixture fixture(options); },
              ThrowsMessage<ConfigError>(
                  AllOf(HasSubstr("train.phases.stills.freeze"), HasSubstr("no part 'temporal'"))));
  options.phases = {{"all", phase_of(1, {"encoder", "heads"})}};
  EXPECT_THAT([&] { LoopFixture fixture(options); },
              ThrowsMessage<ConfigError>(HasSubstr("train.phases.all: nothing learns")));
  options.phases = {{"stills", phase_of(1)}};
  options.phases[0].second.weights = {{"face", {}}};
  EXPECT_THAT([&] { LoopFixture fixture(options); },
              ThrowsMessage<ConfigError>(HasSubstr("train.phases.stills.weights.face")));
}

}  // namespace
}  // namespace manyfold::train
