#include "losses/boxes.h"

#include "testing.h"

namespace manyfold::losses {
namespace {

// A 2.5 x 3.5 box against Darknet's five anchors.
TEST(ShapeIou, ComparesBoxesThatShareACentre) {
  const auto anchors = torch::tensor({{1.3221, 1.73145},
                                      {3.19275, 4.00944},
                                      {5.05587, 8.09892},
                                      {9.47112, 4.84053},
                                      {11.2364, 10.0071}});
  expect_close(shape_iou(torch::tensor({2.5, 3.5}), anchors),
               torch::tensor({0.2616, 0.6835, 0.2137, 0.1909, 0.0778}), 1e-4);
}

TEST(Boxes, HaveASizeAndACentre) {
  const auto box = torch::tensor({{1., 2., 4., 8.}});
  expect_close(size_of(box), torch::tensor({{3., 6.}}));
  expect_close(centre_of(box), torch::tensor({{2.5, 5.}}));
}

TEST(BoxIou, IsTheSharedAreaOverTheWhole) {
  const auto a =
      torch::tensor({{0., 0., 2., 2.}, {0., 0., 2., 2.}, {0., 0., 1., 1.}, {1., 1., 1., 1.}});
  const auto b =
      torch::tensor({{1., 1., 3., 3.}, {0., 0., 2., 2.}, {2., 2., 3., 3.}, {1., 1., 1., 1.}});
  expect_close(box_iou(a, b), torch::tensor({1. / 7, 1., 0., 0.}));
}

}  // namespace
}  // namespace manyfold::losses
