#include "losses/ssld.h"

#include "losses/ssld_decode.h"
#include "testing.h"

namespace manyfold::losses {
namespace {

using torch::Tensor;
constexpr double kCells = 13, kPixels = 416;

/// Darknet's anchors on a 13 x 13 grid, one key point, plain squared errors with weights of 1.
SsldOptions darknet() {
  SsldOptions o;
  o.landmarks = 1;
  o.anchors = {1.3221,  1.73145, 3.19275, 4.00944, 5.05587,
               8.09892, 9.47112, 4.84053, 11.2364, 10.0071};
  for (auto& side : o.anchors) side /= kCells;
  o.confidence = SsldOptions::Confidence::squared;
  o.point_term = SsldOptions::PointTerm::squared;
  o.centre_weight = o.size_weight = o.object_weight = o.background_weight = o.landmark_weight = 1;
  o.target = SsldOptions::Target::iou;
  return o;
}

/// One picture with objects [F, 4], x1 y1 x2 y2.
SsldLabels labels_of(const Tensor& boxes, int64_t landmarks) {
  const auto f = boxes.size(0);
  return {torch::ones({1}, torch::kBool),       torch::full({1}, f, torch::kLong),
          boxes.to(torch::kFloat).unsqueeze(0), torch::zeros({1, f}, torch::kLong),
          torch::zeros({1, f, landmarks, 2}),   torch::zeros({1, f, landmarks}, torch::kBool)};
}

/// The face of most tests: centre (200, 140), 80 x 112 pixels. Cell (6, 4), offset (.25, .375),
/// anchor 1.
SsldLabels one_face(int64_t landmarks = 1) {
  return labels_of(torch::tensor({{160., 84., 240., 196.}}) / kPixels, landmarks);
}

/// An output that says "nothing" everywhere, but `t` at anchor 1 of column 6, row 4.
Tensor raw_with(const std::vector<double>& t, const SsldOptions& o) {
  auto raw = torch::zeros({1, o.anchor_count(), o.depth(), 13, 13});
  raw.select(2, 4).fill_(-100);
  raw[0][1].select(1, 4).select(1, 6).copy_(torch::tensor(t));
  return raw.flatten(1, 2);
}

double logit_of(double p) { return std::log(p / (1 - p)); }

Tensor total(const std::map<std::string, Tensor>& terms) {
  auto sum = torch::zeros({});
  for (const auto& [name, term] : terms) sum = sum + term;
  return sum;
}

// The prediction is off by (.15, .125) of a cell, and its box overlaps the face's by .831432.
TEST(SsldLoss, GivesTheHandSumsOfItsTerms) {
  auto o = darknet();
  const auto raw = raw_with({logit_of(0.4), 0, -0.2, -0.1, logit_of(0.7), 0, 0}, o);
  auto terms = ssld_loss(raw, one_face(), o);
  EXPECT_NEAR(terms.at("centre").item<double>(), 0.038125, 1e-6);
  EXPECT_NEAR(terms.at("size").item<double>(), 0.00327643, 1e-7);  // of logarithms
  EXPECT_NEAR(terms.at("object").item<double>(), 0.0172744, 1e-6);
  EXPECT_NEAR(terms.at("background").item<double>(), 0, 1e-9);
  EXPECT_EQ(terms.at("landmarks").item<double>(), 0);  // none visible

  o.size_term = SsldOptions::SizeTerm::sqrt;
  o.target = SsldOptions::Target::one;
  o.centre_weight = o.size_weight = 5;
  terms = ssld_loss(raw, one_face(), o);
  EXPECT_NEAR(terms.at("size").item<double>(), 5 * 0.000186021, 1e-7);
  EXPECT_NEAR((terms.at("centre") + terms.at("size")).item<double>(), 0.191555, 1e-5);
  EXPECT_NEAR(terms.at("object").item<double>(), 0.09, 1e-6);
}

TEST(SsldLoss, ChargesConfidenceWhereNothingIs) {
  auto o = darknet();
  o.background_weight = 0.5;
  auto raw = raw_with({0, 0, 0, 0, 100, 0, 0}, o);
  raw[0][4][0][0] = logit_of(0.1);  // anchor 0, first cell
  EXPECT_NEAR(ssld_loss(raw, one_face(), o).at("background").item<double>(), 0.005, 1e-7);
  o.confidence = SsldOptions::Confidence::cross_entropy;
  EXPECT_NEAR(ssld_loss(raw, one_face(), o).at("background").item<double>(), -0.5 * std::log(0.9),
              1e-6);
}

TEST(SsldLoss, DoesNotCallABoxThatOverlapsAFaceBackground) {
  const auto o = darknet();
  auto raw = raw_with({0, 0, 0, 0, 100, 0, 0}, o).view({1, 5, 7, 13, 13});
  // The cell to the right, its centre drawn to its left edge, its height and size the face's.
  const auto neighbour = raw[0][1].select(1, 4).select(1, 7);
  neighbour[0] = -100;
  neighbour[1] = logit_of(0.375);
  neighbour[2] = std::log(80 / (3.19275 * 32));
  neighbour[3] = std::log(112 / (4.00944 * 32));
  neighbour[4] = 0;
  const auto labels = labels_of(torch::tensor({{166., 84., 246., 196.}}) / kPixels, 1);
  EXPECT_EQ(ssld_loss(raw.flatten(1, 2), labels, o).at("background").item<double>(), 0);
  neighbour[2] = 2;  // now far too wide
  EXPECT_NEAR(ssld_loss(raw.flatten(1, 2), labels, o).at("background").item<double>(), 0.25, 1e-6);
}

TEST(SsldLoss, DoesNotCallIgnoredRegionsBackground) {
  const auto o = darknet();
  auto raw = raw_with({0, 0, 0, 0, 100, 0, 0}, o);
  raw[0][4][12][0] = 0;  // confidence 1/2 in the lower left corner: 1/4
  EXPECT_NEAR(ssld_loss(raw, one_face(), o).at("background").item<double>(), 0.25, 1e-6);
  auto labels =
      labels_of(torch::cat({one_face().box[0], torch::tensor({{0.f, 0.9f, 0.1f, 1.f}})}), 1);
  labels.object_class[0][1] = -1;
  EXPECT_EQ(ssld_loss(raw, labels, o).at("background").item<double>(), 0);
}

TEST(SsldLoss, AveragesTheVisibleKeyPointsOfAFace) {
  auto o = darknet();
  o.landmarks = 3;
  auto labels = one_face(3);
  labels.visible = torch::tensor({true, true, false}).view({1, 1, 3});
  // A quarter of the box right of and below its centre; the centre; unknown.
  labels.landmarks =
      torch::tensor({220.f, 168.f, 200.f, 140.f, NAN, 0.f}).view({1, 1, 3, 2}) / kPixels;
  const auto raw = raw_with({0, 0, 0, 0, 0, 0.35, 0.25, 0, 0.2, 7, 7}, o).set_requires_grad(true);
  const auto loss = ssld_loss(raw, labels, o).at("landmarks");
  EXPECT_NEAR(loss.item<double>(), (0.01 + 0.04) / 2, 1e-6);
  loss.backward();
  EXPECT_TRUE(raw.grad().isfinite().all().item<bool>());

  o.point_term = SsldOptions::PointTerm::smooth_l1;
  o.point_beta = 0.05;  // .1 - beta / 2 and .2 - beta / 2
  EXPECT_NEAR(ssld_loss(raw, labels, o).at("landmarks").item<double>(), (0.075 + 0.175) / 2, 1e-6);
}

TEST(SsldLoss, IsZeroWithZeroGradientWithoutLabels) {
  auto labels = one_face();
  labels.present.fill_(false);
  const auto raw = torch::randn({1, 35, 13, 13}).set_requires_grad(true);
  const auto loss = total(ssld_loss(raw, labels, darknet()));
  EXPECT_EQ(loss.item<double>(), 0);
  loss.backward();
  EXPECT_EQ(raw.grad().abs().max().item<double>(), 0);
}

TEST(SsldLoss, TeachesBackgroundInAPictureWithoutFaces) {
  for (const int64_t padding : {1, 0}) {
    auto labels = labels_of(torch::zeros({padding, 4}), 1);
    labels.count.fill_(0);
    const auto terms = ssld_loss(torch::zeros({1, 35, 13, 13}), labels, darknet());
    EXPECT_NEAR(terms.at("background").item<double>(), 0.25 * 5 * 169, 1e-3);
    EXPECT_EQ(terms.at("object").item<double>(), 0);
  }
}

TEST(SsldLoss, HasTheGradientOfItsDifferences) {
  torch::manual_seed(0);
  using Points = SsldOptions::Points;
  for (const auto points : {Points::box, Points::cell, Points::anchor}) {
    SsldOptions o;
    o.landmarks = 2;
    o.points = points;
    o.anchors = {0.3, 0.3};
    o.target = SsldOptions::Target::one;  // the other moves with the box, which has no gradient
    auto labels = labels_of(torch::tensor({{0.2, 0.3, 0.5, 0.7}}), 2);
    labels.landmarks.uniform_();
    labels.visible.fill_(true);
    const auto loss = [&](const Tensor& raw) { return total(ssld_loss(raw, labels, o)); };
    const auto raw = torch::randn({1, 9, 2, 2}).set_requires_grad(true);
    loss(raw).backward();
    expect_close(raw.grad(), numeric_gradient(loss, raw, 1e-2), 5e-3);
  }
}

TEST(SsldLoss, RefusesWhatDoesNotFit) {
  EXPECT_THROW(ssld_loss(torch::zeros({1, 34, 13, 13}), one_face(), darknet()), c10::Error);
  EXPECT_THROW(ssld_loss(torch::zeros({2, 35, 13, 13}), one_face(), darknet()), c10::Error);
  EXPECT_THROW(ssld_loss(torch::zeros({1, 35, 13, 13}), one_face(2), darknet()), c10::Error);
}

// Two faces on one place: the larger is learnt, wherever it stands in the list.
TEST(SsldAssign, GivesAPlaceToTheLargestOfItsFaces) {
  SsldOptions o;
  o.anchors = {0.2, 0.2};
  auto labels = labels_of(torch::tensor({{0.1, 0.1, 0.4, 0.4},  //
                                         {0.2, 0.2, 0.3, 0.3},
                                         {0.6, 0.1, 0.8, 0.3}}),
                          0);
  for (int64_t turn = 0; turn < 3; ++turn) {
    const auto places = ssld_assign(labels, o, 2, 2);
    EXPECT_TRUE(torch::equal(places.column, torch::tensor({0, 1}, torch::kLong)));
    EXPECT_TRUE(torch::equal(places.face, torch::tensor({turn, (turn + 2) % 3}, torch::kLong)));
    labels.box = labels.box.roll(1, 1);
  }
}

TEST(SsldAssign, PassesOverPaddingIgnoredEmptyAndOutsideFaces) {
  auto labels = labels_of(torch::tensor({{-0.3, 0.1, 0.1, 0.4},   // its centre left of the picture
                                         {0.2, 0.2, 0.3, 0.3},    // ignored region
                                         {0.5, 0.5, 0.5, 0.6},    // no width
                                         {0.9, 0.9, 1.08, 1.08},  // cut off, its centre inside
                                         {0.6, 0.1, 0.8, 0.3}}),  // padding
                          0);
  labels.object_class[0][1] = -1;
  labels.count.fill_(4);
  const auto places = ssld_assign(labels, SsldOptions(), 4, 4);
  ASSERT_EQ(places.face.numel(), 1);
  EXPECT_EQ(places.face.item<int64_t>(), 3);
  EXPECT_EQ(places.row.item<int64_t>(), 3);
}

}  // namespace
}  // namespace manyfold::losses
