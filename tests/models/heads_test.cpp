#include "models/heads.h"

#include "models/encoders.h"
#include "models/heads/class_head.h"
#include "models/heads/segmentation_head.h"
#include "models/heads/ssld_head.h"
#include "testing.h"

namespace manyfold::models {
namespace {

HeadOptions options_for(const std::string& kind) {
  HeadOptions options;
  if (kind == "classification") options.classes = 10;
  return options;
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
  EXPECT_LE(counts.at("faces"), 50000);
}

// 2.4 M + 300 K + 50 K + 50 K and a 30 K detector make one model of 2.8 M.
TEST(Heads, LeaveRoomForADetectorInAFourFunctionModel) {
  auto total = parameter_count(*encoders().at("edge_2m4")(Stem::conv));
  for (const auto& [kind, count] : head_parameters("edge_2m4")) total += count;
  EXPECT_LE(total + 30000, 2800000);
}

// Pinned: a change of a size is a change of what users trained.
TEST(Heads, HaveThePinnedParameters) {
  using Counts = std::map<std::string, int64_t>;
  EXPECT_EQ(head_parameters("edge_200k"),
            (Counts{{"classification", 19210}, {"faces", 31527}, {"segmentation", 42016}}));
  EXPECT_EQ(head_parameters("edge_420k"),
            (Counts{{"classification", 31498}, {"faces", 45991}, {"segmentation", 66512}}));
  EXPECT_EQ(head_parameters("edge_2m4"),
            (Counts{{"classification", 43466}, {"faces", 43047}, {"segmentation", 262544}}));
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
      EXPECT_EQ(shape("faces", options), (Shape{2, 423, h / 8, w / 8}));
      options.classes = 7;
      EXPECT_EQ(shape("segmentation", options), (Shape{2, 7, h, w}));
      EXPECT_EQ(shape("classification", options), (Shape{2, 7}));
      options.landmarks = 5;
      options.anchors = 2;
      options.stride = 16;
      EXPECT_EQ(shape("faces", options), (Shape{2, 30, h / 16, w / 16}));
    }
  }
}

TEST(Heads, TakeTheWidthTheyAreGiven) {
  const std::vector<FeatureInfo> features = {{8, 4}, {16, 8}, {32, 16}, {64, 32}};
  HeadOptions options;
  options.width = 24;
  // 64 * 24 + 2 * 24 for the hidden convolution, 24 + 1 for the one class.
  EXPECT_EQ(parameter_count(*heads().at("classification")(features, options)), 1609);
}

TEST(SsldHead, StartsConfidentThatThereIsNoFace) {
  torch::manual_seed(0);
  const std::vector<FeatureInfo> features = {{8, 4}, {16, 8}, {32, 16}, {64, 32}};
  SsldHead head(SsldHeadOptions(features, 5));
  const auto raw = head->forward({torch::randn({2, 8, 16, 16}), torch::randn({2, 16, 8, 8}),
                                  torch::randn({2, 32, 4, 4}), torch::randn({2, 64, 2, 2})})[0];
  const auto confidence = torch::sigmoid(raw.view({2, 3, 15, 8, 8}).select(2, 4));
  EXPECT_NEAR(confidence.mean().item<double>(), 0.01, 0.002);
}

TEST(SsldHead, RefusesAnEncoderWithoutItsStrides) {
  const SsldHeadOptions options({{8, 16}, {16, 32}}, 5);
  EXPECT_THROW(SsldHeadImpl{options}, c10::Error);
  EXPECT_NO_THROW(SsldHeadImpl(SsldHeadOptions(options).stride(16)));
}

TEST(SsldHead, KeepsItsBudgetAtBothStrides) {
  for (const auto& [name, make_encoder] : encoders()) {
    for (const int64_t stride : {8, 16}) {
      HeadOptions options;
      options.stride = stride;
      const auto head = heads().at("faces")(make_encoder(Stem::conv)->features(), options);
      EXPECT_LE(parameter_count(*head), 50000) << name << " at stride " << stride;
    }
  }
}

// Width 40 on 256 + 376 channels: two 1x1 convolutions (632 * 40) with BatchNorm (4 * 40), a 5x5
// depthwise (25 * 40) and a 1x1 (40 * 40) one with BatchNorm (4 * 40), 41 * 423 for the output.
TEST(SsldHead, ChoosesItsWidthForItsStride) {
  HeadOptions options;
  options.stride = 16;
  const auto features = encoders().at("edge_2m4")(Stem::conv)->features();
  EXPECT_EQ(parameter_count(*heads().at("faces")(features, options)), 45543);
}

TEST(SegmentationHead, RefusesAnEncoderWithoutItsStrides) {
  EXPECT_THROW(SegmentationHeadOptions({{8, 16}, {16, 32}}, 1), c10::Error);
}

TEST(Heads, CloneToIndependentCopies) {
  const std::vector<FeatureInfo> features = {{8, 4}, {16, 8}, {32, 16}, {64, 32}};
  const std::vector<torch::Tensor> maps = {torch::randn({2, 8, 16, 16}),
                                           torch::randn({2, 16, 8, 8}), torch::randn({2, 32, 4, 4}),
                                           torch::randn({2, 64, 2, 2})};
  expect_independent_clone(*ClassHead(ClassHeadOptions(features, 4)), maps);
  expect_independent_clone(*SegmentationHead(SegmentationHeadOptions(features, 2)), maps);
  expect_independent_clone(*SsldHead(SsldHeadOptions(features, 5)), maps);
}

}  // namespace
}  // namespace manyfold::models
