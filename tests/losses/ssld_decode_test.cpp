#include "losses/ssld_decode.h"

#include <rapidcheck.h>

#include "losses/ssld.h"
#include "testing.h"

namespace manyfold::losses {
namespace {

// Stride 32, cell (6, 4), anchor (1.3221, 1.73145) cells: a box of 46.76 x 41.05 pixels.
TEST(SsldDecode, GivesTheHandComputedBox) {
  SsldOptions o;
  o.landmarks = 1;
  o.anchors = {1.3221 / 13, 1.73145 / 13, 0.5, 0.5};
  auto raw = torch::zeros({1, 2, 7, 13, 13});
  raw[0][0].select(1, 4).select(1, 6).copy_(torch::tensor({.2, -.4, .1, -.3, 1., -.25, -.15}));
  const auto found = ssld_decode(raw.flatten(1, 2), o);
  const int64_t place = 4 * 13 + 6;
  expect_close(found.box[0][place] * 416, torch::tensor({186.216, 120.319, 232.973, 161.365}));
  EXPECT_NEAR(found.confidence[0][place].item<double>(), 0.731059, 1e-6);
  expect_close(found.landmarks[0][place][0] * 416, torch::tensor({197.9055, 134.6851}));
  expect_close(ssld_decode_boxes(raw.flatten(1, 2), o), found.box);
}

TEST(SsldDecode, LimitsSizesToWhatHalfPrecisionHolds) {
  SsldOptions o;
  o.landmarks = 0;
  const auto found = ssld_decode(torch::full({1, 15, 2, 2}, 50.f), o);
  EXPECT_TRUE(found.box.isfinite().all().item<bool>());
  EXPECT_EQ(found.landmarks.sizes(), torch::IntArrayRef({1, 12, 0, 2}));
}

// What is learnt is what is decoded: the output at which the loss's terms vanish says the label.
TEST(SsldDecode, UndoesTheEncodingOfTheLoss) {
  using Points = SsldOptions::Points;
  rc::check([] {
    const auto draw = [] { return static_cast<float>(*rc::gen::inRange(1, 1000)) / 1000; };
    SsldOptions o;
    o.landmarks = 1;
    o.points = *rc::gen::element(Points::box, Points::cell, Points::anchor);
    o.size_term = *rc::gen::element(SsldOptions::SizeTerm::log, SsldOptions::SizeTerm::sqrt);
    const float cx = draw(), cy = draw(), w = 0.02f + draw() / 2, h = 0.02f + draw() / 2;
    const SsldLabels labels{
        torch::ones({1}, torch::kBool),
        torch::ones({1}, torch::kLong),
        torch::tensor({cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2}).view({1, 1, 4}),
        torch::zeros({1, 1}, torch::kLong),
        torch::tensor({draw(), draw()}).view({1, 1, 1, 2}),
        torch::ones({1, 1, 1}, torch::kBool)};
    const int64_t rows = 5, columns = 4;
    const auto places = ssld_assign(labels, o, rows, columns);
    const auto a = places.anchor.item<int64_t>();
    const auto i = places.column.item<int64_t>(), j = places.row.item<int64_t>();
    const double pw = o.anchors[2 * a], ph = o.anchors[2 * a + 1];
    const auto inverse = [](double p) { return std::log(p / (1 - p)); };
    const double x = labels.landmarks[0][0][0][0].item<double>();
    const double y = labels.landmarks[0][0][0][1].item<double>();
    double u = (x - cx) / w, v = (y - cy) / h;
    if (o.points == Points::cell) u = x * columns - i, v = y * rows - j;
    if (o.points == Points::anchor) {
      u = (x - static_cast<double>(i) / columns) / pw;
      v = (y - static_cast<double>(j) / rows) / ph;
    }
    auto raw = torch::zeros({1, 3, 7, rows, columns});
    const double sharp = 1e-4;  // sigmoid never reaches the cell's edges
    raw[0][a].select(1, j).select(1, i).copy_(
        torch::tensor({inverse(std::clamp<double>(cx * columns - i, sharp, 1 - sharp)),
                       inverse(std::clamp<double>(cy * rows - j, sharp, 1 - sharp)),
                       std::log(w / pw), std::log(h / ph), 0., u, v}));
    raw = raw.flatten(1, 2);
    const auto terms = ssld_loss(raw, labels, o);
    for (const auto* name : {"centre", "size", "landmarks"}) {
      RC_ASSERT(terms.at(name).item<double>() < 1e-5);
    }
    const auto found = ssld_decode(raw, o);
    const auto place = (a * rows + j) * columns + i;
    RC_ASSERT(torch::allclose(found.box[0][place], labels.box[0][0], 0, 1e-3));
    RC_ASSERT(torch::allclose(found.landmarks[0][place], labels.landmarks[0][0], 0, 1e-3));
  });
}

}  // namespace
}  // namespace manyfold::losses
