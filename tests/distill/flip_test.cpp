#include "distill/flip.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace manyfold::distill {
namespace {

data::LabelSpec three_classes() {
  data::LabelSpec spec;
  spec.classes = {"none", "left", "right"};
  spec.mirrored_class = {0, 2, 1};
  return spec;
}

TEST(UnmirrorScores, SwapsClassesBack) {
  const auto scores = torch::tensor({{0.5f, 0.3f, 0.2f}});
  EXPECT_TRUE(
      torch::equal(unmirror_scores(scores, three_classes()), torch::tensor({{0.5f, 0.2f, 0.3f}})));
  EXPECT_TRUE(torch::equal(unmirror_scores(scores, {}), scores));
}

TEST(UnmirrorScores, MirrorsMapsBack) {
  const auto maps = torch::tensor({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}).view({1, 3, 1, 2});
  EXPECT_TRUE(torch::equal(unmirror_scores(maps, {}).flatten(),
                           torch::tensor({2.f, 1.f, 4.f, 3.f, 6.f, 5.f})));
  EXPECT_TRUE(torch::equal(unmirror_scores(maps, three_classes()).flatten(),
                           torch::tensor({2.f, 1.f, 6.f, 5.f, 4.f, 3.f})));
}

TEST(UnmirrorObjects, MovesBoxesAndSwapsKeyPointsAndClasses) {
  auto spec = three_classes();
  spec.landmarks = 2;
  spec.mirrored_landmark = {1, 0};
  data::Object object;
  object.box = {10, 5, 20, 15};
  object.class_index = 1;
  object.landmarks = {{15, 7}, {25, 8}};
  object.visible = {1, 0};
  const auto back = unmirror_objects({object}, spec, 100).at(0);
  EXPECT_EQ(back.box, cv::Rect2f(70, 5, 20, 15));
  EXPECT_EQ(back.class_index, 2);
  EXPECT_EQ(back.landmarks, (std::vector<cv::Point2f>{{75, 8}, {85, 7}}));
  EXPECT_EQ(back.visible, (std::vector<uint8_t>{0, 1}));
}

}  // namespace
}  // namespace manyfold::distill
