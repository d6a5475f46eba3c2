#include "pretrain/barlow_twins_objective.h"

#include <gtest/gtest.h>
#include <torch/optim/adam.h>

#include <cmath>

#include "losses/barlow_twins.h"
#include "tests/pretrain/views.h"

namespace manyfold::pretrain {
namespace {

/// Needs no weight average.
std::unique_ptr<Objective> objective_of(const PretrainOptions& options,
                                        const models::MultiTaskModel& student) {
  return make_objective(options, student, 100, []() -> const models::StateDict& {
    static const models::StateDict none;
    return none;
  });
}

TEST(BarlowTwinsObjective, ComparesTheTwoViewsOfEachPicture) {
  const auto options = small("barlow_twins");
  auto student = student_of(options, 1);
  const auto pictures = patterns(4, 2, 64);
  const auto terms = objective_of(options, student)->terms(batch_of(pictures), 0);
  ASSERT_EQ(terms.at(0).first, "barlow_twins");
  const auto rows = pictures.flatten(0, 1);
  const auto out = student->head(kHead, student->encode(rows)).at(0);
  const auto even = torch::arange(0, 8, 2), odd = even + 1;  // rows of the first and second view
  const auto expected =
      losses::barlow_twins(out.index_select(0, even), out.index_select(0, odd), 0.0051);
  EXPECT_NEAR(values_of(terms).at("loss"), expected.item<double>(), 1e-3);
}

TEST(BarlowTwinsObjective, KeepsNothingBesideTheModel) {
  const auto options = small("barlow_twins");
  EXPECT_EQ(objective_of(options, student_of(options, 1))->own(), nullptr);
}

// Unrelated views leave it at about 16, the numbers of the head.
TEST(BarlowTwinsObjective, LearnsWhatTwoViewsShare) {
  const auto options = small("barlow_twins");
  auto student = student_of(options, 1);
  const auto objective = objective_of(options, student);
  torch::optim::Adam adam(student->parameters(), torch::optim::AdamOptions(1e-3));
  const auto batch = batch_of(patterns(8, 2, 64));
  std::vector<double> losses;
  for (int64_t step = 0; step < 20; ++step) {
    adam.zero_grad();
    const auto terms = objective->terms(batch, step);
    losses.push_back(values_of(terms).at("loss"));
    ASSERT_TRUE(std::isfinite(losses.back()));
    terms[0].second[0].value.backward();
    adam.step();
  }
  EXPECT_GT(losses.front(), 4);
  EXPECT_LT(losses.back(), 1);
}

}  // namespace
}  // namespace manyfold::pretrain
