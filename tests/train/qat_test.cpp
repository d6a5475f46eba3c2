#include "train/qat.h"

#include <gmock/gmock.h>
#include <torch/optim/adam.h>

#include "tests/train/tasks/options.h"
#include "tests/train/tiny_model.h"
#include "train/loop.h"
#include "train/supervised.h"

namespace manyfold::train {
namespace {

using quantise::Mode;
using quantise::QatOptions;
using torch::Tensor;

constexpr int kSide = 16;

/// The coloured pictures, a little brighter with every step and than in calibration, and their
/// classes.
data::Batch batch_of(int64_t step) {
  data::Batch batch;
  batch.pictures = (coloured_pictures() + 3 * (step + 1)).unsqueeze(1);
  batch.labels["sign"].present = torch::ones({6}, torch::kBool);
  batch.labels["sign"].index = colour_classes();
  batch.origins.resize(6);
  batch.step = step;
  return batch;
}

/// The tiny model in int8. Its teacher is the model as it was.
struct Job {
  explicit Job(const QatOptions& options, int64_t steps, bool calibrated = true) {
    tasks.emplace_back("sign", config::read<TaskOptions>(config::parse_yaml(
                                   "{type: classification, classes: [a, b, c]}", "task.yaml")));
    float_model.model->eval();
    teacher = forward_of(float_model.model);
    distill = {options.distill, options.temperature};
    quantise::QuantiseOptions quantisation;
    quantisation.observer = "minmax";
    quantised =
        make_quantised(tiny.model, tasks, {kSide, kSide}, quantisation, options.learned_steps);
    if (calibrated) calibrate();
    schedule = std::make_unique<QatSchedule>(tiny.model, quantised, cv::Size(kSide, kSide), options,
                                             steps);
    tiny.model->train();
  }

  void calibrate() {
    tiny.model->eval();
    quantised->calibrate({{{"pictures", coloured_pictures().repeat({3, 1, 1, 1})}}});
    tiny.model->train();
  }
  Tensor run(int64_t step, const Tensor& pictures) {
    const auto& forward = schedule->training(step);
    return forward.head("sign", forward.encode(pictures), {}).at(0);
  }
  TaskTerms terms(const data::Batch& batch, int64_t step) {
    const auto lessons =
        imitation_lessons("float_model", teacher, tasks, batch, distill.first, distill.second);
    auto all = supervised_terms(schedule->training(step), tasks, batch, lessons);
    schedule->follow();
    return all;
  }
  std::map<std::string, quantise::Range> ranges() const {
    std::map<std::string, quantise::Range> all;
    for (const auto& [name, quantiser] : quantised->quantisers().activations)
      all[name] = quantiser->range();
    return all;
  }

