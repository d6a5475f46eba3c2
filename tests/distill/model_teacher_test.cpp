#include "distill/model_teacher.h"

#include <cmath>

#include "tests/distill/fixture.h"

namespace manyfold::distill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using torch::Tensor;

const std::vector<std::pair<std::string, std::string>> kTwoTasks = {
    {"person", "{type: segmentation}"}, {"sign", "{type: classification, classes: [a, b, c]}"}};

/// A mask out of the red channel, three scores, a map at stride 8.
Named model(const Tensor& input) {
  const auto x = input.to(torch::kFloat);
  return {
      {"mask", x.slice(1, 0, 1)}, {"scores", x.mean({2, 3})}, {"deep", torch::avg_pool2d(x, 8)}};
}

const std::string kGood =
    "{model: net.onnx, input: {scale: 1}, outputs: {person: {name: mask}, sign: {name: scores}}, "
    "features: {8: deep}}";

TEST(ModelTeacher, AnswersWhatItsOutputsAreSaidToBe) {
  const auto teacher = model_teacher(setup_of(job_tasks(kTwoTasks), kGood), "f", model);
  EXPECT_THAT(teacher->tasks(), ElementsAre("person", "sign"));
  ASSERT_EQ(teacher->features().size(), 1u);
  EXPECT_EQ(teacher->features()[0].channels, 3);
  EXPECT_EQ(teacher->features()[0].stride, 8);
  const auto pictures = some_pictures(3);
  const auto answer = teacher->answer(pictures);
  EXPECT_TRUE(answer.outputs.at("person").at(0).equal(pictures.slice(1, 0, 1).to(torch::kFloat)));
  EXPECT_EQ(answer.outputs.at("sign").at(0).size(1), 3);
  EXPECT_EQ(answer.features.at(8).size(2), 8);
}

TEST(ModelTeacher, TeachesOnlyTheTasksThatAreNamed) {
  const auto yaml = "{model: m, tasks: [sign], outputs: {sign: {name: scores}}}";
  EXPECT_THAT(model_teacher(setup_of(job_tasks(kTwoTasks), yaml), "f", model)->tasks(),
              ElementsAre("sign"));
}

TEST(ModelTeacher, FindsTheOnlyOutputOfAnOnlyTask) {
  const auto run = [](const Tensor& x) -> Named { return {{"logits_7", x.slice(1, 0, 1)}}; };
  const auto teacher =
      model_teacher(setup_of(job_tasks({kTwoTasks[0]}), "{model: m.pt}"), "f", run);
  EXPECT_THAT(teacher->tasks(), ElementsAre("person"));
}

TEST(ModelTeacher, NoGradientLeavesIt) {
  const auto weight = torch::ones({1}, torch::requires_grad());
  const auto run = [&](const Tensor& x) -> Named {
    return {{"person", x.slice(1, 0, 1) * weight}};
  };
  const auto teacher = model_teacher(setup_of(job_tasks({kTwoTasks[0]}), "{model: m}"), "f", run);
  EXPECT_FALSE(teacher->answer(some_pictures(1)).outputs.at("person").at(0).requires_grad());
}

TEST(ModelTeacher, ItsHashIsOfTheFileAndOfHowItIsRead) {
  const auto tasks = job_tasks(kTwoTasks);
  const auto hash = [&](const std::string& yaml, const std::string& file) {
    return model_teacher(setup_of(tasks, yaml), file, model)->hash();
  };
  const auto first = hash(kGood, "f");
  EXPECT_EQ(first.size(), 64u);
  EXPECT_EQ(hash(kGood, "f"), first);
  EXPECT_NE(hash(kGood, "g"), first);
  auto other = kGood;
  other.replace(other.find("scale: 1"), 8, "scale: 2");
  EXPECT_NE(hash(other, "f"), first);
}

std::string refusal(const std::string& yaml, const Run& run = model) {
  return error_of([&] { model_teacher(setup_of(job_tasks(kTwoTasks), yaml), "f", run); });
}

TEST(ModelTeacher, NamesOutputsThatItHasNot) {
  EXPECT_EQ(refusal("{model: net.onnx, outputs: {person: {name: masks}}}"),
            "teacher 'big' (net.onnx) has no output 'masks' for task 'person'; did you mean "
            "'mask'? known: deep, mask, scores; name it in "
            "distill.teachers.big.outputs.person.name");
  EXPECT_THAT(refusal("{model: net.onnx}"), HasSubstr("has no output named as a task of this job"));
  EXPECT_THAT(refusal("{model: m, tasks: [persons]}"),
              HasSubstr("'persons', which is no task of this job; did you mean 'person'?"));
  EXPECT_THAT(refusal("{model: m, outputs: {person: {name: mask}}, features: {16: dep}}"),
              HasSubstr("no output 'dep' for features at stride 16; did you mean 'deep'?"));
  EXPECT_THAT(refusal("{model: m, outputs: {person: {name: mask}}, features: {16: scores}}"),
              HasSubstr("expected [N, channels, height, width]"));
}

