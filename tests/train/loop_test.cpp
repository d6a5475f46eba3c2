#include "train/loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/cuda.h>

#include <cmath>

#include "common/error.h"
#include "models/encoders.h"
#include "models/heads.h"

namespace manyfold::train {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

models::MultiTaskModel small_model() {
  torch::manual_seed(1);
  const auto encoder = models::encoders().at("edge_200k")(models::Stem::conv);
  models::HeadOptions options;
  options.classes = 3;
  return models::MultiTaskModel(
      encoder, std::vector<std::pair<std::string, std::shared_ptr<models::Head>>>{
                   {"sign", models::heads().at("classification")(encoder->features(), options)}});
}

/// Pictures and classes that depend on the step alone.
data::Batch batch_of(int64_t step) {
  const auto generator = at::detail::createCPUGenerator(static_cast<uint64_t>(step) + 7);
  data::Batch batch;
  batch.pictures = torch::randint(0, 256, {4, 1, 3, 32, 32}, generator, torch::kByte);
  batch.labels["sign"].present = torch::ones({4}, torch::kBool);
  batch.labels["sign"].index = torch::randint(0, 3, {4}, generator, torch::kLong);
  batch.origins.resize(4);
  batch.step = step;
  return batch;
}

/// A loop over the batches above that keeps what it was told.
struct Fixture {
  explicit Fixture(LoopOptions options = {}, int64_t nan_from = -1,
                   torch::Device device = torch::kCPU, std::optional<GradScaler> scaler = {})
      : model(small_model()) {
    model->to(device);
    options.schedule.warmup_steps = 2;
    LoopHooks hooks;
    hooks.batch = batch_of;
    hooks.objective = [this, nan_from](const data::Batch& batch, int64_t) -> TaskTerms {
      auto features = model->encode(batch.pictures.flatten(0, 1));
      // Dropout: what LibTorch draws must be repeated by a resumed run as well.
      for (auto& feature : features) feature = torch::dropout(feature, 0.2, true);
      auto loss = torch::nll_loss(model->head("sign", features).at(0).log_softmax(1),
                                  batch.labels.at("sign").index);
      if (nan_from >= 0 && batch.step >= nan_from) loss = loss * std::nan("");
      if (gradients_fit) {
        loss.register_hook([this](const torch::Tensor& gradient) {
          return gradients_fit(gradient.item<double>()) ? gradient : gradient * INFINITY;
        });
      }
      return {{"sign", {{"nll", loss}}}};
    };
    hooks.logged = [this](const StepRecord& record) { records.push_back(record); };
    hooks.skipped = [this](const StepRecord& record, const data::Batch& batch) {
      skipped_at.push_back(record.step);
      EXPECT_EQ(batch.step, record.step);
      at_skip = loop->snapshot();
      for (auto* state : {&at_skip.weights, &at_skip.average, &at_skip.optimizer}) {
        for (auto& [name, tensor] : *state) tensor = tensor.detach().clone();
      }
    };
    hooks.evaluate = [this](int64_t steps) {
      evaluated.push_back(steps);
      return scores.empty() ? 0 : scores.at(evaluated.size() - 1);
    };
    hooks.save = [this](const Checkpoint& checkpoint, bool best) {
      if (best) best_at.push_back(checkpoint.step);
      if (!best) saved_at.push_back(checkpoint.step);
    };
    hooks.stop = [this] { return stop_after >= 0 && loop->steps_done() >= stop_after; };
    loop = std::make_unique<Loop>(options, 5, model, std::map<std::string, double>{{"sign", 1.0}},
                                  std::move(hooks), scaler);
  }

  models::MultiTaskModel model;
  std::unique_ptr<Loop> loop;
  std::vector<StepRecord> records;
  std::vector<int64_t> evaluated, best_at, saved_at, skipped_at;
  Checkpoint at_skip;                         // the last snapshot that `skipped` took
  std::function<bool(double)> gradients_fit;  // by the gradient of the loss, which is its scale
  std::vector<double> scores;
  int64_t stop_after = -1;
};

LoopOptions options_for(int64_t steps) {
  LoopOptions options;
  options.steps = steps;
  options.evaluate_every = 0;
  options.checkpoint_every = 0;
  return options;
}

void expect_equal(const models::StateDict& a, const models::StateDict& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, tensor] : a) EXPECT_TRUE(torch::equal(tensor, b.at(name))) << name;
}

class Resume : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(Resume, RepeatsAnUninterruptedRunBitForBit) {
  auto options = options_for(6);
  options.optimizer.type = GetParam().first;
  options.weighting = GetParam().second;
  Fixture whole(options), first(options), second(options);
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
  Fixture run(options);
  run.scores = {0.5, 0.4, 0.6};
  run.loop->run();
  EXPECT_EQ(run.evaluated, (std::vector<int64_t>{2, 4, 5}));
  EXPECT_EQ(run.best_at, (std::vector<int64_t>{2, 5}));
  EXPECT_EQ(run.saved_at, (std::vector<int64_t>{3, 5}));
}

TEST(Loop, AStepThatIsNotFiniteLeavesNoTrace) {
  Fixture one(options_for(1)), two(options_for(2), /*nan_from=*/1);
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
  Fixture run(options, /*nan_from=*/2);
  EXPECT_THAT(
      [&] { run.loop->run(); },
      ThrowsMessage<UserError>(AllOf(HasSubstr("4 steps in a row up to step 5"),
                                     HasSubstr("sign.nll"), HasSubstr("train.optimizer.lr"))));
}

