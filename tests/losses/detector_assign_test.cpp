#include "losses/detector_assign.h"

#include "detector_testing.h"

namespace manyfold::losses {
namespace {

// Two objects on one place: the larger is learnt, wherever it stands in the list.
TEST(DetectorAssign, GivesAPlaceToTheLargestOfItsObjects) {
  DetectorOptions o;
  o.anchors = {0.2, 0.2};
  auto labels = labels_of(torch::tensor({{0.1, 0.1, 0.4, 0.4},  //
                                         {0.2, 0.2, 0.3, 0.3},
                                         {0.6, 0.1, 0.8, 0.3}}),
                          0);
  for (int64_t turn = 0; turn < 3; ++turn) {
    const auto places = detector_assign(labels, o, detector_grid({{2, 2}}, o, torch::kCPU));
    EXPECT_TRUE(torch::equal(places.column, torch::tensor({0, 1}, torch::kLong)));
    EXPECT_TRUE(torch::equal(places.object, torch::tensor({turn, (turn + 2) % 3}, torch::kLong)));
    labels.box = labels.box.roll(1, 1);
  }
}

TEST(DetectorAssign, PassesOverPaddingIgnoredEmptyAndOutsideObjects) {
  auto labels = labels_of(torch::tensor({{-0.3, 0.1, 0.1, 0.4},   // its centre left of the picture
                                         {0.2, 0.2, 0.3, 0.3},    // ignored region
                                         {0.5, 0.5, 0.5, 0.6},    // no width
                                         {0.9, 0.9, 1.08, 1.08},  // cut off, its centre inside
                                         {0.6, 0.1, 0.8, 0.3}}),  // padding
                          0);
  labels.object_class[0][1] = -1;
  labels.count.fill_(4);
  const DetectorOptions o;
  const auto places = detector_assign(labels, o, detector_grid({{4, 4}}, o, torch::kCPU));
  ASSERT_EQ(places.object.numel(), 1);
  EXPECT_EQ(places.object.item<int64_t>(), 3);
  EXPECT_EQ(places.row.item<int64_t>(), 3);
}

// 60 x 50 pixels: IoU .874 with (62, 45), .45 with (30, 61), .417 with (59, 119). Anchor 4 is the
// second on the grid of 26 x 26; centre (200, 140) is its column 12, row 8. Before its places come
// 3 * 52^2 + 26^2 = 8788 others.
TEST(DetectorAssign, GivesAnObjectToTheBestOfAllAnchorsOnOneGrid) {
  const auto o = three_grids();
  const auto grid = detector_grid({{52, 52}, {26, 26}, {13, 13}}, o, torch::kCPU);
  EXPECT_EQ(grid.places(), 10647);
  const auto boxes = torch::tensor({{170., 115., 230., 165.}, {0., 20., 400., 320.}}) / 416;
  const auto places = detector_assign(labels_of(boxes, 0), o, grid);
  const auto expect = [](const torch::Tensor& got, int64_t middle, int64_t coarse) {
    EXPECT_TRUE(torch::equal(got, torch::tensor({middle, coarse}, torch::kLong))) << got;
  };
  expect(places.object, 0, 1);
  expect(places.anchor, 4, 8);
  expect(places.column, 12, 6);
  expect(places.row, 8, 5);
  expect(places.place, 8788 + 8 * 26 + 12, 8112 + 2028 + 2 * 169 + 5 * 13 + 6);
}

// The larger one wins whatever the classes, unless nobody looked for its class.
TEST(DetectorAssign, PassesOverObjectsOfClassesThatAreNotLabelled) {
  DetectorOptions o;
  o.classes = 2;
  o.anchors = {0.2, 0.2};
  auto labels = labels_of(torch::tensor({{0.1, 0.1, 0.4, 0.4}, {0.2, 0.2, 0.3, 0.3}}), 0);
  labels.object_class[0][0] = 1;
  const auto grid = detector_grid({{2, 2}}, o, torch::kCPU);
  EXPECT_EQ(detector_assign(labels, o, grid).object.item<int64_t>(), 0);
  labels.labelled = torch::tensor({true, false}).unsqueeze(0);
  EXPECT_EQ(detector_assign(labels, o, grid).object.item<int64_t>(), 1);
}

TEST(DetectorAssign, RefusesAClassThatDoesNotExist) {
  const DetectorOptions o;
  auto labels = labels_of(torch::tensor({{0.1, 0.1, 0.4, 0.4}}), 0);
  labels.object_class.fill_(1);
  EXPECT_THROW(detector_assign(labels, o, detector_grid({{2, 2}}, o, torch::kCPU)), c10::Error);
}

}  // namespace
}  // namespace manyfold::losses
