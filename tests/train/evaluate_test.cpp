#include "train/evaluate.h"

#include <cmath>

#include "tests/train/tasks/options.h"

namespace manyfold::train {
namespace {

Tasks two_tasks() {
  Tasks tasks;
  for (const std::string name : {"person", "dog"}) {
    tasks.push_back({name, {"segmentation", 1, make_task("{type: segmentation}")}});
  }
  return tasks;
}

SetFigures set_figures(const std::string& set, const std::string& task, double iou) {
  return {set, task, figures({{"person_iou", iou}}), {}};
}

TEST(Score, IsTheMeanOverTasksOfTheMeanOverSets) {
  const auto score = score_of({set_figures("a", "person", 0.5), set_figures("b", "person", 0.7),
                               set_figures("a", "dog", 0.2)},
                              two_tasks());
  EXPECT_NEAR(score, (0.6 + 0.2) / 2, 1e-9);
}

// The class occurs nowhere in the set, so that there was nothing to measure.
TEST(Score, LeavesOutWhatIsNoNumber) {
  const auto tasks = two_tasks();
  EXPECT_NEAR(score_of({set_figures("a", "person", 0.5), set_figures("b", "person", std::nan("")),
                        set_figures("a", "dog", 0.2)},
                       tasks),
              0.35, 1e-9);
  EXPECT_NEAR(
      score_of({set_figures("a", "person", 0.5), set_figures("a", "dog", std::nan(""))}, tasks),
      0.5, 1e-9);
}

TEST(Score, IsBelowEveryScoreWhenThereIsNone) {
  EXPECT_EQ(score_of({}, two_tasks()), -1);
  EXPECT_EQ(score_of({set_figures("a", "dog", std::nan(""))}, two_tasks()), -1);
}

}  // namespace
}  // namespace manyfold::train
