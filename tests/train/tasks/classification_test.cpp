#include "train/tasks/classification.h"

#include <cmath>

#include "tests/train/tasks/options.h"

namespace manyfold::train {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ClassificationTask, DecodesTheLikeliestClassAndItsProbability) {
  const auto task = make_task("{type: classification, classes: [fist, palm]}");
  const auto labels = task->decode({torch::tensor({{0.0, std::log(3.0)}, {0.0, -40.0}})}, {});
  ASSERT_EQ(labels.size(), 2u);
  EXPECT_EQ(std::get<data::ClassIndex>(labels[0]).index, 1);
  EXPECT_NEAR(std::get<data::ClassIndex>(labels[0]).score, 0.75, 1e-6);
  EXPECT_EQ(std::get<data::ClassIndex>(labels[1]).index, 0);
}

TEST(ClassificationTask, LearnsBySmoothedCrossEntropy) {
  const auto task = make_task("{type: classification, classes: [a, b], smoothing: 0.2}");
  data::Labels labels;
  labels.index = torch::tensor({1});
  const auto terms = task->loss({torch::tensor({{0.0, std::log(3.0)}})}, labels);
  ASSERT_EQ(terms.size(), 1u);
  EXPECT_EQ(terms[0].name, "cross_entropy");
  // Target (0.1, 0.9) against probabilities (1/4, 3/4).
  EXPECT_NEAR(terms[0].value.item<double>(), 0.1 * std::log(4.0) + 0.9 * std::log(4.0 / 3), 1e-6);
}

TEST(ClassificationTask, SwapsHandedClassesInAMirror) {
  const auto task = make_task(
      "{type: classification, classes: [none, left, right], mirrored: {left: right, right: left}}");
  EXPECT_THAT(task->label().mirrored_class, ElementsAre(0, 2, 1));
}

TEST(ClassificationTask, RefusesClassesThatCannotBe) {
  EXPECT_THAT(mistake("{type: classification}"), HasSubstr("classes must be given"));
  EXPECT_THAT(mistake("{type: classification, classes: [a]}"), HasSubstr("at least two names"));
  EXPECT_THAT(mistake("{type: classification, classes: [a, b], mirrored: {a: c}}"),
              HasSubstr("a class that `classes` does not have: a: c"));
}

TEST(ClassificationTask, RefusesAMirrorThatDoesNotGoBothWays) {
  EXPECT_THAT(mistake("{type: classification, classes: [left, right], mirrored: {left: right}}"),
              HasSubstr("must go both ways: write {left: right, right: left}"));
  EXPECT_THAT(mistake("{type: classification, classes: [a, b, c], "
                      "mirrored: {a: b, b: c, c: a}}"),
              HasSubstr("must go both ways: write {a: b, b: a}"));
}

}  // namespace
}  // namespace manyfold::train
