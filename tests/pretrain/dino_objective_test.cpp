#include "pretrain/dino_objective.h"

#include <gmock/gmock.h>
#include <torch/optim/adam.h>

#include <cmath>

#include "tests/errors.h"
#include "tests/pretrain/views.h"
#include "train/ema.h"

namespace manyfold::pretrain {
namespace {

using testing::HasSubstr;
using torch::Tensor;

constexpr int64_t kSteps = 100;

/// A student and another model of its kind in the place of its average.
struct Pair {
  explicit Pair(PretrainOptions made_with = small("dino"))
      : options(std::move(made_with)),
        student(student_of(options, 1)),
        other(student_of(options, 2)),
        average(models::state_dict(*other)) {
    for (auto& [name, tensor] : average) tensor = tensor.detach().clone();
    student->train();
  }
  std::unique_ptr<Objective> objective() {
    return make_objective(options, student, kSteps,
                          [this]() -> const models::StateDict& { return average; });
  }

  PretrainOptions options;
  models::MultiTaskModel student, other;
  models::StateDict average;
};

Tensor centre_of(Objective& objective) { return objective.own()->named_buffers()["centre"]; }

Tensor logits_of(models::MultiTaskModel& model, const Tensor& rows) {
  const torch::NoGradGuard no_grad;
  return model->head(kHead, model->encode(rows)).at(0);
}

/// Of large and small views, which go through the head as one batch.
std::pair<Tensor, Tensor> logits_of(models::MultiTaskModel& model, const Tensor& large,
                                    const Tensor& little) {
  const torch::NoGradGuard no_grad;
  const auto pooled = [&](const Tensor& rows) {
    return model->encode(rows).back().mean({2, 3}, /*keepdim=*/true);
  };
  const auto logits = model->head(kHead, {torch::cat({pooled(large), pooled(little)})}).at(0);
  return {logits.slice(0, 0, large.size(0)), logits.slice(0, large.size(0))};
}

/// The reference's loop over pairs, from logits of rows.
double loop_over_pairs(const Tensor& teacher, const Tensor& large, const Tensor& little) {
  const auto n = large.size(0) / 2;
  const auto p = (teacher / 0.04).softmax(1).view({n, 2, -1});
  const auto q =
      torch::cat({large.view({n, 2, -1}), little.view({n, little.size(0) / n, large.size(1)})}, 1);
  double sum = 0;
  int pairs = 0;
  for (int64_t g = 0; g < 2; ++g) {
    for (int64_t v = 0; v < q.size(1); ++v) {
      if (v == g) continue;
      const auto log_q = (q.select(1, v) / 0.1).log_softmax(1);
      sum -= (p.select(1, g) * log_q).sum(1).mean().item<double>();
      ++pairs;
    }
  }
  return sum / pairs;
}

class TeacherNorm : public testing::TestWithParam<const char*> {};

TEST_P(TeacherNorm, DecidesHowTheAverageTeachesEveryOtherView) {
  auto options = small("dino");
  options.dino.teacher_norm = GetParam();
  Pair pair(options);
  // Statistics that neither a batch nor a new model has.
  for (auto& [name, tensor] : pair.average) {
    if (name.find("running_var") != std::string::npos) tensor.fill_(2);
  }
  const auto pictures = patterns(3, 2, 64), crops = patterns(3, 4, 32);
  const auto values = values_of(pair.objective()->terms(batch_of(pictures, crops), kSteps));

  models::load_state(*pair.other, pair.average, "test");
  pair.other->train(options.dino.teacher_norm == "batch");
  const auto teacher = logits_of(pair.other, pictures.flatten(0, 1));
  const auto [large, little] =
      logits_of(pair.student, pictures.flatten(0, 1), crops.flatten(0, 1));
  EXPECT_NEAR(values.at("loss"), loop_over_pairs(teacher, large, little), 1e-4);
  const auto p = (teacher / 0.04).softmax(1);
  const double entropy = -(p * p.log()).sum(1).mean().item<double>();
  EXPECT_NEAR(values.at("entropy"), entropy, 1e-4);
  EXPECT_NEAR(values.at("divergence"), values.at("loss") - entropy, 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Both, TeacherNorm, testing::Values("batch", "average"));

TEST(DinoObjective, LearnsFromItsLossAlone) {
  Pair pair;
  const auto terms = pair.objective()->terms(batch_of(patterns(3, 2, 64)), kSteps);
  ASSERT_EQ(terms.size(), 1u);
  EXPECT_EQ(terms[0].first, "dino");
  std::map<std::string, double> weights;
  for (const auto& term : terms[0].second) {
    weights[term.name] = term.weight;
    EXPECT_EQ(term.value.requires_grad(), term.name == "loss") << term.name;
  }
  EXPECT_EQ(weights,
            (std::map<std::string, double>{
                {"divergence", 0}, {"entropy", 0}, {"loss", 1}, {"spread", 0}, {"used", 0}}));
}

TEST(DinoObjective, DoesWithoutSmallViews) {
  Pair pair;
  const auto pictures = patterns(3, 2, 64);
  const auto without = values_of(pair.objective()->terms(batch_of(pictures), kSteps));
  const auto none = torch::empty({3, 0, 3, 32, 32}, torch::kByte);
  EXPECT_EQ(values_of(pair.objective()->terms(batch_of(pictures, none), kSteps)), without);

  pair.other->train();
  const auto teacher = logits_of(pair.other, pictures.flatten(0, 1));
  const auto large = logits_of(pair.student, pictures.flatten(0, 1));
  EXPECT_NEAR(without.at("loss"), loop_over_pairs(teacher, large, large.slice(0, 0, 0)), 1e-4);
}

TEST(DinoObjective, MovesItsCentreAfterTheLoss) {
  Pair pair;
  const auto pictures = patterns(3, 2, 64);
  const auto objective = pair.objective();
  EXPECT_EQ(centre_of(*objective).abs().max().item<double>(), 0);
  objective->terms(batch_of(pictures), 0);
  pair.other->train();
  const auto mean = logits_of(pair.other, pictures.flatten(0, 1)).mean(0);
  EXPECT_TRUE(torch::allclose(centre_of(*objective), 0.1 * mean, 1e-4, 1e-6));
}

TEST(DinoObjective, TheStatisticsAreThoseOfLargeViews) {
  Pair with, without;
  auto batch = batch_of(patterns(3, 2, 64));
  without.objective()->terms(batch, 0);
  batch.crops = patterns(3, 2, 64) / 3;
  with.objective()->terms(batch, 0);
  for (const auto& buffer : without.student->encoder().named_buffers()) {
    if (buffer.key().find("running") == std::string::npos) continue;
    EXPECT_TRUE(torch::equal(with.student->encoder().named_buffers()[buffer.key()], buffer.value()))
        << buffer.key();
  }
}

TEST(DinoObjective, GoesOnFromItsOwnStateAndTheAverage) {
  Pair pair;
  const auto first = batch_of(patterns(3, 2, 64)), second = batch_of(patterns(3, 2, 64) / 2);
  const auto whole = pair.objective();
  whole->terms(first, 0);
  const auto resumed = pair.objective();
  models::load_state(*resumed->own(), models::state_dict(*whole->own()), "test");
  const auto expected = values_of(whole->terms(second, 1));
  EXPECT_EQ(values_of(resumed->terms(second, 1)), expected);
  EXPECT_NE(values_of(pair.objective()->terms(second, 1)), expected);
}

TEST(DinoObjective, FreezesThePrototypesAtFirst) {
  auto options = small("dino");
  options.dino.freeze_last = 0.02;  // of 100 steps
  Pair pair(options);
  const auto objective = pair.objective();
  const auto batch = batch_of(patterns(3, 2, 64));
  for (const int64_t step : {0, 1, 2}) {
    pair.student->zero_grad();
    objective->terms(batch, step)[0].second[0].value.backward();
    const auto gradient = pair.student->named_parameters()["heads.projection.prototypes"].grad();
    EXPECT_EQ(gradient.defined(), step == 2) << step;
  }
}

TEST(DinoObjective, WantsAnAverage) {
  Pair pair;
  pair.average.clear();
  const auto objective = pair.objective();
  EXPECT_THAT(error_of([&] { objective->terms(batch_of(patterns(3, 2, 64)), 0); }),
              HasSubstr("train.ema_decay"));
}

TEST(DinoObjective, WantsTwoViews) {
  Pair pair;
  EXPECT_THROW(pair.objective()->terms(batch_of(patterns(3, 1, 64)), 0), c10::Error);
}

TEST(TeacherTemperature, GoesLinearlyToItsLast) {
  DinoOptions options;
  options.first_teacher_temperature = 0.02;
  options.teacher_temperature = 0.06;
  options.temperature_warmup = 0.5;
  EXPECT_NEAR(teacher_temperature(options, 0, 100), 0.02, 1e-12);
  EXPECT_NEAR(teacher_temperature(options, 25, 100), 0.04, 1e-12);
  EXPECT_NEAR(teacher_temperature(options, 50, 100), 0.06, 1e-12);
  EXPECT_NEAR(teacher_temperature(options, 99, 100), 0.06, 1e-12);
  options.temperature_warmup = 0;
  EXPECT_NEAR(teacher_temperature(options, 0, 100), 0.06, 1e-12);
}

// Eight pictures that two views show alike can be told apart, so the loss falls far below ln 64 =
// 4.16, which is where not looking at them would leave it; and not by naming one prototype always.
TEST(DinoObjective, TellsAFewPicturesApart) {
  const auto options = small("dino");
  auto student = student_of(options, 1);
  train::WeightAverage average(*student, train::AverageSchedule{0.9, /*cosine=*/true, kSteps});
  const auto objective = make_objective(
      options, student, kSteps, [&]() -> const models::StateDict& { return average.weights(); });
  torch::optim::Adam adam(student->parameters(), torch::optim::AdamOptions(3e-4));
  const auto batch = batch_of(patterns(8, 2, 64));
  std::map<std::string, double> values;
  for (int64_t step = 0; step < 40; ++step) {
    adam.zero_grad();
    const auto terms = objective->terms(batch, step);
    values = values_of(terms);
    for (const auto& [name, value] : values) ASSERT_TRUE(std::isfinite(value)) << name;
    terms[0].second[0].value.backward();
    adam.step();
    average.update(*student);
  }
  EXPECT_LT(values.at("loss"), 1);
  EXPECT_GE(values.at("used"), 4. / 16);
  EXPECT_GT(values.at("spread"), 0.3);
}

}  // namespace
}  // namespace manyfold::pretrain