  TinyModel tiny, float_model;
  Tasks tasks;
  Forward teacher;
  std::pair<double, double> distill;  // weight and temperature
  std::shared_ptr<quantise::QuantisedModel> quantised;
  std::unique_ptr<QatSchedule> schedule;
};

/// The modes of all quantisers, which must agree, and whether ranges follow.
std::pair<Mode, bool> state_of(const Job& job) {
  const auto& [activations, weights] = job.quantised->quantisers();
  const std::pair<Mode, bool> state{activations.begin()->second->mode,
                                    activations.begin()->second->following};
  for (const auto& [name, each] : activations)
    EXPECT_TRUE(each->mode == state.first && each->following == state.second) << name;
  for (const auto& [name, each] : weights) EXPECT_EQ(each->mode, state.first) << name;
  return state;
}

TEST(QatSchedule, ObservesThenRoundsThenFreezesRanges) {
  QatOptions options;
  options.observe_steps = 2;
  options.freeze_ranges = 0.5;
  Job job(options, 10);
  for (int64_t step = 0; step < 10; ++step) {
    job.schedule->training(step);
    EXPECT_EQ(state_of(job), std::make_pair(step < 2 ? Mode::off : Mode::quantise, step < 5))
        << step;
  }
}

TEST(QatSchedule, ObservesAlsoWhereRangesDoNotFollowAfterwards) {
  QatOptions frozen, learned;
  frozen.observe_steps = learned.observe_steps = 2;
  frozen.freeze_ranges = 0;
  learned.learned_steps = true;
  for (const auto& options : {frozen, learned}) {
    Job job(options, 10);
    job.schedule->training(1);
    EXPECT_EQ(state_of(job), std::make_pair(Mode::off, true));
    job.schedule->training(2);
    EXPECT_EQ(state_of(job), std::make_pair(Mode::quantise, false));
  }
}

TEST(QatSchedule, MovesRangesByTheMomentumUntilTheyFreeze) {
  QatOptions options;
  options.observe_steps = 1;
  options.momentum = 0.25;
  Job job(options, 10);
  const auto pictures = 255 - coloured_pictures();  // not those of the calibration
  const auto before = job.ranges();
  job.run(0, pictures);
  EXPECT_EQ(job.ranges(), before) << "they stand still within a step";
  job.schedule->follow();
  const auto after = job.ranges();
  const torch::NoGradGuard no_grad;
  const graph::Replay replay(job.quantised->float_graph());
  for (const auto& [name, range] : before) {
    const auto value = replay.run({{"pictures", pictures}}, {name})[0];
    const double low = std::min(value.min().item<double>(), 0.0);
    const double high = std::max(value.max().item<double>(), 0.0);
    EXPECT_NEAR(after.at(name).first, range.first + 0.25 * (low - range.first), 1e-5) << name;
    EXPECT_NEAR(after.at(name).second, range.second + 0.25 * (high - range.second), 1e-5) << name;
  }
  job.run(4, pictures);
  job.schedule->follow();
  const auto last = job.ranges();
  EXPECT_NE(last, after);
  job.run(5, pictures);
  job.schedule->follow();
  EXPECT_EQ(job.ranges(), last);
}

TEST(QatSchedule, LiveBatchNormTrainsAsTheModuleDoesUntilItIsFolded) {
  QatOptions options;
  options.batch_norm = "live";
  options.freeze_norms = 0.4;
  options.observe_steps = 1;
  Job job(options, 10);
  TinyModel twin;
  const auto pictures = coloured_pictures();
  const auto expected = twin.model->forward(pictures).at("sign").at(0);
  EXPECT_TRUE(torch::allclose(job.run(0, pictures), expected, 1e-4, 1e-5));
  const auto& bn = job.tiny.encoder->bn;
  EXPECT_TRUE(torch::allclose(bn->running_mean, twin.encoder->bn->running_mean, 1e-4, 1e-6));
  EXPECT_TRUE(torch::allclose(bn->running_var, twin.encoder->bn->running_var, 1e-4, 1e-6));
  EXPECT_EQ(bn->num_batches_tracked.item<int64_t>(), 1);

  const auto mean = bn->running_mean.clone();
  job.run(3, pictures).sum().backward();
  EXPECT_FALSE(torch::equal(bn->running_mean, mean));
  EXPECT_TRUE(job.tiny.encoder->stem->weight.grad().defined());
  const auto last = bn->running_mean.clone();
  job.run(4, pictures);
  EXPECT_TRUE(torch::equal(bn->running_mean, last));
  EXPECT_EQ(bn->num_batches_tracked.item<int64_t>(), 2);
}

TEST(QatSchedule, EveryRangeFollowsWithLiveBatchNorm) {
  QatOptions options;
  options.batch_norm = "live";
  Job job(options, 10);
  for (const auto& [name, quantiser] : job.quantised->quantisers().activations)
    quantiser->set_range({-100, 100});
  job.run(0, coloured_pictures());
  job.schedule->follow();
  for (const auto& [name, range] : job.ranges()) EXPECT_LT(range.second, 100) << name;
}

LoopOptions options_for(int64_t steps) {
  LoopOptions options;
  options.steps = steps;
  options.evaluate_every = 0;
  options.checkpoint_every = 0;
  options.schedule.warmup_steps = 1;
  return options;
}

/// A job in the training loop.
struct Training : Job {
  Training(const QatOptions& qat, const LoopOptions& options, bool calibrated = true)
      : Job(qat, options.steps, calibrated) {
    LoopHooks hooks;
    hooks.batch = batch_of;
    hooks.objective = [this](const data::Batch& batch, int64_t step) { return terms(batch, step); };
    hooks.logged = [this](const StepRecord& record) { losses.push_back(record.loss); };
    hooks.save = [](const Checkpoint&, bool) {};
    hooks.stop = [this] { return loop->steps_done() == stop_after; };
    loop = std::make_unique<Loop>(options, 5, tiny.model,
                                  std::map<std::string, double>{{"sign", 1.0}}, std::move(hooks));
  }
  std::unique_ptr<Loop> loop;
  std::vector<double> losses;
  int64_t stop_after = -1;
};

void expect_equal(const models::StateDict& a, const models::StateDict& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, tensor] : a) EXPECT_TRUE(torch::equal(tensor, b.at(name))) << name;
}

class QatResume : public testing::TestWithParam<bool> {};

