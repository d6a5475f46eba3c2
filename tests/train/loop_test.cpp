#include "train/loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/cuda.h>

#include "common/error.h"
#include "tests/train/loop_fixture.h"

namespace manyfold::train {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

class Resume : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(Resume, RepeatsAnUninterruptedRunBitForBit) {
  auto options = options_for(6);
  options.optimizer.type = GetParam().first;
  options.weighting = GetParam().second;
  LoopFixture whole(options), first(options), second(options);
  EXPECT_TRUE(whole.loop->run());

  first.stop_after = 3;
  EXPECT_FALSE(first.loop->run());
  EXPECT_EQ(first.saved_at, std::vector<int64_t>{3});
  second.loop->restore(first.loop->snapshot());
  EXPECT_TRUE(second.loop->run());

  const auto expected = whole.loop->snapshot(), found = second.loop->snapshot();
  expect_equal(expected.weights, found.weights);
  expect_equal(expected.average, found.average);
  expect_equal(expected.optimizer, found.optimizer);
  expect_equal(expected.weighting, found.weighting);
  ASSERT_EQ(second.records.size(), 3u);
  EXPECT_EQ(second.records[0].loss, whole.records[3].loss);
  EXPECT_EQ(second.records[2].grad_norm, whole.records[5].grad_norm);
}

INSTANTIATE_TEST_SUITE_P(Rules, Resume,
                         testing::Values(std::make_pair("adamw", "fixed"),
                                         std::make_pair("adam", "uncertainty"),
                                         std::make_pair("sgd", "fixed")));

/// A scale that is trained beside the model, and a count of steps.
struct Beside : torch::nn::Module {
  Beside() {
    scale = register_parameter("scale", torch::ones({1}));
    count = register_buffer("count", torch::zeros({1}));
  }
  torch::Tensor scale, count;
};

/// Trains a head towards twice its scores through the scale; the steps from `nan_from` on break.
struct BesideFixture {
  explicit BesideFixture(int64_t steps, int64_t nan_from = -1)
      : model(small_model()), beside(std::make_shared<Beside>()) {
    LoopHooks hooks;
    hooks.batch = batch_of;
    hooks.beside = beside;
    hooks.objective = [this, nan_from](const data::Batch& batch, int64_t step) -> TaskTerms {
      {
        const torch::NoGradGuard no_grad;
        beside->count.add_(1);
      }
      const auto scores = model->head("sign", model->encode(batch.pictures.flatten(0, 1))).at(0);
      auto loss = (scores * beside->scale - 2 * scores.detach() - 1).square().mean();
      if (nan_from >= 0 && step >= nan_from) loss = loss * std::nan("");
      return {{"sign", {{"distance", loss}, {"seen", beside->count.sum(), 0}}}};
    };
    hooks.logged = [](const StepRecord&) {};
    hooks.save = [](const Checkpoint&, bool) {};
    hooks.stop = [this] { return loop->steps_done() == stop_after; };
    loop = std::make_unique<Loop>(options_for(steps), 5, model,
                                  std::map<std::string, double>{{"sign", 1.0}}, std::move(hooks));
  }

