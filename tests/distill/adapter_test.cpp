#include "distill/adapter.h"

#include <cmath>

#include "tests/distill/fixture.h"

namespace manyfold::distill {
namespace {

using data::LabelSpec;
using testing::HasSubstr;
using torch::Tensor;

InputOptions input(const std::string& yaml) {
  return config::read<InputOptions>(config::parse_yaml(yaml, "job.yaml"));
}
OutputOptions output(const std::string& yaml) {
  return config::read<OutputOptions>(config::parse_yaml(yaml, "job.yaml"));
}
LabelSpec spec(LabelSpec::Kind kind, std::vector<std::string> classes) {
  LabelSpec spec;
  spec.kind = kind;
  spec.classes = std::move(classes);
  return spec;
}
const LabelSpec kPerson = spec(LabelSpec::Kind::mask, {"background", "person"});
const LabelSpec kThree = spec(LabelSpec::Kind::mask, {"background", "person", "animal"});
const LabelSpec kSign = spec(LabelSpec::Kind::class_index, {"fist", "palm"});

/// One pixel of each colour value.
Tensor pixel(int r, int g, int b) {
  return torch::tensor({r, g, b}, torch::kByte).view({1, 3, 1, 1});
}

TEST(PreparePictures, NormalisesInTheTeachersOrder) {
  const auto x = prepare_pictures(
      pixel(255, 51, 0),
      input("{colour: bgr, mean: [0.1, 0.2, 0.3], deviation: [0.5, 0.25, 2], layout: nhwc}"));
  ASSERT_EQ(shape_text(x), "[1, 1, 1, 3]");
  // blue 0, green 0.2, red 1
  EXPECT_TRUE(
      torch::allclose(x.flatten(), torch::tensor({-0.2, 0.0, 0.35}, torch::kFloat), 1e-5, 1e-6));
}

TEST(PreparePictures, LeavesBytesAlone) {
  const auto pictures = some_pictures(2);
  EXPECT_TRUE(prepare_pictures(pictures, input("{type: uint8}")).equal(pictures));
}

TEST(PreparePictures, ResizesBetweenPixelCentres) {
  const auto wide =
      torch::tensor({0, 100, 200, 50}, torch::kByte).view({1, 1, 1, 4}).expand({1, 3, 2, 4});
  const auto x = prepare_pictures(wide, input("{type: uint8, size: [1, 2]}"));
  ASSERT_EQ(x.scalar_type(), torch::kByte);
  EXPECT_TRUE(x[0][1].flatten().equal(torch::tensor({50, 125}, torch::kByte)));
}

Tensor adapt(const Tensor& raw, const std::string& yaml, const LabelSpec& student,
             config::PictureSize size = {1, 1}) {
  return adapt_output("it", raw, output(yaml), student, size);
}

Tensor channels(std::vector<double> values) {
  return torch::tensor(values, torch::kFloat).view({1, -1, 1, 1});
}

TEST(AdaptOutput, OfTwoLogitsIsTheirDifference) {
  EXPECT_NEAR(adapt(channels({1, 3}), "{}", kPerson).item<double>(), 2, 1e-6);
}

TEST(AdaptOutput, OneChannelIsOneYesOrNo) {
  for (const auto* word : {"logits", "binary_logits"}) {
    const auto yaml = std::string("{activation: ") + word + "}";
    EXPECT_NEAR(adapt(channels({-1.5}), yaml, kPerson).item<double>(), -1.5, 1e-6) << word;
  }
  EXPECT_NEAR(adapt(channels({0.8}), "{activation: probabilities}", kPerson).item<double>(),
              std::log(4.0), 1e-5);
}

// softmax of the result is what went in.
TEST(AdaptOutput, TakesProbabilitiesBackToLogits) {
  const auto raw = channels({0.5, 0.3, 0.2});
  EXPECT_TRUE(torch::allclose(adapt(raw, "{activation: probabilities}", kThree).softmax(1), raw));
  EXPECT_TRUE(adapt(channels({1, 0, 0}), "{activation: probabilities}", kThree)
                  .isfinite()
                  .all()
                  .item<bool>());
}

// Person is channel 2; all else is background: p = e^2 / (e^0 + e^1 + e^2 + e^-1)
TEST(AdaptOutput, MergesClassesByTheirProbability) {
  const auto logit =
      adapt(channels({0, 1, 2, -1}), "{classes: {person: '2', background: rest}}", kPerson);
  const double p = std::exp(2) / (1 + std::exp(1) + std::exp(2) + std::exp(-1));
  EXPECT_NEAR(logit.sigmoid().item<double>(), p, 1e-6);
}

TEST(AdaptOutput, ResizesMapsToTheStudents) {
  const auto raw = torch::tensor({0.0, 1.0}).view({1, 1, 1, 2});
  const auto map = adapt(raw, "{}", kPerson, {1, 4});
  EXPECT_TRUE(torch::allclose(map.flatten(), torch::tensor({0.0F, 0.25F, 0.75F, 1.0F})));
}

TEST(AdaptOutput, ReadsMapsWithTheChannelsLast) {
  const auto raw = torch::arange(12.0).view({1, 2, 2, 3});
  const auto map = adapt(raw, "{layout: nhwc}", kThree, {2, 2});
  EXPECT_TRUE(map.equal(raw.permute({0, 3, 1, 2}).to(torch::kFloat)));
}

TEST(AdaptOutput, OfPicturesMayHaveASideOfOne) {
  EXPECT_EQ(shape_text(adapt(channels({1, 2}), "{}", kSign)), "[1, 2]");
  const auto scores =
      adapt(torch::tensor({{1.0, 5.0, 9.0}}), "{classes: {fist: '2', palm: '0'}}", kSign);
  EXPECT_TRUE(scores.equal(torch::tensor({{9.0F, 1.0F}})));
}

TEST(AdaptOutput, LeavesObjectsAlone) {
  torch::manual_seed(1);
  const auto faces = spec(LabelSpec::Kind::objects, {"face"});
  const auto raw = torch::randn({2, 21, 8, 8});
  EXPECT_TRUE(adapt(raw, "{}", faces, {64, 64}).equal(raw));
}

TEST(CheckActivation, ProbabilitiesAreFromZeroToOne) {
  const auto check = [](std::vector<double> values, const std::string& yaml) {
    return error_of(
        [&] { check_activation("it", channels(values), output(yaml), LabelSpec::Kind::mask); });
  };
  const auto* softmax = "{activation: probabilities}";
  EXPECT_EQ(check({0, 1}, softmax), "no error");
  EXPECT_EQ(check({-0.0005, 1.0005}, softmax), "no error") << "rounded";
  EXPECT_THAT(check({-0.5, 0.25}, softmax),
              HasSubstr("it: its numbers are from -0.5 to 0.25, and activation = probabilities "
                        "means from 0 to 1; say activation: logits"));
  EXPECT_THAT(check({0.5, 1.5}, "{activation: binary_probabilities}"),
              HasSubstr("say activation: binary_logits"));
  EXPECT_EQ(check({-5, 5}, "{}"), "no error");
}

TEST(CheckActivation, DoubtsLogitsThatSumToOne) {
  const auto doubt = [](std::vector<double> values, const std::string& yaml,
                        LabelSpec::Kind kind = LabelSpec::Kind::class_index) {
    return check_activation("it", channels(values), output(yaml), kind);
  };
  EXPECT_THAT(doubt({0.25, 0.75}, "{}"), HasSubstr("are read as logits; if a softmax is part of "
                                                   "the model, say activation: probabilities"));
  EXPECT_EQ(doubt({0.25, 0.5}, "{}"), "") << "the sum is 0.75";
  EXPECT_EQ(doubt({-1, 2}, "{}"), "") << "the sum is 1, and they are no probabilities";
  EXPECT_EQ(doubt({1}, "{}"), "") << "one channel sums to what it is";
  EXPECT_EQ(doubt({0.25, 0.75}, "{activation: probabilities}"), "");
  EXPECT_EQ(doubt({0.25, 0.75}, "{}", LabelSpec::Kind::objects), "");
}

TEST(AdaptOutput, NamesShapesThatDoNotFit) {
  EXPECT_EQ(error_of([] {
              adapt(torch::zeros({1, 2}), "{}", kPerson);
            }),
            "it is [1, 2], expected [N, channels, height, width]; name another output under "
            "`outputs`, or leave the task out of `tasks`");
  EXPECT_THAT(error_of([] {
                adapt(torch::zeros({1, 2, 4, 4}), "{}", kSign);
              }),
              HasSubstr("[1, 2, 4, 4], expected [N, classes]"));
  EXPECT_THAT(error_of([] {
                adapt(torch::zeros({1, 21, 4, 4}), "{}", kPerson);
              }),
              HasSubstr("has 21 channels, expected 2"));
}

}  // namespace
}  // namespace manyfold::distill
