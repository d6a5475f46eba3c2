#include "pretrain/collapse.h"

#include <gmock/gmock.h>

#include <cmath>

#include "tests/errors.h"

namespace manyfold::pretrain {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Terms = std::map<std::string, double>;

PretrainOptions impatient(const std::string& method = "dino") {
  PretrainOptions options;
  options.method = method;
  options.alarms.patience = 4;
  options.alarms.grace = 10;
  return options;
}

// Of 1024 prototypes: ln 1024 = 6.9315.
const Terms kHealthy = {{"dino.loss", 4.2},
                        {"dino.entropy", 3.9},
                        {"dino.divergence", 0.3},
                        {"dino.spread", 0.6},
                        {"dino.used", 0.4}};

Terms with(const Terms& changes) {
  auto terms = kHealthy;
  for (const auto& [name, value] : changes) terms[name] = value;
  return terms;
}

const Terms kUniform = with({{"dino.entropy", 6.93}, {"dino.divergence", 0.001}});
const Terms kConstant = with({{"dino.entropy", 0.05}, {"dino.used", 1. / 128}});
const Terms kFlat = with({{"dino.spread", 0.1}});

/// What the watch says of the same terms at the steps from `first` up to, without, `end`.
std::string error_after(CollapseWatch& watch, const Terms& terms, int64_t first, int64_t end) {
  return error_of([&] {
    for (int64_t step = first; step < end; ++step) watch.observe(step, terms);
  });
}

TEST(CollapseWatch, WarnsOnceAndThenEndsTheRun) {
  CollapseWatch watch(impatient());
  EXPECT_EQ(watch.observe(20, kUniform), "");
  EXPECT_THAT(watch.observe(21, kUniform), HasSubstr("looks as if it has collapsed to uniform"));
  EXPECT_EQ(watch.observe(22, kUniform), "");
  EXPECT_THAT(error_of([&] { watch.observe(23, kUniform); }),
              AllOf(HasSubstr("collapsed to uniform"), HasSubstr("for 4 steps up to step 23"),
                    HasSubstr("dino.entropy = 6.93"),
                    HasSubstr("Lower pretrain.teacher_temperature (now 0.02"),
                    HasSubstr("pretrain.alarms.patience=0")));
}

TEST(CollapseWatch, TellsTheKindsApart) {
  CollapseWatch constant(impatient()), flat(impatient());
  EXPECT_THAT(
      error_after(constant, kConstant, 10, 14),
      AllOf(HasSubstr("collapsed to a constant"), HasSubstr("Raise pretrain.teacher_temperature"),
            HasSubstr("pretrain.centre_momentum (now 0.9)")));
  EXPECT_THAT(error_after(flat, kFlat, 10, 14),
              AllOf(HasSubstr("collapsed in its features"), HasSubstr("train.optimizer.lr")));
}

TEST(CollapseWatch, LooksAtTheFeaturesOfBarlowTwins) {
  CollapseWatch watch(impatient("barlow_twins"));
  EXPECT_THAT(error_after(watch, {{"barlow_twins.spread", 0.1}}, 10, 14),
              AllOf(HasSubstr("collapsed in its features"), HasSubstr("pretrain.off_diagonal")));
}

TEST(CollapseWatch, LetsHealthyRunsGoOn) {
  // Some pictures learnt by heart: the teacher is sure, of different prototypes.
  const auto by_heart = with({{"dino.entropy", 0.0}, {"dino.divergence", 0.003}});
  // Near uniform, and the student is still behind.
  const auto early = with({{"dino.entropy", 6.92}, {"dino.divergence", 0.4}});
  for (const auto& terms : {kHealthy, by_heart, early}) {
    CollapseWatch watch(impatient());
    EXPECT_EQ(error_after(watch, terms, 0, 1000), "no error");
  }
}

TEST(CollapseWatch, CountsStepsInARow) {
  CollapseWatch watch(impatient());
  EXPECT_EQ(error_after(watch, kUniform, 10, 13), "no error");
  watch.observe(13, kHealthy);
  EXPECT_EQ(error_after(watch, kUniform, 14, 17), "no error");
  EXPECT_NE(error_after(watch, kUniform, 17, 18), "no error");
}

TEST(CollapseWatch, DoesNotCountTheFirstSteps) {
  CollapseWatch watch(impatient());
  EXPECT_EQ(error_after(watch, kUniform, 0, 13), "no error");
  EXPECT_NE(error_after(watch, kUniform, 13, 14), "no error");
}

TEST(CollapseWatch, IsOffWithoutPatience) {
  auto options = impatient();
  options.alarms.patience = 0;
  CollapseWatch watch(options);
  EXPECT_EQ(error_after(watch, kUniform, 0, 1000), "no error");
}

TEST(CollapseWatch, PassesOverWhatIsMissingOrNoNumber) {
  CollapseWatch watch(impatient());
  EXPECT_EQ(error_after(watch, {}, 10, 100), "no error");
  EXPECT_EQ(error_after(watch, {{"dino.spread", NAN}, {"dino.entropy", NAN}}, 10, 100), "no error");
}

}  // namespace
}  // namespace manyfold::pretrain