  models::MultiTaskModel model;
  std::shared_ptr<Beside> beside;
  std::unique_ptr<Loop> loop;
  int64_t stop_after = -1;
};

TEST(Loop, WhatIsLearntBesideTheModelIsTrainedAndResumed) {
  BesideFixture whole(4), first(4), second(4);
  EXPECT_TRUE(whole.loop->run());
  EXPECT_NE(whole.beside->scale.item<float>(), 1);
  EXPECT_EQ(whole.beside->count.item<float>(), 4);
  first.stop_after = 2;
  EXPECT_FALSE(first.loop->run());
  second.loop->restore(first.loop->snapshot());
  EXPECT_TRUE(second.loop->run());
  expect_equal(whole.loop->snapshot().objective, second.loop->snapshot().objective);
  expect_equal(whole.loop->snapshot().optimizer, second.loop->snapshot().optimizer);
}

TEST(Loop, AStepThatIsNotFiniteLeavesWhatStandsBesideTheModel) {
  BesideFixture job(3, /*nan_from=*/2);
  EXPECT_TRUE(job.loop->run());
  EXPECT_EQ(job.beside->count.item<float>(), 2);
}

TEST(Loop, EvaluatesAndSavesOnItsCadence) {
  auto options = options_for(5);
  options.evaluate_every = 2;
  options.checkpoint_every = 3;
  LoopFixture run(options);
  run.scores = {0.5, 0.4, 0.6};
  run.loop->run();
  EXPECT_EQ(run.evaluated, (std::vector<int64_t>{2, 4, 5}));
  EXPECT_EQ(run.best_at, (std::vector<int64_t>{2, 5}));
  EXPECT_EQ(run.saved_at, (std::vector<int64_t>{3, 5}));
}

TEST(Loop, AStepThatIsNotFiniteLeavesNoTrace) {
  LoopFixture one(options_for(1)), two(options_for(2), /*nan_from=*/1);
  one.loop->run();
  two.loop->run();
  EXPECT_TRUE(two.records.at(1).skipped);
  EXPECT_EQ(two.loop->snapshot().step, 2);
  // The learning rate of step 0 is the same in both: the warm-up does not look at the end.
  expect_equal(one.loop->snapshot().weights, two.loop->snapshot().weights);
  expect_equal(one.loop->snapshot().average, two.loop->snapshot().average);
}

TEST(Loop, EndsWhenTooManyStepsInARowAreNotFinite) {
  auto options = options_for(100);
  options.max_skipped_steps = 3;
  LoopFixture run(options, /*nan_from=*/2);
  EXPECT_THAT(
      [&] { run.loop->run(); },
      ThrowsMessage<UserError>(AllOf(HasSubstr("4 steps in a row up to step 5"),
                                     HasSubstr("sign.nll"), HasSubstr("train.optimizer.lr"))));
}

TEST(Loop, HandsASkippedStepOnAsItWasBeforeIt) {
  LoopFixture one(options_for(1)), two(options_for(2), /*nan_from=*/1);
  one.loop->run();
  two.loop->run();
  EXPECT_EQ(two.skipped_at, std::vector<int64_t>{1});
  EXPECT_EQ(two.at_skip.step, 1);
  EXPECT_EQ(two.at_skip.skipped_in_a_row, 0);
  const auto before = one.loop->snapshot();
  expect_equal(two.at_skip.weights, before.weights);
  expect_equal(two.at_skip.average, before.average);
  expect_equal(two.at_skip.optimizer, before.optimizer);
}

TEST(Loop, ALossScaleOfAPowerOfTwoChangesNothing) {
  LoopFixture plain(options_for(3)), scaled(options_for(3), -1, torch::kCPU, GradScaler());
  plain.loop->run();
  scaled.loop->run();
  EXPECT_EQ(scaled.records[0].loss_scale, 65536);
  EXPECT_EQ(plain.records[0].loss_scale, 0);
  for (size_t i = 0; i < 3; ++i)
    EXPECT_NEAR(scaled.records[i].grad_norm, plain.records[i].grad_norm, 1e-5) << i;
  EXPECT_EQ(scaled.loop->snapshot().good_steps, 3);
}

TEST(Loop, ALossScaleThatIsTooLargeIsLoweredAndIsNoReasonToWorry) {
  auto options = options_for(8);
  options.max_skipped_steps = 0;
  LoopFixture run(options, -1, torch::kCPU, GradScaler());
  run.gradients_fit = [](double scale) { return scale <= 4096; };
  EXPECT_TRUE(run.loop->run());
  for (const auto& record : run.records) {
    EXPECT_EQ(record.rescaled, record.step < 4) << record.step;  // 65536, 32768, 16384, 8192
    EXPECT_EQ(record.skipped, record.step < 4) << record.step;
  }
  EXPECT_EQ(run.records.back().loss_scale, 4096);
  EXPECT_TRUE(run.skipped_at.empty());
  EXPECT_EQ(run.loop->snapshot().average_updates, 4);
  EXPECT_EQ(run.loop->snapshot().good_steps, 4);
}

TEST(Loop, GradientsThatNoLossScaleMendsEndTheRun) {
  auto options = options_for(100);
  options.max_skipped_steps = 2;
  LoopFixture run(options, -1, torch::kCPU, GradScaler());
  run.gradients_fit = [](double) { return false; };
  // Nine halvings lead to the floor of 128; from step 9 on steps count.
  EXPECT_THAT([&] { run.loop->run(); },
              ThrowsMessage<UserError>(AllOf(HasSubstr("3 steps in a row up to step 11"),
                                             HasSubstr("the gradient is not"))));
  EXPECT_EQ(run.skipped_at, (std::vector<int64_t>{9, 10, 11}));
  EXPECT_EQ(run.at_skip.loss_scale, 128);
}

TEST(Loop, ALossThatIsNotFiniteLeavesItsScale) {
  LoopFixture run(options_for(2), /*nan_from=*/1, torch::kCPU, GradScaler());
  run.loop->run();
  EXPECT_FALSE(run.records.at(1).rescaled);
  EXPECT_EQ(run.loop->snapshot().loss_scale, 65536);
}

TEST(Loop, AResumedRunGoesOnWithItsLossScale) {
  LoopFixture first(options_for(1), -1, torch::kCPU, GradScaler(512, 1999));
  first.loop->run();
  LoopFixture second(options_for(2), -1, torch::kCPU, GradScaler());
  second.loop->restore(first.loop->snapshot());
  second.loop->run();
  EXPECT_EQ(second.records.at(0).loss_scale, 1024);
  EXPECT_EQ(second.loop->snapshot().good_steps, 1);
}

TEST(Loop, AFrozenEncoderKeepsItsWeightsAndStatistics) {
  auto options = options_for(2);
  options.freeze = {"encoder"};
  LoopFixture run(options);
  models::StateDict before;
  for (const auto& [name, tensor] : models::state_dict(*run.model))
    before[name] = tensor.detach().clone();
  run.loop->run();
  int moved = 0;
  for (const auto& [name, tensor] : models::state_dict(*run.model)) {
    const bool equal = torch::equal(tensor, before.at(name));
    if (name.rfind("encoder", 0) == 0) {
      EXPECT_TRUE(equal) << name;
    }
    moved += !equal;
  }
  EXPECT_GT(moved, 0);
}

TEST(Loop, WhatTheWeightingLearnsIsOnTheModelsDevice) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "needs a GPU";
  auto options = options_for(1);
  options.weighting = "uncertainty";
  LoopFixture run(options, /*nan_from=*/-1, torch::kCUDA);
  const auto learnt = run.loop->snapshot().weighting;
  EXPECT_TRUE(learnt.at("log_variance_sign").is_cuda());
}