TEST(Loop, HandsASkippedStepOnAsItWasBeforeIt) {
  Fixture one(options_for(1)), two(options_for(2), /*nan_from=*/1);
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
  Fixture plain(options_for(3)), scaled(options_for(3), -1, torch::kCPU, GradScaler());
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
  Fixture run(options, -1, torch::kCPU, GradScaler());
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
  Fixture run(options, -1, torch::kCPU, GradScaler());
  run.gradients_fit = [](double) { return false; };
  // Nine halvings lead to the floor of 128; from step 9 on steps count.
  EXPECT_THAT([&] { run.loop->run(); },
              ThrowsMessage<UserError>(AllOf(HasSubstr("3 steps in a row up to step 11"),
                                             HasSubstr("the gradient is not"))));
  EXPECT_EQ(run.skipped_at, (std::vector<int64_t>{9, 10, 11}));
  EXPECT_EQ(run.at_skip.loss_scale, 128);
}

TEST(Loop, ALossThatIsNotFiniteLeavesItsScale) {
  Fixture run(options_for(2), /*nan_from=*/1, torch::kCPU, GradScaler());
  run.loop->run();
  EXPECT_FALSE(run.records.at(1).rescaled);
  EXPECT_EQ(run.loop->snapshot().loss_scale, 65536);
}

TEST(Loop, AResumedRunGoesOnWithItsLossScale) {
  Fixture first(options_for(1), -1, torch::kCPU, GradScaler(512, 1999));
  first.loop->run();
  Fixture second(options_for(2), -1, torch::kCPU, GradScaler());
  second.loop->restore(first.loop->snapshot());
  second.loop->run();
  EXPECT_EQ(second.records.at(0).loss_scale, 1024);
  EXPECT_EQ(second.loop->snapshot().good_steps, 1);
}

TEST(Loop, AFrozenEncoderKeepsItsWeightsAndStatistics) {
  auto options = options_for(2);
  options.freeze = {"encoder"};
  Fixture run(options);
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
  Fixture run(options, /*nan_from=*/-1, torch::kCUDA);
  const auto learnt = run.loop->snapshot().weighting;
  EXPECT_TRUE(learnt.at("log_variance_sign").is_cuda());
}

TEST(Loop, RefusesAPartToFreezeThatTheModelDoesNotHave) {
  auto options = options_for(1);
  options.freeze = {"heads.sing"};
  EXPECT_THAT([&] { Fixture run(options); },
              ThrowsMessage<ConfigError>(AllOf(HasSubstr("the model has no part 'heads.sing'"),
                                               HasSubstr("did you mean 'heads.sign'?"))));
}

TEST(Loop, RefusesToGoOnWithAnotherOptimizer) {
  auto options = options_for(1);
  options.optimizer.type = "sgd";
  Fixture first(options_for(1)), second(options);
  EXPECT_THAT([&] { second.loop->restore(first.loop->snapshot()); },
              ThrowsMessage<UserError>(HasSubstr(
                  "cannot resume: the checkpoint was made with train.optimizer.type=adamw")));
}

TEST(Loop, RefusesToLoseOrToInventAWeightAverage) {
  auto options = options_for(1);
  options.ema_decay = 0;
  Fixture averaged(options_for(1)), plain(options);
  EXPECT_THAT([&] { plain.loop->restore(averaged.loop->snapshot()); },
              ThrowsMessage<UserError>(HasSubstr("which train.ema_decay=0 would lose")));
  EXPECT_THAT([&] { averaged.loop->restore(plain.loop->snapshot()); },
              ThrowsMessage<UserError>(HasSubstr("has no weight average")));
}

TEST(Loop, RefusesACheckpointOfAnotherModel) {
  Fixture run(options_for(1));
  auto checkpoint = run.loop->snapshot();
  checkpoint.weights.erase("heads.sign.scores.bias");
  EXPECT_THAT([&] { run.loop->restore(checkpoint); },
              ThrowsMessage<UserError>(HasSubstr("heads.sign.scores.bias")));
}

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
  Fixture fixture(options);
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
  Fixture whole(options);
  whole.scores = scores;
  whole.loop->run();
  EXPECT_EQ(whole.best_at, (std::vector<int64_t>{2, 4, 6}));

  for (const int64_t stop : {4, 5, 7}) {  // resumed at the end of a, and inside b
    Fixture first(options), second(options);
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
  Fixture fixture(options);
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
  Fixture whole(options);
  whole.loop->run();
  for (const int64_t stop : {1, 3, 5, 6, 8}) {
    Fixture first(options);
    first.stop_after = stop;
    first.loop->run();
    Fixture second(options);
    second.loop->restore(first.loop->snapshot());
    second.loop->run();
    expect_equal(second.loop->snapshot().weights, whole.loop->snapshot().weights);
    expect_equal(second.loop->snapshot().optimizer, whole.loop->snapshot().optimizer);
  }
}

TEST(Phases, NameWhatTheModelHasNot) {
  auto options = options_for(4);
  options.phases = {{"stills", phase_of(1, {"temporal"})}};
  EXPECT_THAT([&] { Fixture fixture(options); },
              ThrowsMessage<ConfigError>(
                  AllOf(HasSubstr("train.phases.stills.freeze"), HasSubstr("no part 'temporal'"))));
  options.phases = {{"all", phase_of(1, {"encoder", "heads"})}};
  EXPECT_THAT([&] { Fixture fixture(options); },
              ThrowsMessage<ConfigError>(HasSubstr("train.phases.all: nothing learns")));
  options.phases = {{"stills", phase_of(1)}};
  options.phases[0].second.weights = {{"face", {}}};
  EXPECT_THAT([&] { Fixture fixture(options); },
              ThrowsMessage<ConfigError>(HasSubstr("train.phases.stills.weights.face")));
}

}  // namespace
}  // namespace manyfold::train