// Step 0 observes, statistics freeze at step 3 of 6, ranges at step 5.
TEST_P(QatResume, RepeatsAnUninterruptedRunBitForBit) {
  QatOptions qat;
  qat.observe_steps = 1;
  qat.batch_norm = "live";
  qat.freeze_ranges = 0.7;
  qat.learned_steps = GetParam();
  for (const int64_t stop : {1, 2, 4}) {
    Training whole(qat, options_for(6)), first(qat, options_for(6));
    Training second(qat, options_for(6), /*calibrated=*/false);
    EXPECT_TRUE(whole.loop->run());
    first.stop_after = stop;
    EXPECT_FALSE(first.loop->run());
    {
      const torch::NoGradGuard no_grad;
      for (auto& parameter : second.tiny.model->parameters()) parameter.mul_(0.5);
    }
    second.loop->restore(first.loop->snapshot());
    EXPECT_TRUE(second.loop->run());

    const auto expected = whole.loop->snapshot(), found = second.loop->snapshot();
    expect_equal(expected.weights, found.weights);
    expect_equal(expected.average, found.average);
    expect_equal(expected.optimizer, found.optimizer);
    EXPECT_EQ(whole.losses.back(), second.losses.back());
  }
}

INSTANTIATE_TEST_SUITE_P(LearnedSteps, QatResume, testing::Bool());

TEST(Qat, TheWeightAverageHoldsRanges) {
  QatOptions qat;
  qat.momentum = 0.5;
  Training run(qat, options_for(1));
  models::StateDict before;
  for (const auto& [name, tensor] : models::state_dict(*run.tiny.model))
    before[name] = tensor.detach().clone();
  run.loop->run();
  const auto found = run.loop->snapshot();
  int moved = 0;
  for (const auto& [name, range] : found.weights) {
    if (name.rfind("quantisers.", 0) != 0 || name.find(".range") == std::string::npos) continue;
    moved += !torch::equal(range, before.at(name));
    // The first update weighs the new state by 0.9.
    EXPECT_TRUE(
        torch::allclose(found.average.at(name), 0.1 * before.at(name) + 0.9 * range, 1e-5, 1e-6))
        << name;
  }
  EXPECT_GT(moved, 0);
}

TEST(Qat, DistillationPullsTheOutputsToTheTeachers) {
  QatOptions qat;
  qat.distill = 0.7;
  Job job(qat, 60, /*calibrated=*/false);
  auto& scores = job.tiny.head->scores;
  {
    const torch::NoGradGuard no_grad;
    scores->bias.add_(torch::tensor({2.0F, -2.0F, 0.0F}));
  }
  job.calibrate();
  torch::optim::Adam optimizer(scores->parameters(), torch::optim::AdamOptions(0.05));
  double first = 0, last = 0;
  for (int64_t step = 0; step < 60; ++step) {
    const auto terms = job.terms(batch_of(0), step);
    const auto& imitation = terms.at(0).second.at(1);
    EXPECT_EQ(imitation.name, "float_model");
    EXPECT_EQ(imitation.weight, 0.7);
    optimizer.zero_grad();
    imitation.value.backward();
    optimizer.step();
    last = imitation.value.item<double>();
    if (step == 0) first = last;
  }
  EXPECT_LT(last, 0.2 * first);
  for (const auto& parameter : job.float_model.model->parameters())
    EXPECT_FALSE(parameter.grad().defined());
}

class QatOverfits : public testing::TestWithParam<bool> {};

TEST_P(QatOverfits, OneBatch) {
  QatOptions qat;
  qat.learned_steps = GetParam();
  qat.freeze_ranges = 1;
  qat.momentum = 0.1;
  Job job(qat, 300);
  torch::optim::Adam optimizer(job.tiny.model->parameters(), torch::optim::AdamOptions(0.02));
  const auto batch = batch_of(0);
  double first = 0, last = 0;
  for (int64_t step = 0; step < 300; ++step) {
    const auto loss = job.terms(batch, step).at(0).second.at(0).value;
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    last = loss.item<double>();
    if (step == 0) first = last;
  }
  EXPECT_LT(last, 0.3 * first);

  // As the device computes it.
  job.tiny.model->eval();
  const torch::NoGradGuard no_grad;
  const auto outputs =
      graph::Replay(job.quantised->integer()).run({{"pictures", batch.pictures.flatten(0, 1)}});
  EXPECT_LT(torch::cross_entropy_loss(outputs.at(0), colour_classes()).item<double>(), 0.5 * first);
}

INSTANTIATE_TEST_SUITE_P(LearnedSteps, QatOverfits, testing::Bool());

}  // namespace
}  // namespace manyfold::train