TEST(Loop, RefusesAPartToFreezeThatTheModelDoesNotHave) {
  auto options = options_for(1);
  options.freeze = {"heads.sing"};
  EXPECT_THAT([&] { LoopFixture run(options); },
              ThrowsMessage<ConfigError>(AllOf(HasSubstr("the model has no part 'heads.sing'"),
                                               HasSubstr("did you mean 'heads.sign'?"))));
}

TEST(Loop, RefusesToGoOnWithAnotherOptimizer) {
  auto options = options_for(1);
  options.optimizer.type = "sgd";
  LoopFixture first(options_for(1)), second(options);
  EXPECT_THAT([&] { second.loop->restore(first.loop->snapshot()); },
              ThrowsMessage<UserError>(HasSubstr(
                  "cannot resume: the checkpoint was made with train.optimizer.type=adamw")));
}

TEST(Loop, RefusesToLoseOrToInventAWeightAverage) {
  auto options = options_for(1);
  options.ema_decay = 0;
  LoopFixture averaged(options_for(1)), plain(options);
  EXPECT_THAT([&] { plain.loop->restore(averaged.loop->snapshot()); },
              ThrowsMessage<UserError>(HasSubstr("which train.ema_decay=0 would lose")));
  EXPECT_THAT([&] { averaged.loop->restore(plain.loop->snapshot()); },
              ThrowsMessage<UserError>(HasSubstr("has no weight average")));
}

TEST(Loop, RefusesACheckpointOfAnotherModel) {
  LoopFixture run(options_for(1));
  auto checkpoint = run.loop->snapshot();
  checkpoint.weights.erase("heads.sign.scores.bias");
  EXPECT_THAT([&] { run.loop->restore(checkpoint); },
              ThrowsMessage<UserError>(HasSubstr("heads.sign.scores.bias")));
}

}  // namespace
}  // namespace manyfold::train
