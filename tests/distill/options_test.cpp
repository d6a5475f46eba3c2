#include "distill/options.h"

#include "tests/distill/fixture.h"

namespace manyfold::distill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

DistillOptions options_of(const std::string& yaml) {
  return config::read<DistillOptions>(config::parse_yaml(yaml, "job.yaml"));
}
std::string refusal(const std::string& yaml) {
  return error_of([&] { options_of(yaml); });
}

TEST(DistillOptions, AreReadInFull) {
  const auto options = options_of(R"(
    teachers:
      big: {model: runs/big}
      deeplab:
        model: deeplab.onnx
        weight: 0.5
        input: {size: [256, 320], colour: bgr, mean: [0.4, 0.4, 0.4]}
        outputs:
          person: {name: out, activation: probabilities, classes: {person: '15', background: rest}}
        features: {16: backbone}
    losses:
      imitation: {type: outputs, temperature: 2}
      maps: {type: hint, strides: [8, 16], start: 0.1}
      relations: {type: relations, angles: 1}
    ensemble: confidence
  )");
  ASSERT_EQ(options.teachers.size(), 2u);
  const auto& deeplab = options.teachers[1].second;
  EXPECT_EQ(deeplab.input.size.width, 320);
  EXPECT_EQ(deeplab.output("person")->classes.at("person"), "15");
  EXPECT_EQ(deeplab.output("sign"), nullptr);
  EXPECT_EQ(deeplab.features.at("16"), "backbone");
  EXPECT_EQ(options.losses[0].second.temperature, 2);
  EXPECT_THAT(options.strides(32), ElementsAre(8, 16, 32));
  EXPECT_THAT(options_of("{}").teachers, IsEmpty());
}

TEST(DistillOptions, SayWhatIsWrong) {
  EXPECT_THAT(refusal("{teachers: {a: {model: m}}}"),
              HasSubstr("losses (not given), needs at least"));
  EXPECT_THAT(refusal("{losses: {a: {type: outputs}}}"), HasSubstr("teachers (not given), needs"));
  EXPECT_THAT(refusal("{teachers: {a.b: {model: m}}, losses: {a: {}}}"),
              HasSubstr("'a.b' cannot be a name"));
  EXPECT_THAT(refusal("{teachers: {a: {}}, losses: {a: {}}}"),
              HasSubstr("teachers.a.model must be given"));
  EXPECT_THAT(refusal("{teachers: {a: {model: m, features: {deep: x}}}, losses: {a: {}}}"),
              HasSubstr("'deep' is no stride"));
  EXPECT_THAT(refusal("{teachers: {a: {model: m, input: {mean: [1]}}}, losses: {a: {}}}"),
              HasSubstr("needs three numbers"));
  EXPECT_THAT(refusal("{teachers: {a: {model: m, input: {size: [0, 5]}}}, losses: {a: {}}}"),
              HasSubstr("needs both sides"));
  const auto loss = [](const std::string& yaml) {
    return refusal("{teachers: {a: {model: m}}, losses: {a: " + yaml + "}}");
  };
  EXPECT_THAT(loss("{type: hint, strides: [8, 8]}"), HasSubstr("names a stride twice"));
  EXPECT_THAT(loss("{type: hint, temperature: 2}"), HasSubstr("unknown key"));
  EXPECT_THAT(loss("{start: 0.5, stop: 0.5}"), HasSubstr("must come after `start`"));
  EXPECT_THAT(loss("{type: hunt}"), HasSubstr("did you mean 'hint'?"));
}

TEST(LossOptions, TheWeightRisesStandsAndEnds) {
  LossOptions loss;
  loss.weight = 4;
  EXPECT_EQ(loss.weight_at(0), 4);
  EXPECT_EQ(loss.weight_at(0.999), 4);
  loss.start = 0.25;
  loss.ramp = 0.5;
  loss.stop = 0.875;
  EXPECT_EQ(loss.weight_at(0.2), 0);
  EXPECT_EQ(loss.weight_at(0.5), 2);
  EXPECT_EQ(loss.weight_at(0.75), 4);
  EXPECT_EQ(loss.weight_at(0.875), 0);
}

}  // namespace
}  // namespace manyfold::distill