TEST(ModelTeacher, NamesOutputsOfAnotherLayoutOrClassCount) {
  EXPECT_THAT(refusal("{model: m, outputs: {person: {name: scores}}}"),
              HasSubstr("output 'scores' for task 'person' is [2, 3], expected [N, channels"));
  EXPECT_THAT(refusal("{model: m, outputs: {person: {name: deep}}}"),
              HasSubstr("has 3 channels, expected 2 for the task's 2 classes; say in `classes` "
                        "which channels are which class; see distill.teachers.big.outputs.person"));
  EXPECT_THAT(refusal("{model: m, outputs: {person: {name: mask, layout: nhwc}}}"),
              HasSubstr("has 64 channels, expected 2"));
}

TEST(ModelTeacher, SaysWhyAModelFails) {
  const auto narrow = [](const Tensor& x) -> Named {
    TORCH_CHECK(x.size(2) == 32, "needs 32 pixels");
    return {{"person", x}};
  };
  const auto said = refusal("{model: m}", narrow);
  EXPECT_THAT(said, HasSubstr("teacher 'big' (m) failed on pictures [2, 3, 64, 64]"));
  EXPECT_THAT(said, HasSubstr("needs 32 pixels"));
  EXPECT_THAT(said, HasSubstr("distill.teachers.big.input"));
}

TEST(ModelTeacher, SaysTheCauseBehindTheLinesOfTorchScript) {
  const auto broken = [](const Tensor&) -> Named {
    throw std::runtime_error("Traceback of TorchScript:\n" + std::string(2000, '~') +
                             "\nRuntimeError: sizes 3 and 4 differ\n");
  };
  EXPECT_EQ(refusal("{model: m}", broken),
            "teacher 'big' (m) failed on pictures [2, 3, 64, 64]: sizes 3 and 4 differ; see "
            "distill.teachers.big.input");
}

TEST(ModelTeacher, RefusesNumbersThatAreNotFinite) {
  for (const double bad : {double(NAN), double(INFINITY)}) {
    const auto broken = [&](const Tensor& x) -> Named {
      auto outputs = model(x);
      outputs.at("scores").index_put_({0, 1}, bad);
      return outputs;
    };
    EXPECT_EQ(refusal(kGood, broken),
              "teacher 'big' (net.onnx) answers with numbers that are not finite: task 'sign', "
              "output 'scores'; look at distill.teachers.big.input (scale, mean, deviation), or "
              "leave it out");
    const auto map = [&](const Tensor& x) -> Named {
      auto outputs = model(x);
      outputs.at("deep").fill_(bad);
      return outputs;
    };
    EXPECT_THAT(refusal(kGood, map), HasSubstr("features at stride 8, output 'deep'"));
  }
  auto native = setup_of(job_tasks(kTwoTasks), kGood);
  native.native = true;
  const auto broken = [](const Tensor& x) -> Named {
    auto outputs = model(x);
    outputs.at("mask").fill_(NAN);
    return outputs;
  };
  const auto said = error_of([&] { model_teacher(native, "f", broken); });
  EXPECT_THAT(said, HasSubstr("output 'mask'; take another checkpoint of it"));
  EXPECT_THAT(said, testing::Not(HasSubstr("input")));
}

// The sum overflows, and no number is bad.
TEST(ModelTeacher, TakesLargeNumbers) {
  const auto loud = [](const Tensor& x) -> Named {
    auto outputs = model(x);
    outputs.at("mask").fill_(3e38);
    return outputs;
  };
  EXPECT_EQ(refusal(kGood, loud), "no error");
}

TEST(ModelTeacher, RefusesLogitsThatAreSaidToBeProbabilities) {
  const auto logits = [](const Tensor& x) -> Named {
    return {{"sign", torch::tensor({{-3.5F, 0.5F, 2.0F}}).expand({x.size(0), 3})}};
  };
  EXPECT_EQ(refusal("{model: m, outputs: {sign: {activation: probabilities}}}", logits),
            "teacher 'big' (m), output 'sign' for task 'sign': its numbers are from -3.5 to 2, and "
            "activation = probabilities means from 0 to 1; say activation: logits");
}

TEST(ModelTeacher, OfAnotherInputSizeGetsResizedPictures) {
  const auto narrow = [](const Tensor& x) -> Named {
    TORCH_CHECK(x.size(2) == 32 && x.size(3) == 48, "needs 32 x 48 pixels");
    return {{"person", x.slice(1, 0, 1)}};
  };
  const auto teacher = model_teacher(
      setup_of(job_tasks({kTwoTasks[0]}), "{model: m, input: {size: [32, 48]}}"), "f", narrow);
  const auto mask = teacher->answer(some_pictures(1)).outputs.at("person").at(0);
  EXPECT_EQ(mask.size(2), 64);
  EXPECT_EQ(mask.size(3), 64);
}

}  // namespace
}  // namespace manyfold::distill
