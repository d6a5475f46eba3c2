#include "models/heads.h"

#include "models/encoders.h"
#include "models/heads/class_head.h"
#include "models/heads/detector_head.h"
#include "models/heads/segmentation_head.h"
#include "testing.h"

namespace manyfold::models {
namespace {

HeadOptions options_for(const std::string& kind) {
  HeadOptions options;
  if (kind == "classification") options.classes = 10;
  return options;
}

/// Boxes of two classes at three strides.
HeadOptions heads_and_bodies() {
  HeadOptions options;
  options.classes = 2;
  options.landmarks = 0;
  options.strides = {8, 16, 32};
  return options;
}

const std::vector<FeatureInfo> kFeatures = {{8, 4}, {16, 8}, {32, 16}, {64, 32}};

std::vector<torch::Tensor> random_maps() {
  return {torch::randn({2, 8, 16, 16}), torch::randn({2, 16, 8, 8}), torch::randn({2, 32, 4, 4}),
          torch::randn({2, 64, 2, 2})};
}

std::map<std::string, int64_t> head_parameters(const std::string& encoder) {
  std::map<std::string, int64_t> counts;
  const auto features = encoders().at(encoder)(Stem::conv)->features();
  for (const auto& [kind, factory] : heads()) {
    counts[kind] = parameter_count(*factory(features, options_for(kind)));
  }
  return counts;
}

TEST(Heads, KeepTheirBudgetsAtTheLargestEncoder) {
  const auto counts = head_parameters("edge_2m4");
  EXPECT_LE(counts.at("segmentation"), 300000);
  EXPECT_LE(counts.at("classification"), 50000);
  EXPECT_LE(counts.at("detector"), 50000);
}

// 2.4 M, 300 K, 50 K and 50 K, and a detector of heads and bodies, make one model of 2.8 M.
TEST(Heads, LeaveRoomForADetectorInAFourFunctionModel) {
  const auto encoder = encoders().at("edge_2m4")(Stem::conv);
  auto total = parameter_count(*encoder);
  for (const auto& [kind, count] : head_parameters("edge_2m4")) total += count;
  total += parameter_count(*heads().at("detector")(encoder->features(), heads_and_bodies()));
  EXPECT_LE(total, 2800000);
}

// Pinned: a change of a size is a change of what users trained.
TEST(Heads, HaveThePinnedParameters) {
  using Counts = std::map<std::string, int64_t>;
  EXPECT_EQ(head_parameters("edge_200k"),
            (Counts{{"classification", 19210}, {"detector", 31527}, {"segmentation", 42016}}));
  EXPECT_EQ(head_parameters("edge_420k"),
            (Counts{{"classification", 31498}, {"detector", 45991}, {"segmentation", 66512}}));
  EXPECT_EQ(head_parameters("edge_2m4"),
            (Counts{{"classification", 43466}, {"detector", 43047}, {"segmentation", 262544}}));
}

TEST(Heads, GiveTheirShapesAtEveryEncoderAndSize) {
  const torch::NoGradGuard no_grad;
  for (const auto& [name, make_encoder] : encoders()) {
    const auto encoder = make_encoder(Stem::conv);
    encoder->eval();
    for (const auto& [h, w] : {std::pair<int64_t, int64_t>{32, 64}, {96, 160}}) {
      const auto maps = encoder->forward(torch::zeros({2, 3, h, w}));
      const auto shape = [&](const std::string& kind, const HeadOptions& options) {
        const auto head = heads().at(kind)(encoder->features(), options);
        head->eval();
        return head->forward(maps).at(0).sizes().vec();
      };
      HeadOptions options;
      using Shape = std::vector<int64_t>;
      EXPECT_EQ(shape("segmentation", options), (Shape{2, 1, h, w}));
      EXPECT_EQ(shape("detector", options), (Shape{2, 423, h / 8, w / 8}));
      options.classes = 7;
      EXPECT_EQ(shape("segmentation", options), (Shape{2, 7, h, w}));
      EXPECT_EQ(shape("classification", options), (Shape{2, 7}));
      options.classes = 1;
      options.landmarks = 5;
      options.anchors = 2;
      options.strides = {16};
      EXPECT_EQ(shape("detector", options), (Shape{2, 30, h / 16, w / 16}));
    }
  }
}

TEST(Heads, TakeTheWidthTheyAreGiven) {
  HeadOptions options;
  options.width = 24;
  // 64 * 24 + 2 * 24 for the hidden convolution, 24 + 1 for the one class.
  EXPECT_EQ(parameter_count(*heads().at("classification")(kFeatures, options)), 1609);
}

TEST(DetectorHead, StartsConfidentThatThereIsNoObject) {
  torch::manual_seed(0);
  for (const auto& strides : {std::vector<int64_t>{8}, {8, 16, 32}}) {
    DetectorHead head(DetectorHeadOptions(kFeatures, 5).classes(2).strides(strides));
    for (const auto& raw : head->forward(random_maps())) {
      const auto numbers = raw.unflatten(1, {3, 4 + 2 + 2 * 5});
      const auto confidence = torch::sigmoid(numbers.narrow(2, 4, 2));
      EXPECT_NEAR(confidence.mean().item<double>(), 0.01, 0.002);
      EXPECT_GT(torch::sigmoid(numbers.narrow(2, 0, 4)).min().item<double>(), 0.2) << "boxes";
    }
  }
}

TEST(DetectorHead, RefusesStridesThatItCannotJoin) {
  const DetectorHeadOptions options({{8, 16}, {16, 32}}, 5);
  EXPECT_THROW(DetectorHeadImpl{options}, c10::Error) << "no map at stride 8";
  EXPECT_NO_THROW(DetectorHeadImpl(DetectorHeadOptions(options).strides({16})));
  EXPECT_NO_THROW(DetectorHeadImpl(DetectorHeadOptions(kFeatures, 5).strides({8, 16})));
  EXPECT_THROW(DetectorHeadImpl(DetectorHeadOptions(kFeatures, 5).strides({8, 32})), c10::Error);
  EXPECT_THROW(DetectorHeadImpl(DetectorHeadOptions(kFeatures, 5).strides({16, 8})), c10::Error);
}

TEST(DetectorHead, KeepsItsBudgetAtAllStrides) {
  for (const auto& [name, make_encoder] : encoders()) {
    for (const auto& strides : {std::vector<int64_t>{8}, {16}, {8, 16}, {8, 16, 32}}) {
      HeadOptions options;
      options.strides = strides;
      const auto head = heads().at("detector")(make_encoder(Stem::conv)->features(), options);
      EXPECT_LE(parameter_count(*head), 50000)
          << name << " at " << strides.size() << " strides from " << strides[0];
    }
  }
}

// Width 40 on 256 + 376 channels: two 1x1 convolutions (632 * 40) with BatchNorm (4 * 40), a 5x5
// depthwise (25 * 40) and a 1x1 (40 * 40) one with BatchNorm (4 * 40), 41 * 423 for the output.
TEST(DetectorHead, ChoosesItsWidthForItsStride) {
  HeadOptions options;
  options.strides = {16};
  const auto features = encoders().at("edge_2m4")(Stem::conv)->features();
  EXPECT_EQ(parameter_count(*heads().at("detector")(features, options)), 45543);
}

// Width w on c channels in all: three 1x1 convolutions (c w) with BatchNorm (6 w), and at each
// stride a 5x5 depthwise (25 w) and a 1x1 (w w) one with BatchNorm (4 w) and (w + 1) 3 * 6 for the
// output. w: as at stride 8, 48 and 64, and 40 at edge_2m4, where 48 would make 50,502.
TEST(DetectorHead, HasThePinnedParametersAtThreeStrides) {
  const std::map<std::string, int64_t> pinned = {
      {"edge_200k", 25158}, {"edge_2m4", 41134}, {"edge_420k", 43766}};
  for (const auto& [name, count] : pinned) {
    const auto features = encoders().at(name)(Stem::conv)->features();
    EXPECT_EQ(parameter_count(*heads().at("detector")(features, heads_and_bodies())), count)
        << name;
  }
}

TEST(DetectorHead, GivesAnOutputForEachStride) {
  const torch::NoGradGuard no_grad;
  using Shape = std::vector<int64_t>;
  const auto head = heads().at("detector")(kFeatures, heads_and_bodies());
  const auto raw = head->forward(random_maps());  // of 64 x 64 pixels
  ASSERT_EQ(raw.size(), 3u);
  EXPECT_EQ(raw[0].sizes(), (Shape{2, 18, 8, 8}));
  EXPECT_EQ(raw[1].sizes(), (Shape{2, 18, 4, 4}));
  EXPECT_EQ(raw[2].sizes(), (Shape{2, 18, 2, 2}));
}

/// What of a picture reaches an output: true where the map's change changes it.
std::vector<bool> depends(Head& head, size_t map, const std::vector<torch::Tensor>& maps) {
  auto changed = maps;
  changed[map] = changed[map] + 1;
  const auto before = head.forward(maps), after = head.forward(changed);
  std::vector<bool> differs;
  for (size_t i = 0; i < before.size(); ++i) differs.push_back(!torch::equal(before[i], after[i]));
  return differs;
}

TEST(DetectorHead, SeesCoarserMapsAsContext) {
  torch::manual_seed(0);
  const torch::NoGradGuard no_grad;
  const auto maps = random_maps();
  DetectorHead all(DetectorHeadOptions(kFeatures, 0).strides({8, 16, 32}));
  all->eval();
  using Which = std::vector<bool>;
  EXPECT_EQ(depends(*all, 0, maps), (Which{false, false, false}));
  EXPECT_EQ(depends(*all, 1, maps), (Which{true, false, false}));
  EXPECT_EQ(depends(*all, 2, maps), (Which{true, true, false}));
  EXPECT_EQ(depends(*all, 3, maps), (Which{true, true, true}));
  DetectorHead two(DetectorHeadOptions(kFeatures, 0).strides({8, 16}));
  two->eval();
  EXPECT_EQ(depends(*two, 3, maps), (Which{true, true})) << "beyond the coarsest stride";
}

// Checkpoints of one stride keep these names.
TEST(DetectorHead, NamesItsPartsByStrideWhereThereAreSeveral) {
  const auto children = [](const std::vector<int64_t>& strides) {
    DetectorHead head(DetectorHeadOptions(kFeatures, 0).strides(strides));
    std::vector<std::string> names;
    for (const auto& child : head->named_children()) names.push_back(child.key());
    return names;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(children({8}), (Names{"squeeze", "context", "mix", "out"}));
  EXPECT_EQ(children({32}), (Names{"squeeze", "mix", "out"}));
  EXPECT_EQ(children({8, 16}),
            (Names{"squeeze8", "squeeze16", "context", "mix8", "out8", "mix16", "out16"}));
}

TEST(SegmentationHead, RefusesAnEncoderWithoutItsStrides) {
  EXPECT_THROW(SegmentationHeadOptions({{8, 16}, {16, 32}}, 1), c10::Error);
}

TEST(Heads, CloneToIndependentCopies) {
  const auto maps = random_maps();
  expect_independent_clone(*ClassHead(ClassHeadOptions(kFeatures, 4)), maps);
  expect_independent_clone(*SegmentationHead(SegmentationHeadOptions(kFeatures, 2)), maps);
  expect_independent_clone(*DetectorHead(DetectorHeadOptions(kFeatures, 5)), maps);
  expect_independent_clone(
      *DetectorHead(DetectorHeadOptions(kFeatures, 0).classes(2).strides({8, 16, 32})), maps);
}

}  // namespace
}  // namespace manyfold::models
