#include "exporters/lowering.h"

#include "common/error.h"
#include "exporters/lowerings.h"

namespace manyfold::exporters {
namespace {

void refuse_unknown_operators(const graph::Graph& graph) {
  for (const auto& node : graph.nodes()) {
    if (lowerings().count(node->op.name())) continue;
    throw UserError("export: no lowering for " + node->op.name() + " (first used in " +
                    (node->scope.empty() ? node->name : node->scope) +
                    "); write the model with an operator of docs/export.md, or add it to "
                    "exporters/lowering.cpp");
  }
}

}  // namespace

// Sorted. An operator that stands here is exported and compared by a test of tests/exporters.
const std::map<std::string, Lower>& lowerings() {
  static const std::map<std::string, Lower> table = {
      {"aten::_pad_enum", lower_pad},
      {"aten::abs", lower_unary},
      {"aten::adaptive_avg_pool2d", lower_adaptive_avg_pool},
      {"aten::add", lower_add},
      {"aten::addmm", lower_addmm},
      {"aten::alias", lower_identity},
      {"aten::amax", lower_reduction},
      {"aten::amin", lower_reduction},
      {"aten::argmax", lower_argmax},
      {"aten::avg_pool2d", lower_avg_pool},
      {"aten::batch_norm", lower_batch_norm},
      {"aten::bitwise_and", lower_logical},
      {"aten::bitwise_not", lower_logical},
      {"aten::bitwise_or", lower_logical},
      {"aten::bmm", lower_pair},
      {"aten::cat", lower_cat},
      {"aten::ceil", lower_unary},
      {"aten::chunk", lower_split},
      {"aten::clamp", lower_clamp},
      {"aten::clamp_max", lower_clamp},
      {"aten::clamp_min", lower_clamp},
      {"aten::clone", lower_identity},
      {"aten::constant_pad_nd", lower_pad},
      {"aten::contiguous", lower_identity},
      {"aten::convolution", lower_convolution},
      {"aten::cos", lower_unary},
      {"aten::detach", lower_identity},
      {"aten::div", lower_div},
      {"aten::dropout", lower_identity},
      {"aten::elu", lower_elu},
      {"aten::eq", lower_comparison},
      {"aten::exp", lower_unary},
      {"aten::expand", lower_expand},
      {"aten::expand_as", lower_expand},
      {"aten::fake_quantize_per_channel_affine", lower_fake_quantize_channel},
      {"aten::fake_quantize_per_tensor_affine", lower_fake_quantize_tensor},
      {"aten::feature_dropout", lower_identity},
      {"aten::fill", lower_fill},
      {"aten::flatten", lower_view},
      {"aten::floor", lower_unary},
      {"aten::full", lower_full},
      {"aten::full_like", lower_full},
      {"aten::ge", lower_comparison},
      {"aten::gelu", lower_gelu},
      {"aten::grid_sampler", lower_grid_sample},
      {"aten::group_norm", lower_group_norm},
      {"aten::gt", lower_comparison},
      {"aten::hardsigmoid", lower_hardsigmoid},
      {"aten::hardswish", lower_hardswish},
      {"aten::hardtanh", lower_clamp},
      {"aten::index", lower_index},
      {"aten::index_select", lower_index_select},
      {"aten::layer_norm", lower_layer_norm},
      {"aten::le", lower_comparison},
      {"aten::leaky_relu", lower_leaky_relu},
      {"aten::linalg_vector_norm", lower_norm},
      {"aten::linear", lower_linear},
      {"aten::log", lower_unary},
      {"aten::log_softmax", lower_softmax},
      {"aten::logical_and", lower_logical},
      {"aten::logical_not", lower_logical},
      {"aten::logical_or", lower_logical},
      {"aten::lt", lower_comparison},
      {"aten::matmul", lower_pair},
      {"aten::max_pool2d", lower_max_pool},
      {"aten::maximum", lower_pair},
      {"aten::mean", lower_mean},
      {"aten::minimum", lower_pair},
      {"aten::mul", lower_pair},
      {"aten::ne", lower_comparison},
      {"aten::neg", lower_unary},
      {"aten::new_zeros", lower_full},
      {"aten::norm", lower_norm},
      {"aten::ones", lower_full},
      {"aten::ones_like", lower_full},
      {"aten::pad", lower_pad},
      {"aten::permute", lower_permute},
      {"aten::pixel_shuffle", lower_pixel_shuffle},
      {"aten::pixel_unshuffle", lower_pixel_unshuffle},
      {"aten::pow", lower_pair},
      {"aten::prelu", lower_prelu},
      {"aten::reciprocal", lower_unary},
      {"aten::relu", lower_unary},
      {"aten::relu6", lower_clamp},
      {"aten::repeat", lower_repeat},
      {"aten::reshape", lower_view},
      {"aten::round", lower_unary},
      {"aten::rsqrt", lower_rsqrt},
      {"aten::rsub", lower_rsub},
      {"aten::select", lower_select},
      {"aten::sigmoid", lower_unary},
      {"aten::silu", lower_silu},
      {"aten::sin", lower_unary},
      {"aten::slice", lower_slice},
      {"aten::softmax", lower_softmax},
      {"aten::softplus", lower_softplus},
      {"aten::split", lower_split},
      {"aten::split_with_sizes", lower_split},
      {"aten::sqrt", lower_unary},
      {"aten::squeeze", lower_view},
      {"aten::stack", lower_stack},
      {"aten::sub", lower_sub},
      {"aten::sum", lower_reduction},
      {"aten::t", lower_transpose},
      {"aten::tanh", lower_unary},
      {"aten::to", lower_to},
      {"aten::transpose", lower_transpose},
      {"aten::type_as", lower_to},
      {"aten::unbind", lower_unbind},
      {"aten::unflatten", lower_view},
      {"aten::unsqueeze", lower_view},
      {"aten::upsample_bilinear2d", lower_upsample},
      {"aten::upsample_nearest2d", lower_upsample},
      {"aten::view", lower_view},
      {"aten::where", lower_where},
      {"aten::zeros", lower_full},
      {"aten::zeros_like", lower_full},
      {"manyfold::quantise_bias", lower_quantise_bias},
      {"manyfold::space_to_depth", lower_space_to_depth},
  };
  return table;
}

void lower(const graph::Graph& graph, OnnxBuilder& builder, Lowering::Written& written) {
  refuse_unknown_operators(graph);
  for (const auto& node : graph.nodes()) {
    Lowering lowering(*node, builder, written);
    const auto results = lowerings().at(node->op.name())(lowering);
    for (size_t i = 0; i < results.size(); ++i) written[node->outputs[i]] = results[i];
  }
}

}  // namespace manyfold::exporters
