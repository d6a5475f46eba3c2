#include "train/gate.h"

#include <cmath>

#include "tests/train/tasks/options.h"

namespace manyfold::train {
namespace {

using testing::HasSubstr;

Tasks three_tasks() {
  return {{"person", {"segmentation", 1, make_task("{type: segmentation}")}},
          {"faces", {"faces", 1, make_task("{type: faces, landmarks: 5}")}},
          {"hands", {"classification", 1, make_task("{type: classification, classes: [a, b]}")}}};
}

metrics::Figure figure(const std::string& name, double value, bool higher_is_better = true) {
  metrics::Figure result;
  result.name = name;
  result.value = value;
  result.higher_is_better = higher_is_better;
  return result;
}

/// One set, with the figures of every task's gate.
Evaluation evaluation(double iou, double ap, double nme, double accuracy) {
  Evaluation result;
  result.sets = {{"a", "person", {figure("miou", 0.1), figure("person_iou", iou)}, {}},
                 {"a", "faces", {figure("ap50", ap), figure("nme", nme, false)}, {}},
                 {"a", "hands", {figure("accuracy", accuracy)}, {}}};
  return result;
}

std::string failed(const Gate& gate) {
  std::string names;
  for (const auto& row : gate.rows) {
    if (!row.passed) names += row.task + "." + row.figure + " ";
  }
  return names;
}

TEST(Gate, AllowsALossUpToEachLimit) {
  const auto before = evaluation(0.9, 0.8, 0.05, 0.7);
  // 0.05 * 1.02 = 0.051
  EXPECT_EQ(failed(gate_check(before, evaluation(0.895, 0.79, 0.051, 0.695), three_tasks())), "");
  EXPECT_EQ(failed(gate_check(before, evaluation(0.8949, 0.8, 0.05, 0.7), three_tasks())),
            "person.person_iou ");
  EXPECT_EQ(failed(gate_check(before, evaluation(0.9, 0.7899, 0.05, 0.7), three_tasks())),
            "faces.ap50 ");
  EXPECT_EQ(failed(gate_check(before, evaluation(0.9, 0.8, 0.0511, 0.7), three_tasks())),
            "faces.nme ");
  EXPECT_EQ(failed(gate_check(before, evaluation(0.9, 0.8, 0.05, 0.6949), three_tasks())),
            "hands.accuracy ");
}

TEST(Gate, LetsEveryFigureGetBetter) {
  const auto gate =
      gate_check(evaluation(0.5, 0.5, 0.5, 0.5), evaluation(1, 1, 0, 1), three_tasks());
  EXPECT_EQ(gate.rows.size(), 4U);
  EXPECT_TRUE(gate.passed());
}

TEST(Gate, TakesTheMeanOverTheSetsThatHaveTheFigure) {
  auto before = evaluation(0.9, 0.8, 0.05, 0.7), after = before;
  before.sets.push_back({"b", "person", {figure("person_iou", 0.5)}, {}});
  before.sets.push_back({"c", "person", {figure("person_iou", std::nan(""))}, {}});
  after.sets.push_back({"b", "person", {figure("person_iou", 0.492)}, {}});
  const auto gate = gate_check(before, after, three_tasks());
  EXPECT_NEAR(gate.rows[0].reference, 0.7, 1e-12);
  EXPECT_NEAR(gate.rows[0].difference(), -0.004, 1e-12);
  EXPECT_TRUE(gate.passed());
}

TEST(Gate, FailsWhereAFigureIsGoneAndLeavesOutWhatNeverWas) {
  const auto nothing = std::nan("");
  const auto gate = gate_check(evaluation(0.9, 0.8, 0.05, nothing),
                               evaluation(0.9, 0.8, nothing, 0.7), three_tasks());
  EXPECT_EQ(failed(gate), "faces.nme ");
  EXPECT_EQ(gate.rows.size(), 3U);
  EXPECT_THAT(gate.json()["figures"][2].dump(), HasSubstr("\"found\":null"));
}

TEST(Gate, TakesOtherLimitsByName) {
  const auto before = evaluation(0.9, 0.8, 0.05, 0.7), after = evaluation(0.87, 0.8, 0.054, 0.7);
  EXPECT_EQ(failed(gate_check(before, after, three_tasks())), "person.person_iou faces.nme ");
  EXPECT_EQ(failed(gate_check(before, after, three_tasks(),
                              {{"person.person_iou", 0.03}, {"faces.nme", 0.1}})),
            "");
  EXPECT_EQ(failed(gate_check(before, before, three_tasks(), {{"hands.accuracy", 0}})), "");
}

TEST(Gate, RefusesALimitForAFigureThatItHasNot) {
  const auto both = evaluation(0.9, 0.8, 0.05, 0.7);
  try {
    gate_check(both, both, three_tasks(), {{"faces.ap5", 0.1}});
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("has no figure 'faces.ap5'"),
                      HasSubstr("did you mean 'faces.ap50'"), HasSubstr("hands.accuracy")));
  }
}

TEST(Gate, SaysWhatItCompared) {
  const auto gate =
      gate_check(evaluation(0.9, 0.8, 0.05, 0.7), evaluation(0.9, 0.75, 0.05, 0.7), three_tasks());
  EXPECT_THAT(
      gate.text(),
      AllOf(HasSubstr("faces.ap50: 0.8 -> 0.75, a difference of -0.05, allowed 0.01: failed"),
            HasSubstr("faces.nme: 0.05 -> 0.05, a difference of 0, allowed 0.001\n")));
  const auto json = gate.json();
  EXPECT_FALSE(json["passed"].get<bool>());
  EXPECT_EQ(json["figures"][1]["task"], "faces");
  EXPECT_EQ(json["figures"][1]["figure"], "ap50");
  EXPECT_NEAR(json["figures"][1]["difference"], -0.05, 1e-12);
  EXPECT_FALSE(json["figures"][1]["passed"].get<bool>());
}

TEST(Agreement, FailsInEitherDirection) {
  const auto before = evaluation(0.9, 0.8, 0.05, 0.7);
  EXPECT_EQ(failed(agreement_check(before, evaluation(0.901, 0.799, 0.051, 0.7), three_tasks())),
            "");
  EXPECT_EQ(failed(agreement_check(before, evaluation(0.9011, 0.7989, 0.0489, 0.7), three_tasks())),
            "person.person_iou faces.ap50 faces.nme ");
  EXPECT_EQ(failed(agreement_check(before, evaluation(0.91, 0.8, 0.05, 0.7), three_tasks(), 0.01)),
            "");
}

// The names are those that the tasks' metrics report.
TEST(GateLimits, NameFiguresOfTheTask) {
  const std::map<std::string, std::vector<std::string>> expected = {
      {"{type: segmentation}", {"person_iou"}},
      {"{type: segmentation, classes: [background, cat, dog]}", {"miou"}},
      {"{type: classification, classes: [a, b]}", {"accuracy"}},
      {"{type: faces, landmarks: 0}", {"ap50"}},
      {"{type: faces, landmarks: 5, metric: {iou: 0.75}}", {"ap75", "nme"}},
      {"{type: faces, landmarks: 4, mirrored: [1, 0, 3, 2]}", {"ap50", "nme_box"}}};
  for (const auto& [yaml, names] : expected) {
    const auto task = make_task(yaml);
    std::vector<std::string> found;
    for (const auto& limit : task->gate()) {
      found.push_back(limit.figure);
      EXPECT_NO_THROW(metrics::value_of(task->metric()->figures(), limit.figure)) << yaml;
    }
    EXPECT_EQ(found, names) << yaml;
  }
}

}  // namespace
}  // namespace manyfold::train
