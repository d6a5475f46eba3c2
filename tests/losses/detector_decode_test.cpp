#include "losses/detector_decode.h"

#include <rapidcheck.h>

#include "detector_testing.h"
#include "losses/detector.h"
#include "losses/detector_assign.h"

namespace manyfold::losses {
namespace {

// Stride 32, cell (6, 4), anchor (1.3221, 1.73145) cells: a box of 46.76 x 41.05 pixels.
TEST(DecodeDetections, GivesTheHandComputedBox) {
  DetectorOptions o;
  o.landmarks = 1;
  o.anchors = {1.3221 / 13, 1.73145 / 13, 0.5, 0.5};
  auto raw = torch::zeros({1, 2, 7, 13, 13});
  raw[0][0].select(1, 4).select(1, 6).copy_(torch::tensor({.2, -.4, .1, -.3, 1., -.25, -.15}));
  const auto found = decode_detections({raw.flatten(1, 2)}, o);
  const int64_t place = 4 * 13 + 6;
  expect_close(found.box[0][place] * 416, torch::tensor({186.216, 120.319, 232.973, 161.365}));
  EXPECT_NEAR(found.confidence[0][place][0].item<double>(), 0.731059, 1e-6);
  expect_close(found.landmarks[0][place][0] * 416, torch::tensor({197.9055, 134.6851}));
  expect_close(decode_boxes({raw.flatten(1, 2)}, o), found.box);
}

TEST(DecodeDetections, LimitsSizesToWhatHalfPrecisionHolds) {
  DetectorOptions o;
  o.landmarks = 0;
  const auto found = decode_detections({torch::full({1, 15, 2, 2}, 50.f)}, o);
  EXPECT_TRUE(found.box.isfinite().all().item<bool>());
  EXPECT_EQ(found.landmarks.sizes(), torch::IntArrayRef({1, 12, 0, 2}));
}

// Stride 8, cell (6, 4), anchor (10, 13) pixels: centre (6.549834, 4.401312) cells, size
// (10 e^.1, 13 e^-.3). On the coarsest grid all is zero: the middle of cell (6, 4), anchor (373,
// 326), before which come 3 * 52^2 + 3 * 26^2 + 2 * 13^2 = 10478 places.
TEST(DecodeDetections, PutsGridsAfterOneAnother) {
  auto o = three_grids();
  o.classes = 2;
  std::vector<torch::Tensor> raw;
  for (const int64_t side : {52, 26, 13}) raw.push_back(torch::zeros({1, 18, side, side}));
  raw[0].view({3, 6, 52, 52})[0].select(1, 4).select(1, 6).copy_(
      torch::tensor({.2, -.4, .1, -.3, 1., -1.}));
  const auto found = decode_detections(raw, o);
  ASSERT_EQ(found.box.sizes(), torch::IntArrayRef({1, 10647, 4}));
  const int64_t fine = 4 * 52 + 6, coarse = 10478 + 4 * 13 + 6;
  expect_close(found.box[0][fine] * 416,
               torch::tensor({46.872817, 30.395180, 57.924526, 40.025816}));
  expect_close(found.box[0][coarse] * 416, torch::tensor({21.5, -19., 394.5, 307.}), 1e-4);
  expect_close(found.confidence[0][fine], torch::tensor({0.731059, 0.268941}));
  expect_close(found.confidence[0][coarse], torch::tensor({0.5, 0.5}));
  expect_close(decode_boxes(raw, o), found.box);
}

TEST(DecodeDetections, RefusesAnotherNumberOfGrids) {
  EXPECT_THROW(decode_detections({torch::zeros({1, 15, 4, 4})}, three_grids()), c10::Error);
}

// What is learnt is what is decoded: the output at which the loss's terms vanish says the label.
TEST(DecodeDetections, UndoesTheEncodingOfTheLoss) {
  using Points = DetectorOptions::Points;
  using SizeTerm = DetectorOptions::SizeTerm;
  rc::check([] {
    const auto draw = [] { return static_cast<float>(*rc::gen::inRange(1, 1000)) / 1000; };
    DetectorOptions o;
    o.landmarks = 1;
    o.classes = *rc::gen::inRange<int64_t>(1, 3);
    o.points = *rc::gen::element(Points::box, Points::cell, Points::anchor);
    o.size_term = *rc::gen::element(SizeTerm::log, SizeTerm::sqrt, SizeTerm::ciou);
    const bool several = *rc::gen::arbitrary<bool>();
    if (several) {
      o.strides = {8, 16};
      o.anchors = {0.037, 0.041, 0.095, 0.104, 0.23, 0.2, 0.371, 0.363};
    }
    const float cx = draw(), cy = draw(), w = 0.02f + draw() / 2, h = 0.02f + draw() / 2;
    auto labels = labels_of(torch::tensor({{cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2}}), 1);
    const float x = draw(), y = draw();
    labels.landmarks = torch::tensor({x, y}).view({1, 1, 1, 2});
    labels.visible.fill_(true);
    labels.object_class.fill_(o.classes - 1);
    std::vector<GridSize> sizes = {{6, 4}};
    if (several) sizes.push_back({3, 2});
    const auto places = detector_assign(labels, o, detector_grid(sizes, o, torch::kCPU));
    const auto a = places.anchor.item<int64_t>();
    const auto level = static_cast<size_t>(a / o.anchors_per_level());
    const auto i = places.column.item<int64_t>(), j = places.row.item<int64_t>();
    const auto rows = static_cast<double>(sizes[level].rows);
    const auto columns = static_cast<double>(sizes[level].columns);
    const auto di = static_cast<double>(i), dj = static_cast<double>(j);
    const auto anchor = static_cast<size_t>(a);
    const double pw = o.anchors[2 * anchor], ph = o.anchors[2 * anchor + 1];
    const auto inverse = [](double p) { return std::log(p / (1 - p)); };
    double u = (x - cx) / w, v = (y - cy) / h;
    if (o.points == Points::cell) u = x * columns - di, v = y * rows - dj;
    if (o.points == Points::anchor) u = (x - di / columns) / pw, v = (y - dj / rows) / ph;
    std::vector<torch::Tensor> raw;
    for (const auto& size : sizes) {
      raw.push_back(torch::zeros({1, o.anchors_per_level(), o.depth(), size.rows, size.columns}));
    }
    const double sharp = 1e-4;  // sigmoid never reaches the cell's edges
    const auto numbers = raw[level][0][a % o.anchors_per_level()].select(1, j).select(1, i);
    numbers.slice(0, 0, 4).copy_(
        torch::tensor({inverse(std::clamp<double>(cx * columns - di, sharp, 1 - sharp)),
                       inverse(std::clamp<double>(cy * rows - dj, sharp, 1 - sharp)),
                       std::log(w / pw), std::log(h / ph)}));
    numbers.slice(0, 4 + o.classes).copy_(torch::tensor({u, v}));
    for (auto& output : raw) output = output.flatten(1, 2);
    const auto terms = detector_loss(raw, labels, o);
    for (const auto* name : {"centre", "size", "landmarks"}) {
      RC_ASSERT(terms.count(name) == 0 || terms.at(name).item<double>() < 1e-5);
    }
    RC_ASSERT(terms.count("box") == 0 || terms.at("box").item<double>() < 0.05);
    const auto found = decode_detections(raw, o);
    const auto place = places.place.item<int64_t>();
    RC_ASSERT(torch::allclose(found.box[0][place], labels.box[0][0], 0, 1e-3));
    RC_ASSERT(torch::allclose(found.landmarks[0][place], labels.landmarks[0][0], 0, 1e-3));
  });
}

}  // namespace
}  // namespace manyfold::losses
