#include "exporters/verify.h"

#include "common/error.h"
#include "tests/exporters/export_compare.h"

namespace manyfold::exporters {
namespace {

using graph::Function;

graph::Graph scaling(double by) {
  Function module;
  return graph::trace_function(*module, [by](const Tensors& in) { return in[0] * by; }, {{1, 4}});
}

TEST(Verify, MeasuresTheDifferenceOfEveryOutput) {
  const auto session = Session::from_bytes(write_onnx(scaling(2)));
  const auto x = torch::tensor({{1.0f, 0.0f, -3.0f, 0.0f}});
  const auto result = verify(scaling(2.5), session, {{{"x0", x}}, {{"x0", x}}}, 1e-4);
  const auto& y = result.outputs.at("y");
  EXPECT_NEAR(y.max, 1.5, 1e-6);
  EXPECT_NEAR(y.mean, (0.5 + 1.5) / 4, 1e-6);
  EXPECT_NEAR(y.largest, 7.5, 1e-6);
  EXPECT_EQ(result.samples, 2);
  EXPECT_FALSE(result.passed);
  EXPECT_FALSE(result.json().at("outputs").at("y").at("passed").get<bool>());
  EXPECT_THAT(result.text(), testing::HasSubstr("y: max 1.5, mean 0.5 on values up to 7.5"));
}

TEST(Verify, AllowsTheToleranceInProportionToLargeValues) {
  const auto session = Session::from_bytes(write_onnx(scaling(2)));
  const auto x = torch::full({1, 4}, 1000.0);
  EXPECT_TRUE(verify(scaling(2.0001), session, {{{"x0", x}}}, 1e-4).passed);
  EXPECT_FALSE(verify(scaling(2.001), session, {{{"x0", x}}}, 1e-4).passed);
}

TEST(Verify, FailsWhereOnlyOneOfTheTwoIsNaN) {
  Function module;
  const auto root =
      graph::trace_function(*module, [](const Tensors& in) { return in[0].sqrt(); }, {{1, 4}});
  const auto session = Session::from_bytes(write_onnx(scaling(1)));
  const auto negative = torch::full({1, 4}, -1.0);
  EXPECT_FALSE(verify(root, session, {{{"x0", negative}}}, 1e9).passed);
  const auto same = Session::from_bytes(write_onnx(root));
  EXPECT_TRUE(verify(root, same, {{{"x0", negative}}}, 1e-4).passed);
}

TEST(Verify, CountsTheDifferenceOfAQuantisedOutputInSteps) {
  const auto quantised = [](double offset) {
    Function module;
    return graph::trace_function(*module,
                                 [offset](const Tensors& in) {
                                   return torch::fake_quantize_per_tensor_affine(in[0] + offset,
                                                                                 0.5, 0, -128, 127);
                                 },
                                 {{1, 4}});
  };
  const auto session = Session::from_bytes(write_onnx(quantised(0)));
  const auto x = torch::tensor({{1.0F, 2.0F, 3.0F, 63.5F}});
  // 0.5 is a step; 63.5 is the largest number there is.
  const auto y = verify(quantised(0.5), session, {{{"x0", x}}}, 1e-4).outputs.at("y");
  EXPECT_EQ(y.step, 0.5);
  EXPECT_NEAR(y.mean, 3 * 0.5 / 4, 1e-6);
  const auto report = verify(quantised(0.5), session, {{{"x0", x}}}, 1e-4);
  EXPECT_NEAR(report.json()["outputs"]["y"]["mean_difference_in_steps"], 0.75, 1e-6);
  EXPECT_THAT(report.text(), testing::HasSubstr("mean 0.75 steps of 0.5"));
  EXPECT_FALSE(verify(scaling(1), Session::from_bytes(write_onnx(scaling(1))), {{{"x0", x}}}, 1e-4)
                   .json()["outputs"]["y"]
                   .contains("step"));
}

TEST(Verify, WantsAnExample) {
  const auto session = Session::from_bytes(write_onnx(scaling(2)));
  EXPECT_THROW(verify(scaling(2), session, {}, 1e-4), UserError);
}

TEST(RandomExample, IsTheSameForTheSameSeed) {
  graph::TwoHeads module;
  const auto graph = graph::trace_pictures(module, graph::Mode::eval);
  const auto a = random_example(graph, 3, 7).at("pictures");
  EXPECT_EQ(a.scalar_type(), torch::kUInt8);
  EXPECT_EQ(a.sizes(), (std::vector<int64_t>{3, 3, 16, 16}));
  EXPECT_TRUE(a.equal(random_example(graph, 3, 7).at("pictures")));
  EXPECT_FALSE(a.equal(random_example(graph, 3, 8).at("pictures")));
}

}  // namespace
}  // namespace manyfold::exporters
