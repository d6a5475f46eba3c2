#include "report/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <sstream>

namespace manyfold::report {
namespace {

using testing::HasSubstr;
using testing::Not;

ProgressState example() {
  ProgressState state;
  state.name = "train";
  state.step = 1200;
  state.total = 4000;
  state.images_per_second = 105.7;
  state.losses = {{"loss/total", 1.2345}, {"loss/person", 0.41}, {"loss/hands", 0.02}};
  state.lr = 9.8e-4;
  state.waiting = 0.031;
  state.seconds_left = 312;
  return state;
}

TEST(ProgressLine, TellsAllOfItWhereThereIsRoom) {
  EXPECT_EQ(progress_line(example()),
            "train 1200/4000  30%  106 img/s  loss 1.23 (person 0.41 hands 0.02)  lr 9.8e-04  "
            "data 3%  5:12 left");
}

TEST(ProgressLine, GivesUpTheLeastImportantFirst) {
  const ProgressState state = example();
  EXPECT_EQ(progress_line(state, 80),
            "train 1200/4000  30%  106 img/s  loss 1.23  lr 9.8e-04  data 3%  5:12 left");
  EXPECT_EQ(progress_line(state, 70),
            "train 1200/4000  30%  106 img/s  loss 1.23  lr 9.8e-04  5:12 left");
  EXPECT_EQ(progress_line(state, 60), "train 1200/4000  30%  106 img/s  loss 1.23  5:12 left");
  EXPECT_EQ(progress_line(state, 45), "train 1200/4000  30%  loss 1.23  5:12 left");
  EXPECT_EQ(progress_line(state, 20), "train 1200/4000  30%");
}

TEST(ProgressLine, IsNeverWiderThanTheTerminal) {
  for (int width = 1; width < 120; ++width) {
    EXPECT_LE(progress_line(example(), width).size(), static_cast<size_t>(width));
  }
}

TEST(ProgressLine, LeavesOutWhatIsNotKnown) {
  ProgressState state;
  state.name = "evaluate";
  state.total = 20;
  EXPECT_EQ(progress_line(state), "evaluate  0/20   0%");
  state.total = 0;
  state.step = 7;
  EXPECT_EQ(progress_line(state), "evaluate 7");
}

TEST(ProgressLine, ReachesAHundredPercentAtTheEndOnly) {
  ProgressState state = example();
  state.step = 3999;
  EXPECT_THAT(progress_line(state), HasSubstr(" 99%"));
  state.step = 4000;
  EXPECT_THAT(progress_line(state), HasSubstr("100%"));
}

TEST(DurationText, FitsItsSize) {
  EXPECT_EQ(duration_text(42.4), "42s");
  EXPECT_EQ(duration_text(59.9), "1:00");
  EXPECT_EQ(duration_text(312), "5:12");
  EXPECT_EQ(duration_text(3 * 3600 + 4 * 60 + 5), "3:04:05");
  EXPECT_EQ(duration_text(2 * 86400 + 3 * 3600 + 4 * 60), "2d 03:04");
  EXPECT_EQ(duration_text(std::numeric_limits<double>::infinity()), "?");
  EXPECT_EQ(duration_text(-1), "?");
}

TEST(FadingMean, IsRightFromTheFirstValueOnAndForgets) {
  FadingMean mean(10);
  EXPECT_FALSE(mean.value());
  mean.add(5, 1);
  EXPECT_DOUBLE_EQ(*mean.value(), 5);
  for (int i = 0; i < 100; ++i) mean.add(7, 1);
  EXPECT_NEAR(*mean.value(), 7, 1e-3);
}

TEST(FadingMean, ALongTimeCountsAsManyShortOnes) {
  FadingMean once(10), often(10);
  once.add(1, 5);
  once.add(3, 4);
  for (int i = 0; i < 5; ++i) often.add(1, 1);
  for (int i = 0; i < 8; ++i) often.add(3, 0.5);
  EXPECT_NEAR(*once.value(), *often.value(), 1e-12);
}

class ProgressTest : public testing::Test {
 protected:
  ProgressOutput output(bool live, double interval = 0) {
    return {&out_, live, live ? 80 : 0, interval, [this] { return now_; }};
  }
  std::ostringstream out_;
  double now_ = 1000;
};

TEST_F(ProgressTest, EstimatesFromRecentSteps) {
  Progress progress("train", 100, 0, output(false));
  for (int i = 0; i < 50; ++i) {
    now_ += 0.5;
    progress.step(32, 0.1);
  }
  EXPECT_NEAR(*progress.state().seconds_left, 25, 1e-6);
  EXPECT_NEAR(*progress.state().images_per_second, 64, 1e-6);
  EXPECT_NEAR(*progress.state().waiting, 0.2, 1e-6);
}

TEST_F(ProgressTest, StepsOfDifferentLengthAverageToTheirSum) {
  Progress progress("train", 1100, 0, output(false));
  for (int i = 0; i < 1000; ++i) {
    now_ += i % 2 ? 0.01 : 0.03;
    progress.step(1, 0);
  }
  EXPECT_NEAR(*progress.state().seconds_left, 100 * 0.02, 0.01);
}

TEST_F(ProgressTest, AResumedRunCountsWhatItHasBehindIt) {
  Progress progress("train", 100, 90, output(false));
  now_ += 2;
  progress.step(32, 0);
  EXPECT_NEAR(*progress.state().seconds_left, 18, 1e-9);
  EXPECT_THAT(out_.str(), HasSubstr(" 91/100"));
}

TEST_F(ProgressTest, AnEvaluationDoesNotCountAsASlowStep) {
  Progress progress("train", 100, 0, output(false));
  now_ += 1;
  progress.step(32, 0);
  now_ += 500;
  progress.skip_time();
  now_ += 1;
  progress.step(32, 0);
  EXPECT_NEAR(*progress.state().seconds_left, 98, 1e-9);
}

TEST_F(ProgressTest, ClosesWithTheMeansOfTheWholeLoop) {
  Progress progress("train", 100, 60, output(false));
  for (int i = 0; i < 40; ++i) {
    now_ += i < 20 ? 1 : 3;  // 80 seconds in all
    progress.step(32, 0.2);
  }
  progress.finish();
  EXPECT_THAT(out_.str(),
              testing::EndsWith(
                  "train: 40 steps in 1:20, 16 images/s, 10.0 % of the time waiting for data\n"));
}

TEST_F(ProgressTest, WithoutATerminalItPrintsPlainLinesAtIntervals) {
  Progress progress("train", 100, 0, output(false, 30));
  for (int i = 0; i < 70; ++i) {
    now_ += 1;
    progress.step(32, 0, {{"loss", 1.0 / (i + 1)}}, 1e-3);
  }
  const std::string text = out_.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_THAT(text, Not(HasSubstr("\r")));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST_F(ProgressTest, OnATerminalItRewritesOneLine) {
  {
    Progress progress("train", 3, 0, output(true));
    for (int i = 0; i < 3; ++i) {
      now_ += 1;
      progress.step(32, 0, {{"loss", 1}});
    }
    EXPECT_THAT(out_.str(), Not(HasSubstr("\n")));
    progress.message("saved checkpoints/last");
    EXPECT_THAT(out_.str(), HasSubstr("\x1b[Ksaved checkpoints/last\n\rtrain 3/3"));
    progress.finish();
    EXPECT_EQ(out_.str().back(), '\n');
  }
  EXPECT_EQ(out_.str().back(), '\n') << "nothing is left to clear";
}

TEST_F(ProgressTest, AnAbandonedLineIsCleared) {
  {
    Progress progress("train", 3, 0, output(true));
    now_ += 1;
    progress.step(32, 0);
  }
  EXPECT_THAT(out_.str(), testing::EndsWith("\r\x1b[K"));
}

TEST_F(ProgressTest, LossesStayUntilThereAreNewOnes) {
  Progress progress("train", 3, 0, output(false));
  now_ += 1;
  progress.step(32, 0, {{"loss", 0.5}}, 1e-3);
  now_ += 1;
  progress.step(32, 0);
  EXPECT_EQ(progress.state().losses.at(0).second, 0.5);
  EXPECT_EQ(*progress.state().lr, 1e-3);
}

}  // namespace
}  // namespace manyfold::report
