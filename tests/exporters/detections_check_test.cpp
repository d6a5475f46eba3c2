#include "exporters/detections_check.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

namespace manyfold::exporters {
namespace {

using at::Tensor;

double logit(double p) { return std::log(p / (1 - p)); }

/// A box of 10 x 10.
data::Object object(float x, float score, int64_t class_index = 0) {
  data::Object result;
  result.box = {x, 0, 10, 10};
  result.score = score;
  result.class_index = class_index;
  return result;
}

/// Raw outputs on pictures of 100 x 10 with one row of cells, of which each object is a candidate,
/// of an anchor of its own. D = 6.
Tensor raw_of(const std::vector<data::Object>& objects) {
  auto raw = torch::full({1, 8 * 6, 1, 10}, 0.0);
  raw.unflatten(1, {8, 6}).narrow(2, 4, 2).fill_(-20);
  for (size_t i = 0; i < objects.size(); ++i) {
    const auto centre = objects[i].box.x / 10 + 0.5;
    const auto cell = std::floor(centre);
    auto numbers = raw[0].narrow(0, static_cast<int64_t>(i) * 6, 6).select(1, 0);
    numbers.select(1, static_cast<int64_t>(cell))[0] = logit(centre - cell);
    numbers.select(1, static_cast<int64_t>(cell))[4 + objects[i].class_index] =
        logit(objects[i].score);
  }
  return raw;
}

NamedOutputs outputs_of(const Tensor& raw, const std::vector<data::Object>& objects) {
  const auto count = static_cast<int64_t>(objects.size());
  NamedOutputs outputs = {{"people", raw},
                          {"people_pictures", torch::zeros({count}, torch::kLong)},
                          {"people_classes", torch::zeros({count}, torch::kLong)},
                          {"people_scores", torch::zeros({count})},
                          {"people_boxes", torch::zeros({count, 4})}};
  for (int64_t d = 0; d < count; ++d) {
    const auto& each = objects[static_cast<size_t>(d)];
    outputs["people_classes"][d] = each.class_index;
    outputs["people_scores"][d] = each.score;
    outputs["people_boxes"][d] = torch::tensor(
        {each.box.x, each.box.y, each.box.x + each.box.width, each.box.y + each.box.height});
  }
  return outputs;
}

/// The decoder says `expected`, the graph `found`; both have the candidates `more` besides. The
/// tolerance is 1e-3.
DetectionsCheck checked(const std::vector<data::Object>& expected,
                        const std::vector<data::Object>& found,
                        const std::vector<data::Object>& more = {}, int64_t most = 200) {
  DetectionOptions options;
  options.task = "people";
  options.raw = {"people"};
  options.detector.classes = 2;
  options.detector.landmarks = 0;
  options.detector.strides = {10};
  options.detector.anchors.clear();
  for (int i = 0; i < 8; ++i)
    options.detector.anchors.insert(options.detector.anchors.end(), {0.1, 1});
  options.input = {100, 10};
  options.nms_iou = 1 / 3.0;
  options.most_objects = most;
  options.decode = [expected](const std::vector<Tensor>&) -> std::vector<data::Label> {
    return {data::Objects{expected, {}}};
  };
  auto candidates = expected;
  candidates.insert(candidates.end(), more.begin(), more.end());
  DetectionsCheck check(options, 1e-3);
  check.add(outputs_of(raw_of(candidates), found));
  return check;
}

TEST(DetectionsCheck, WantsEveryObjectOnBothSides) {
  const auto a = object(1, 0.9F), b = object(51, 0.8F), moved = object(51.2F, 0.8F);
  EXPECT_EQ(checked({a, b}, {b, a}).different(), 0);
  EXPECT_EQ(checked({a, b}, {a, b}).at_an_edge(), 0);
  EXPECT_EQ(checked({a, b}, {a}).different(), 1);
  EXPECT_EQ(checked({a}, {a, b}, {b}).different(), 1);
  EXPECT_EQ(checked({a, b}, {a, a}).different(), 2);
  EXPECT_EQ(checked({a, b}, {a, object(51, 0.8F, 1)}).different(), 2);
  EXPECT_EQ(checked({a, b}, {a, object(51, 0.79F)}).different(), 2);
  EXPECT_EQ(checked({a, object(51, 0.3F)}, {a}).different(), 0);  // below the threshold
  // No candidate is there, however close and sure.
  EXPECT_EQ(checked({a, b}, {a, moved}).different(), 1);
  EXPECT_NEAR(checked({b}, {object(51.02F, 0.8F)}).json()["max_pixels_difference"].get<double>(),
              0.02, 1e-5);
}

TEST(DetectionsCheck, LetsRoundingDecideAtAnEdge) {
  const auto a = object(1, 0.9F);
  const auto barely = object(51, 0.5005F);
  EXPECT_EQ(checked({a, barely}, {a}).different(), 0);
  EXPECT_EQ(checked({a, barely}, {a}).at_an_edge(), 1);
  EXPECT_EQ(checked({a, object(51, 0.502F)}, {a}).different(), 1);
  // 10 x 10 boxes 5 apart have an IoU of 5 / 15, the limit.
  EXPECT_EQ(checked({a, object(6, 0.8F)}, {a}).at_an_edge(), 1);
  EXPECT_EQ(checked({a, object(6.2F, 0.8F)}, {a}).different(), 1);
  // Of doubles that are equally sure either may win.
  const auto equal = object(3, 0.9F), less = object(3, 0.8F);
  EXPECT_EQ(checked({a}, {equal}, {equal}).at_an_edge(), 2);
  EXPECT_EQ(checked({a}, {less}, {less}).different(), 2);
}

TEST(DetectionsCheck, FollowsWhatAnEdgeDecidesFurther) {
  // The second is at the edge; where it is kept it suppresses the third.
  const auto a = object(1, 0.9F), b = object(6, 0.8F), c = object(9, 0.7F), far = object(31, 0.7F);
  EXPECT_EQ(checked({a, b}, {a, c}, {c}).different(), 0);
  EXPECT_EQ(checked({a, b}, {a, c}, {c}).at_an_edge(), 2);
  EXPECT_EQ(checked({a, b}, {a, far}, {far}).different(), 1);
}

TEST(DetectionsCheck, TakesTheMostConfidentOfAllClasses) {
  const auto a = object(1, 0.9F), b = object(81, 0.8F), body = object(51, 0.7F, 1);
  EXPECT_EQ(checked({a, b}, {a, b, body}, {body}, 2).different(), 0);
  EXPECT_EQ(checked({a, b}, {a, b, body}, {body}, 2).at_an_edge(), 0);
  EXPECT_EQ(checked({a, b}, {a, b, body}, {body}, 3).different(), 1);
}

}  // namespace
}  // namespace manyfold::exporters
