#include "exporters/onnx_writer.h"

#include <onnx/onnx_pb.h>

#include <set>

#include "common/error.h"
#include "tests/errors.h"
#include "tests/exporters/export_compare.h"

namespace manyfold::exporters {
namespace {

using graph::Function;
using graph::Mode;
using graph::TwoHeads;
using testing::Contains;
using testing::HasSubstr;

onnx::ModelProto parse(const std::string& bytes) {
  onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(bytes));
  return model;
}

std::vector<std::string> node_names(const onnx::ModelProto& model) {
  std::vector<std::string> names;
  for (const auto& node : model.graph().node()) names.push_back(node.name());
  return names;
}

template <class Body>
std::string export_error(Body body, OnnxOptions options = {}) {
  Function module;
  const auto graph = graph::trace_function(*module, body, {{1, 4, 6, 8}});
  return error_of([&] { write_onnx(graph, options); });
}

TEST(WriteOnnx, ExportsAMultiTaskModelThatTakesBytes) {
  torch::manual_seed(4);
  TwoHeads module;
  expect_exports(graph::trace_pictures(module, Mode::eval));
}

TEST(WriteOnnx, ExportsARecurrentCellWithItsState) {
  graph::GruCell cell(4);
  expect_exports(graph::trace_function(*cell, [&](const Tensors& in) { return cell(in[0], in[1]); },
                                       {{1, 4, 6, 6}, {1, 4, 6, 6}}));
}

TEST(WriteOnnx, NamesNodesAfterTheModulesAndFoldsBatchNorm) {
  TwoHeads module;
  const auto model = parse(write_onnx(graph::trace_pictures(module, Mode::eval)));
  const auto names = node_names(model);
  EXPECT_THAT(names, Contains("stem.conv/Conv"));
  EXPECT_THAT(names, Contains("stem/Relu"));
  EXPECT_THAT(names, Contains("up/ConvTranspose"));
  EXPECT_THAT(names, Contains("classes/Gemm"));
  for (const auto& node : model.graph().node()) EXPECT_NE(node.op_type(), "BatchNormalization");
  std::vector<std::string> weights;
  for (const auto& tensor : model.graph().initializer()) weights.push_back(tensor.name());
  EXPECT_THAT(weights, Contains("stem.conv.weight"));
  EXPECT_THAT(weights, Contains("stem.conv.bias"));
}

TEST(WriteOnnx, WritesTheBranchesOfABlockAsOneConvolution) {
  nn::Conv2d wide(nn::Conv2dOptions(4, 4, 3).padding(1)), narrow(nn::Conv2dOptions(4, 4, 1));
  nn::BatchNorm2d norm(4);
  nn::Sequential block(wide, narrow, norm);
  const auto graph = graph::trace_function(
      *block, [&](const Tensors& in) { return wide(in[0]) + narrow(in[0]) + norm(in[0]); },
      {{1, 4, 6, 8}});
  const auto model = parse(write_onnx(graph));
  ASSERT_EQ(model.graph().node_size(), 1);
  EXPECT_EQ(model.graph().node(0).op_type(), "Conv");
  expect_exports(graph);
}

// Folded, it would be computed from the quantised weight, and no device would see integers.
TEST(WriteOnnx, KeepsABatchNormAfterAQuantisedWeight) {
  graph::ConvBn module(4, 4, 3);
  const auto graph = graph::trace_function(*module,
                                           [&](const Tensors& in) {
                                             const auto weight =
                                                 torch::fake_quantize_per_tensor_affine(
                                                     module->conv->weight, 0.01, 0, -127, 127);
                                             return module->bn(torch::conv2d(in[0], weight));
                                           },
                                           {{1, 4, 6, 8}});
  expect_exports(graph);
}

TEST(WriteOnnx, WritesTheHeaderThatWasAskedFor) {
  TwoHeads module;
  OnnxOptions options;
  options.opset = 12;
  options.metadata = {{"classes", "a,b"}, {"version", "7"}};
  const auto model = parse(write_onnx(graph::trace_pictures(module, Mode::eval), options));
  EXPECT_EQ(model.opset_import(0).version(), 12);
  EXPECT_EQ(model.ir_version(), 8);
  EXPECT_EQ(model.producer_name(), "manyfold");
  EXPECT_EQ(model.metadata_props(1).value(), "7");
  const auto& input = model.graph().input(0);
  EXPECT_EQ(input.name(), "pictures");
  EXPECT_EQ(input.type().tensor_type().elem_type(), onnx::TensorProto::UINT8);
  EXPECT_EQ(input.type().tensor_type().shape().dim(0).dim_param(), "N");
  EXPECT_EQ(model.graph().output(0).name(), "mask");
  EXPECT_EQ(model.graph().output(1).name(), "classes");
}

TEST(WriteOnnx, GivesEqualBytesForEqualModels) {
  TwoHeads module;
  const auto first = write_onnx(graph::trace_pictures(module, Mode::eval));
  EXPECT_EQ(first, write_onnx(graph::trace_pictures(module, Mode::eval)));
}

TEST(WriteOnnx, TellsWhichTensorEveryValueBecame) {
  TwoHeads module;
  auto graph = graph::trace_pictures(module, Mode::eval);
  std::map<std::string, std::string> tensors;
  const auto model = parse(write_onnx(graph, {}, &tensors));
  EXPECT_EQ(tensors.at("pictures"), "pictures");
  EXPECT_EQ(tensors.at("stem.conv.weight"), "stem.conv.weight");
  EXPECT_EQ(tensors.at(graph.outputs()[1].second->name), "classes");
  std::set<std::string> written;
  for (const auto& input : model.graph().input()) written.insert(input.name());
  for (const auto& tensor : model.graph().initializer()) written.insert(tensor.name());
  for (const auto& node : model.graph().node()) {
    written.insert(node.output().begin(), node.output().end());
  }
  for (const auto& [value, tensor] : tensors) EXPECT_TRUE(written.count(tensor)) << value;
}

TEST(WriteOnnx, FixesTheBatchWhenAsked) {
  TwoHeads module;
  OnnxOptions options;
  options.batch = 3;
  const auto graph = graph::trace_pictures(module, Mode::eval);
  const auto session = Session::from_bytes(write_onnx(graph, options));
  EXPECT_EQ(session.inputs()[0].shape, (std::vector<int64_t>{3, 3, 16, 16}));
  expect_same(graph, options, 3);
}

TEST(WriteOnnx, PassesThroughAnOutputThatIsAnInputOrAnotherOutput) {
  Function module;
  const auto graph = graph::trace(
      *module,
      [](const Tensors& in) {
        const auto y = in[0].relu();
        return graph::NamedTensors{{"same", in[0]}, {"a", y}, {"b", y}, {"c", y.contiguous()}};
      },
      {{"x0", torch::randn({1, 3})}});
  expect_exports(graph);
}

TEST(WriteOnnx, UsesSpaceToDepthBeforeAConvolution) {
  TwoHeads module;
  const auto model = parse(write_onnx(graph::trace_pictures(module, Mode::eval)));
  std::vector<std::string> ops;
  for (const auto& node : model.graph().node()) ops.push_back(node.op_type());
  EXPECT_THAT(ops, Contains("SpaceToDepth"));
  EXPECT_THAT(ops, Contains("DepthToSpace"));
}

TEST(WriteOnnx, LeavesTheGraphAndTheModuleAsTheyWere) {
  TwoHeads module;
  const auto graph = graph::trace_pictures(module, Mode::eval);
  const auto text = graph::to_string(graph);
  const auto weight = module->stem->conv->weight.clone();
  write_onnx(graph);
  EXPECT_EQ(graph::to_string(graph), text);
  EXPECT_TRUE(module->stem->conv->weight.equal(weight));
}

TEST(WriteOnnx, RefusesAnOperatorItCannotWriteAndSaysWhereItIs) {
  nn::Conv2d conv(nn::Conv2dOptions(4, 4, 1));
  nn::Sequential neck(nn::Sequential{});
  neck->push_back("conv", conv);
  const auto graph = graph::trace_function(
      *neck, [&](const Tensors& in) { return conv(in[0]).roll(1, 2); }, {{1, 4, 6, 6}});
  EXPECT_THAT(error_of([&] { write_onnx(graph); }),
              AllOf(HasSubstr("export: no lowering for aten::roll (first used in "),
                    HasSubstr("exporters/lowering.cpp")));
}

TEST(WriteOnnx, RefusesAnOpsetThatCannotExpressAnOperator) {
  Function module;
  const auto graph = graph::trace_function(
      *module, [](const Tensors& in) { return torch::grid_sampler(in[0], in[1], 0, 0, false); },
      {{1, 4, 6, 8}, {1, 5, 5, 2}});
  EXPECT_THAT(error_of([&] { write_onnx(graph); }),
              AllOf(HasSubstr("aten::grid_sampler"), HasSubstr("needs opset 16"),
                    HasSubstr("asked for was 13")));
  OnnxOptions options;
  options.opset = 18;
  EXPECT_THAT(error_of([&] { write_onnx(graph, options); }),
              HasSubstr("opset 18, must be from 11 to 17"));
}

TEST(WriteOnnx, RefusesAFormThatItCannotWrite) {
  EXPECT_THAT(export_error([](const Tensors& in) {
                return torch::adaptive_avg_pool2d(in[0], {4, 8});
              }),
              HasSubstr("from 6 x 8 to 4 x 8 has windows of unequal size"));
  EXPECT_THAT(export_error([](const Tensors& in) {
                return torch::avg_pool2d(in[0], {2}, {2}, {0}, false, true, 3);
              }),
              HasSubstr("divisor_override"));
  EXPECT_THAT(export_error([](const Tensors& in) {
                return torch::fake_quantize_per_tensor_affine(in[0], 0.1, 0, 0, 15);
              }),
              HasSubstr("to [0, 15] has no type in ONNX"));
}

// Left out, it would give a model that runs and is wrong.
TEST(WriteOnnx, RefusesANormalisationWhoseWeightIsComputed) {
  EXPECT_THAT(export_error([](const Tensors& in) {
                return torch::layer_norm(in[0], {8}, in[0].mean({0, 1, 2}));
              }),
              AllOf(HasSubstr("aten::layer_norm"), HasSubstr("needs a weight that is stored")));
  EXPECT_THAT(export_error([](const Tensors& in) {
                return torch::group_norm(in[0], 2, torch::ones({4}), in[0].mean({0, 2, 3}));
              }),
              AllOf(HasSubstr("aten::group_norm"), HasSubstr("needs a bias that is stored")));
  EXPECT_THAT(export_error([](const Tensors& in) {
                return torch::batch_norm(in[0], in[0].mean({0, 2, 3}), {}, torch::zeros({4}),
                                         torch::ones({4}), false, 0.1, 1e-5, false);
              }),
              AllOf(HasSubstr("aten::batch_norm"), HasSubstr("needs a weight that is stored")));
}

TEST(WriteOnnx, RefusesAModelInTraining) {
  TwoHeads module;
  EXPECT_THAT(error_of([&] { write_onnx(graph::trace_pictures(module, Mode::train)); }),
              HasSubstr("stem.bn/batch_norm is in training mode"));
}

TEST(CheckOnnx, RefusesWhatIsNoModel) {
  EXPECT_THAT(error_of([] { check_onnx("no model"); }), HasSubstr("not an ONNX model"));
}

}  // namespace
}  // namespace manyfold::exporters
