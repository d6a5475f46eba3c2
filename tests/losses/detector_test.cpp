#include "losses/detector.h"

#include "detector_testing.h"
#include "losses/ciou.h"
#include "losses/detector_decode.h"

namespace manyfold::losses {
namespace {

using torch::Tensor;
constexpr double kCells = 13, kPixels = 416;

/// Darknet's anchors on a 13 x 13 grid, one key point, plain squared errors with weights of 1.
DetectorOptions darknet() {
  DetectorOptions o;
  o.landmarks = 1;
  o.anchors = {1.3221,  1.73145, 3.19275, 4.00944, 5.05587,
               8.09892, 9.47112, 4.84053, 11.2364, 10.0071};
  for (auto& side : o.anchors) side /= kCells;
  o.confidence = DetectorOptions::Confidence::squared;
  o.point_term = DetectorOptions::PointTerm::squared;
  o.centre_weight = o.size_weight = o.object_weight = o.background_weight = o.landmark_weight = 1;
  o.target = DetectorOptions::Target::iou;
  return o;
}

/// The face of most tests: centre (200, 140), 80 x 112 pixels. Cell (6, 4), offset (.25, .375),
/// anchor 1.
DetectorLabels one_face(int64_t landmarks = 1) {
  return labels_of(torch::tensor({{160., 84., 240., 196.}}) / kPixels, landmarks);
}

/// An output that says "nothing" everywhere, but `t` at anchor 1 of column 6, row 4.
Tensor raw_with(const std::vector<double>& t, const DetectorOptions& o) {
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
TEST(DetectorLoss, GivesTheHandSumsOfItsTerms) {
  auto o = darknet();
  const auto raw = raw_with({logit_of(0.4), 0, -0.2, -0.1, logit_of(0.7), 0, 0}, o);
  auto terms = detector_loss({raw}, one_face(), o);
  EXPECT_NEAR(terms.at("centre").item<double>(), 0.038125, 1e-6);
  EXPECT_NEAR(terms.at("size").item<double>(), 0.00327643, 1e-7);  // of logarithms
  EXPECT_NEAR(terms.at("object").item<double>(), 0.0172744, 1e-6);
  EXPECT_NEAR(terms.at("background").item<double>(), 0, 1e-9);
  EXPECT_EQ(terms.at("landmarks").item<double>(), 0);  // none visible

  o.size_term = DetectorOptions::SizeTerm::sqrt;
  o.target = DetectorOptions::Target::one;
  o.centre_weight = o.size_weight = 5;
  terms = detector_loss({raw}, one_face(), o);
  EXPECT_NEAR(terms.at("size").item<double>(), 5 * 0.000186021, 1e-7);
  EXPECT_NEAR((terms.at("centre") + terms.at("size")).item<double>(), 0.191555, 1e-5);
  EXPECT_NEAR(terms.at("object").item<double>(), 0.09, 1e-6);
}

TEST(DetectorLoss, ChargesConfidenceWhereNothingIs) {
  auto o = darknet();
  o.background_weight = 0.5;
  auto raw = raw_with({0, 0, 0, 0, 100, 0, 0}, o);
  raw[0][4][0][0] = logit_of(0.1);  // anchor 0, first cell
  EXPECT_NEAR(detector_loss({raw}, one_face(), o).at("background").item<double>(), 0.005, 1e-7);
  o.confidence = DetectorOptions::Confidence::cross_entropy;
  EXPECT_NEAR(detector_loss({raw}, one_face(), o).at("background").item<double>(),
              -0.5 * std::log(0.9), 1e-6);
}

TEST(DetectorLoss, DoesNotCallABoxThatOverlapsAFaceBackground) {
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
  EXPECT_EQ(detector_loss({raw.flatten(1, 2)}, labels, o).at("background").item<double>(), 0);
  neighbour[2] = 2;  // now far too wide
  EXPECT_NEAR(detector_loss({raw.flatten(1, 2)}, labels, o).at("background").item<double>(), 0.25,
              1e-6);
}

TEST(DetectorLoss, DoesNotCallIgnoredRegionsBackground) {
  const auto o = darknet();
  auto raw = raw_with({0, 0, 0, 0, 100, 0, 0}, o);
  raw[0][4][12][0] = 0;  // confidence 1/2 in the lower left corner: 1/4
  EXPECT_NEAR(detector_loss({raw}, one_face(), o).at("background").item<double>(), 0.25, 1e-6);
  auto labels =
      labels_of(torch::cat({one_face().box[0], torch::tensor({{0.f, 0.9f, 0.1f, 1.f}})}), 1);
  labels.object_class[0][1] = -1;
  EXPECT_EQ(detector_loss({raw}, labels, o).at("background").item<double>(), 0);
}

TEST(DetectorLoss, AveragesTheVisibleKeyPointsOfAFace) {
  auto o = darknet();
  o.landmarks = 3;
  auto labels = one_face(3);
  labels.visible = torch::tensor({true, true, false}).view({1, 1, 3});
  // A quarter of the box right of and below its centre; the centre; unknown.
  labels.landmarks =
      torch::tensor({220.f, 168.f, 200.f, 140.f, NAN, 0.f}).view({1, 1, 3, 2}) / kPixels;
  const auto raw = raw_with({0, 0, 0, 0, 0, 0.35, 0.25, 0, 0.2, 7, 7}, o).set_requires_grad(true);
  const auto loss = detector_loss({raw}, labels, o).at("landmarks");
  EXPECT_NEAR(loss.item<double>(), (0.01 + 0.04) / 2, 1e-6);
  loss.backward();
  EXPECT_TRUE(raw.grad().isfinite().all().item<bool>());

  o.point_term = DetectorOptions::PointTerm::smooth_l1;
  o.point_beta = 0.05;  // .1 - beta / 2 and .2 - beta / 2
  EXPECT_NEAR(detector_loss({raw}, labels, o).at("landmarks").item<double>(), (0.075 + 0.175) / 2,
              1e-6);
}

TEST(DetectorLoss, IsZeroWithZeroGradientWithoutLabels) {
  auto labels = one_face();
  labels.present.fill_(false);
  const auto raw = torch::randn({1, 35, 13, 13}).set_requires_grad(true);
  const auto loss = total(detector_loss({raw}, labels, darknet()));
  EXPECT_EQ(loss.item<double>(), 0);
  loss.backward();
  EXPECT_EQ(raw.grad().abs().max().item<double>(), 0);
}

TEST(DetectorLoss, TeachesBackgroundInAPictureWithoutFaces) {
  for (const int64_t padding : {1, 0}) {
    auto labels = labels_of(torch::zeros({padding, 4}), 1);
    labels.count.fill_(0);
    const auto terms = detector_loss({torch::zeros({1, 35, 13, 13})}, labels, darknet());
    EXPECT_NEAR(terms.at("background").item<double>(), 0.25 * 5 * 169, 1e-3);
    EXPECT_EQ(terms.at("object").item<double>(), 0);
  }
}

TEST(DetectorLoss, HasTheGradientOfItsDifferences) {
  torch::manual_seed(0);
  using Points = DetectorOptions::Points;
  for (const auto points : {Points::box, Points::cell, Points::anchor}) {
    DetectorOptions o;
    o.landmarks = 2;
    o.points = points;
    o.anchors = {0.3, 0.3};
    o.target = DetectorOptions::Target::one;  // the other moves with the box, which has no gradient
    auto labels = labels_of(torch::tensor({{0.2, 0.3, 0.5, 0.7}}), 2);
    labels.landmarks.uniform_();
    labels.visible.fill_(true);
    const auto loss = [&](const Tensor& raw) { return total(detector_loss({raw}, labels, o)); };
    const auto raw = torch::randn({1, 9, 2, 2}).set_requires_grad(true);
    loss(raw).backward();
    expect_close(raw.grad(), numeric_gradient(loss, raw, 1e-2), 5e-3);
  }
}

TEST(DetectorLoss, RefusesWhatDoesNotFit) {
  EXPECT_THROW(detector_loss({torch::zeros({1, 34, 13, 13})}, one_face(), darknet()), c10::Error);
  EXPECT_THROW(detector_loss({torch::zeros({2, 35, 13, 13})}, one_face(), darknet()), c10::Error);
  const auto raw = torch::zeros({1, 35, 13, 13});
  EXPECT_THROW(detector_loss({raw}, one_face(2), darknet()), c10::Error);
  EXPECT_THROW(detector_loss({raw, raw}, one_face(), darknet()), c10::Error);
  auto labels = one_face();
  labels.labelled = torch::ones({1, 2}, torch::kBool);
  EXPECT_THROW(detector_loss({raw}, labels, darknet()), c10::Error);
}

// 1 - 0.829611, with IoU .831432, rho^2 / c^2 .00182101 and alpha v 2.8e-10.
TEST(DetectorLoss, TakesTheCompleteIouOfBoxesAsAWhole) {
  auto o = darknet();
  o.size_term = DetectorOptions::SizeTerm::ciou;
  o.box_weight = 2;
  const auto raw = raw_with({logit_of(0.4), 0, -0.2, -0.1, logit_of(0.7), 0, 0}, o);
  const auto terms = detector_loss({raw}, one_face(), o);
  EXPECT_NEAR(terms.at("box").item<double>(), 2 * 0.170389, 2e-6);
  EXPECT_EQ(terms.count("centre") + terms.count("size"), 0U);
  EXPECT_NEAR(terms.at("object").item<double>(), 0.0172744, 1e-6);
}

// The box that is decoded, in a picture of 32 x 16 pixels.
TEST(DetectorLoss, MeasuresTheCompleteIouInOneUnitForBothAxes) {
  torch::manual_seed(0);
  DetectorOptions o;
  o.landmarks = 0;
  o.anchors = {0.3, 0.3};
  o.size_term = DetectorOptions::SizeTerm::ciou;
  o.box_weight = 1;
  const auto box = torch::tensor({{0.2f, 0.3f, 0.5f, 0.8f}});  // column 1, row 1
  const auto pixels = torch::tensor({32.f, 16.f, 32.f, 16.f});
  const auto raw = torch::randn({1, 5, 2, 4}).set_requires_grad(true);
  const auto loss = detector_loss({raw}, labels_of(box, 0), o).at("box");
  const auto other = raw.detach().clone().set_requires_grad(true);
  const auto expected =
      1 - complete_iou(decode_boxes({other}, o)[0][1 * 4 + 1] * pixels, box[0] * pixels);
  EXPECT_NEAR(loss.item<double>(), expected.item<double>(), 1e-5);
  loss.backward();
  expected.backward();
  expect_close(raw.grad(), other.grad(), 1e-4);
}

// The face of the other tests on the second of two grids, one doubtful place on the first.
TEST(DetectorLoss, SumsOverItsGrids) {
  const auto one = darknet();
  auto o = one;
  o.strides = {16, 32};
  o.anchors.insert(o.anchors.begin(), 10, 0.001);
  auto fine = torch::zeros({1, 5, 7, 26, 26});
  fine.select(2, 4).fill_(-100);
  fine[0][3][4][20][9] = logit_of(0.1);
  fine = fine.flatten(1, 2).set_requires_grad(true);
  const auto coarse =
      raw_with({logit_of(0.4), 0, -0.2, -0.1, logit_of(0.7), 0, 0}, one).set_requires_grad(true);
  const auto terms = detector_loss({fine, coarse}, one_face(), o);
  EXPECT_NEAR(terms.at("centre").item<double>(), 0.038125, 1e-6);
  EXPECT_NEAR(terms.at("size").item<double>(), 0.00327643, 1e-7);
  EXPECT_NEAR(terms.at("object").item<double>(), 0.0172744, 1e-6);
  EXPECT_NEAR(terms.at("background").item<double>(), 0.01, 1e-6);

  (terms.at("centre") + terms.at("size") + terms.at("object")).backward();
  EXPECT_EQ(fine.grad().abs().max().item<double>(), 0);
  EXPECT_GT(coarse.grad().abs().max().item<double>(), 0);
}

/// Two classes without key points on grids of 4 x 4 and 2 x 2 cells with one anchor each: 20
/// places.
DetectorOptions heads_and_bodies() {
  DetectorOptions o;
  o.classes = 2;
  o.landmarks = 0;
  o.strides = {8, 16};
  o.anchors = {0.1, 0.1, 0.5, 0.5};
  o.confidence = DetectorOptions::Confidence::squared;
  return o;
}

/// One picture: a head on the fine grid and a body on the coarse one.
DetectorLabels head_and_body() {
  auto labels = labels_of(torch::tensor({{0.2, 0.2, 0.3, 0.32}, {0.2, 0.2, 0.7, 0.9}}), 0);
  labels.object_class[0][1] = 1;
  return labels;
}

std::vector<Tensor> nothing_on_two_grids() {
  return {torch::zeros({1, 6, 4, 4}), torch::zeros({1, 6, 2, 2})};
}

TEST(DetectorLoss, GivesNoGradientToConfidencesOfAClassThatIsNotLabelled) {
  torch::manual_seed(0);
  auto labels = head_and_body();
  labels.labelled = torch::tensor({true, false}).unsqueeze(0);
  const std::vector<Tensor> raw = {torch::randn({1, 6, 4, 4}).set_requires_grad(true),
                                   torch::randn({1, 6, 2, 2}).set_requires_grad(true)};
  total(detector_loss(raw, labels, heads_and_bodies())).backward();
  const auto moved = [&](size_t grid, int64_t from, int64_t to) {
    return raw[grid].grad().slice(1, from, to).abs().max().item<double>();
  };
  for (const size_t grid : {size_t{0}, size_t{1}}) {
    EXPECT_GT(moved(grid, 4, 5), 0);
    EXPECT_EQ(moved(grid, 5, 6), 0);
  }
  EXPECT_GT(moved(0, 0, 4), 0);  // the head's box
  EXPECT_EQ(moved(1, 0, 4), 0);  // the body's
}

// Squares of 1/2 at 20 places for each class.
TEST(DetectorLoss, TeachesBackgroundOfTheLabelledClassesAlone) {
  auto labels = head_and_body();
  labels.count.fill_(0);
  const auto loss = [&] {
    return detector_loss(nothing_on_two_grids(), labels, heads_and_bodies())
        .at("background")
        .item<double>();
  };
  EXPECT_NEAR(loss(), 10, 1e-5);
  labels.labelled = torch::tensor({true, true}).unsqueeze(0);
  EXPECT_NEAR(loss(), 10, 1e-5);
  labels.labelled = torch::tensor({false, true}).unsqueeze(0);
  EXPECT_NEAR(loss(), 5, 1e-5);
  labels.labelled = torch::tensor({false, false}).unsqueeze(0);
  EXPECT_EQ(loss(), 0);
}

// The left half: 8 of 16 cells and 2 of 4.
TEST(DetectorLoss, IgnoresRegionsOnEveryGridForEveryClass) {
  auto labels = labels_of(torch::tensor({{0., 0., 0.5, 1.}}), 0);
  labels.object_class.fill_(-1);
  EXPECT_NEAR(detector_loss(nothing_on_two_grids(), labels, heads_and_bodies())
                  .at("background")
                  .item<double>(),
              0.25 * 2 * (8 + 2), 1e-5);
}

/// Two classes, `anchors` of 0.2 on a grid of 2 x 2 cells.
DetectorOptions small_grid(size_t anchors) {
  auto o = heads_and_bodies();
  o.strides = {8};
  o.anchors.assign(2 * anchors, 0.2);
  o.target = DetectorOptions::Target::one;
  return o;
}

// The box that is found round (0.25, 0.25) is 0.2 wide and high: IoU .25 with the smaller object,
// .44 with the larger one. 7 of 8 confidences learn background.
TEST(DetectorLoss, LearnsTheLargerOfTwoClassesAtOnePlace) {
  auto labels = labels_of(torch::tensor({{0.2, 0.2, 0.3, 0.3}, {0.1, 0.1, 0.4, 0.4}}), 0);
  labels.object_class[0][1] = 1;
  const auto raw = torch::zeros({1, 6, 2, 2}).set_requires_grad(true);
  auto terms = detector_loss({raw}, labels, small_grid(1));
  EXPECT_NEAR(terms.at("background").item<double>(), 7 * 0.25, 1e-5);
  terms.at("object").backward();
  auto expected = torch::zeros({1, 6, 2, 2});
  expected[0][5][0][0] = -0.25;  // 2 (1/2 - 1) (1/2) (1 - 1/2)
  expect_close(raw.grad(), expected);

  labels.box[0][0] = torch::tensor({0.15, 0.15, 0.35, 0.35});  // just what is found: IoU 1
  terms = detector_loss({raw}, labels, small_grid(1));
  EXPECT_NEAR(terms.at("background").item<double>(), 6 * 0.25, 1e-5);
  EXPECT_NEAR(terms.at("object").item<double>(), 0.25, 1e-6);
}

// Both anchors find the object of class 0; the second is not taught that it is none, but that it
// is none of class 1: 6 + 8 confidences.
TEST(DetectorLoss, ComparesOverlapsWithinAClass) {
  const auto labels = labels_of(torch::tensor({{0.15, 0.15, 0.35, 0.35}}), 0);
  const auto terms = detector_loss({torch::zeros({1, 12, 2, 2})}, labels, small_grid(2));
  EXPECT_NEAR(terms.at("background").item<double>(), 14 * 0.25, 1e-5);
}

TEST(DetectorLoss, HasTheGradientOfItsDifferencesOnSeveralGrids) {
  torch::manual_seed(0);
  auto o = heads_and_bodies();
  o.confidence = DetectorOptions::Confidence::cross_entropy;
  o.target = DetectorOptions::Target::one;  // the other moves with the box, which has no gradient
  o.ignore_iou = 1;
  auto labels = head_and_body();
  for (auto* x : {&labels.present, &labels.count, &labels.box, &labels.object_class,
                  &labels.landmarks, &labels.visible}) {
    *x = torch::cat({*x, *x});
  }
  labels.labelled = torch::tensor({true, true, true, false}).view({2, 2});
  const auto loss = [&](const Tensor& numbers) {
    return total(detector_loss(
        {numbers.slice(0, 0, 192).view({2, 6, 4, 4}), numbers.slice(0, 192).view({2, 6, 2, 2})},
        labels, o));
  };
  const auto numbers = torch::randn({240}).set_requires_grad(true);
  loss(numbers).backward();
  expect_close(numbers.grad(), numeric_gradient(loss, numbers, 1e-2), 5e-3);
}

}  // namespace
}  // namespace manyfold::losses
