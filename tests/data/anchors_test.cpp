#include "data/anchors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "common/random.h"
#include "tests/errors.h"

namespace manyfold::data {
namespace {

using testing::HasSubstr;
using Shapes = std::vector<cv::Size2d>;

void expect_shapes(const Shapes& found, const Shapes& expected, double tolerance = 1e-12) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i].width, expected[i].width, tolerance) << "anchor " << i;
    EXPECT_NEAR(found[i].height, expected[i].height, tolerance) << "anchor " << i;
  }
}

/// `count` boxes whose sides lie within 20 % of each of the shapes.
Shapes boxes_around(const Shapes& shapes, int count) {
  Random random(/*seed=*/3, Random::example);
  Shapes boxes;
  for (int i = 0; i < count; ++i) {
    for (const auto& shape : shapes) {
      boxes.emplace_back(shape.width * random.uniform(0.8f, 1.2f),
                         shape.height * random.uniform(0.8f, 1.2f));
    }
  }
  return boxes;
}

TEST(ShapeIou, ComparesBoxesOnOneCentre) {
  // A box of 2.5 x 3.5 cells with each of the anchors that Darknet has for VOC.
  const std::pair<cv::Size2d, double> cases[] = {{{1.3221, 1.73145}, 0.2616},
                                                 {{3.19275, 4.00944}, 0.6835},
                                                 {{5.05587, 8.09892}, 0.2137},
                                                 {{9.47112, 4.84053}, 0.1909},
                                                 {{11.2364, 10.0071}, 0.0778}};
  for (const auto& [anchor, iou] : cases) {
    EXPECT_NEAR(shape_iou({2.5, 3.5}, anchor), iou, 5e-5) << anchor;
    EXPECT_EQ(shape_iou({2.5, 3.5}, anchor), shape_iou(anchor, {2.5, 3.5}));
  }
  EXPECT_EQ(shape_iou({0.2, 0.5}, {0.2, 0.5}), 1);
}

TEST(FindAnchors, AreTheMeansOfTwoGroups) {
  const Shapes boxes = {{0.8, 0.6}, {0.1, 0.1}, {0.6, 0.8}, {0.1, 0.2}};
  const auto anchors = find_anchors(boxes, 2);
  expect_shapes(anchors, {{0.1, 0.15}, {0.7, 0.7}});
  // The large ones share 0.6 * 0.7 with theirs, the small ones 2 / 3 and 3 / 4.
  EXPECT_NEAR(mean_best_iou(boxes, anchors), (2 * 0.42 / 0.55 + 2.0 / 3 + 3.0 / 4) / 4, 1e-12);
}

TEST(FindAnchors, OneAnchorIsTheMean) {
  expect_shapes(find_anchors({{0.1, 0.2}, {0.3, 0.2}, {0.2, 0.5}}, 1), {{0.2, 0.3}});
}

TEST(FindAnchors, AsManyAnchorsAsDifferentBoxesAreTheBoxes) {
  const Shapes boxes = {{0.5, 0.5}, {0.1, 0.1}, {0.1, 0.3}, {0.1, 0.1}, {0.5, 0.5}, {0.5, 0.5}};
  const auto anchors = find_anchors(boxes, 3);
  expect_shapes(anchors, {{0.1, 0.1}, {0.1, 0.3}, {0.5, 0.5}});
  EXPECT_DOUBLE_EQ(mean_best_iou(boxes, anchors), 1);
}

TEST(FindAnchors, FindsTheGroupsWithWhateverSeed) {
  const Shapes shapes = {{0.05, 0.06}, {0.08, 0.3}, {0.4, 0.1}, {0.3, 0.4}, {0.8, 0.9}};
  const auto boxes = boxes_around(shapes, 200);
  for (const uint64_t seed : {0, 1, 2, 3}) {
    expect_shapes(find_anchors(boxes, 5, seed), shapes, 0.02);
  }
}

TEST(FindAnchors, TheSameSeedGivesTheSameAnchors) {
  const auto boxes = boxes_around({{0.1, 0.1}, {0.2, 0.2}}, 300);
  expect_shapes(find_anchors(boxes, 6, 7), find_anchors(boxes, 6, 7), 0);
}

TEST(FindAnchors, MoreStartsAreNeverWorse) {
  const auto boxes = boxes_around({{0.1, 0.1}, {0.12, 0.2}, {0.3, 0.2}, {0.5, 0.5}}, 50);
  double last = 0;
  for (const int64_t restarts : {1, 3, 10}) {
    const double iou = mean_best_iou(boxes, find_anchors(boxes, 7, 0, restarts));
    EXPECT_GE(iou, last);
    last = iou;
  }
}

TEST(FindAnchors, RefusesFewerDifferentBoxesThanAnchors) {
  const Shapes boxes = {{0.1, 0.1}, {0.1, 0.1}, {0.2, 0.1}};
  EXPECT_THAT(error_of([&] { find_anchors(boxes, 3); }),
              HasSubstr("3 anchors are asked for, but of 3 boxes only 2 differ"));
  EXPECT_THAT(error_of([] { find_anchors({}, 1); }), HasSubstr("of 0 boxes only 0 differ"));
  EXPECT_THROW(find_anchors(boxes, 0), std::invalid_argument);
  EXPECT_THROW(find_anchors({{0.1, 0}}, 1), std::invalid_argument);
}

}  // namespace
}  // namespace manyfold::data
