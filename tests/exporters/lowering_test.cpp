#include "exporters/lowering.h"

#include <torch/nn/functional/normalization.h>
#include <torch/nn/functional/padding.h>
#include <torch/nn/functional/upsampling.h>

#include <numeric>
#include <set>

#include "common/atomic_file.h"
#include "tests/exporters/export_compare.h"

namespace manyfold::exporters {
namespace {

using graph::Function;
using Body = std::function<at::Tensor(const Tensors&)>;

/// A function of tensors whose export must agree with LibTorch.
struct Case {
  std::string name;
  Body body;
  std::vector<std::vector<int64_t>> shapes = {{1, 4, 6, 8}};
  int oldest = 11;
};

std::ostream& operator<<(std::ostream& out, const Case& each) { return out << each.name; }

// A weight: computed from constants only, so that the export folds it.
at::Tensor constant(std::vector<int64_t> shape) {
  const auto count = std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
  return torch::arange(count, torch::kFloat).mul(0.7).sin().view(shape);
}

const at::Tensor& x(const Tensors& in) { return in[0]; }

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      // elementwise
      {"abs", [](auto& in) { return x(in).abs(); }},
      {"add", [](auto& in) { return torch::add(x(in), in[1], 0.5); }, {{1, 4, 6}, {1, 1, 6}}},
      {"add_number", [](auto& in) { return x(in) + 1.5; }},
      {"ceil", [](auto& in) { return x(in).ceil(); }},
      {"clamp", [](auto& in) { return x(in).clamp(-0.5, 0.5); }},
      {"clamp_max", [](auto& in) { return x(in).clamp_max(0.5); }},
      {"clamp_min", [](auto& in) { return x(in).clamp_min(-0.5); }},
      {"clamp_tensors", [](auto& in) { return torch::clamp(x(in), in[1], in[2]); },
       {{1, 4}, {1, 4}, {1, 4}}},
      {"compare",
       [](auto& in) {
         auto a = x(in), b = in[1];
         return torch::stack({(a < b), (a <= b), (a > b), (a >= b), (a == b), (a != b), (a > 0.1)})
             .transpose(0, 1);
       },
       {{1, 4}, {1, 4}}},
      {"cos", [](auto& in) { return x(in).cos(); }},
      {"div", [](auto& in) { return x(in) / (in[1].abs() + 1); }, {{1, 4}, {1, 4}}},
      {"div_floor", [](auto& in) { return torch::div(x(in), 0.3, "floor"); }},
      {"feature_dropout",
       [](auto& in) { return torch::feature_dropout(x(in).relu(), 0.5, false); }},
      {"dropout", [](auto& in) { return torch::dropout(x(in).relu(), 0.5, false); }},
      {"elu", [](auto& in) { return torch::elu(x(in), 0.7); }},
      {"exp", [](auto& in) { return x(in).exp(); }},
      {"fill", [](auto& in) { return torch::cat({torch::empty_like(x(in)).fill_(2), x(in)}, 1); }},
      {"floor", [](auto& in) { return x(in).floor(); }},
      {"gelu", [](auto& in) { return torch::gelu(x(in)); }},
      {"hardsigmoid", [](auto& in) { return torch::hardsigmoid(x(in) * 3); }},
      {"hardswish", [](auto& in) { return torch::hardswish(x(in) * 3); }},
      {"hardtanh", [](auto& in) { return torch::hardtanh(x(in), -0.3, 0.6); }},
      {"identities",
       [](auto& in) { return x(in).transpose(1, 2).contiguous().clone().detach().alias(); }},
      {"leaky_relu", [](auto& in) { return torch::leaky_relu(x(in), 0.1); }},
      {"log", [](auto& in) { return (x(in).abs() + 1).log(); }},
      {"logical",
       [](auto& in) {
         const auto a = x(in) > 0, b = in[1] > 0;
         return torch::cat({torch::logical_and(a, b), torch::logical_or(a, b),
                            torch::logical_not(a), a & b, a | b, ~a},
                           1);
       },
       {{1, 4}, {1, 4}}},
      {"maximum", [](auto& in) { return torch::maximum(x(in), in[1]); }, {{1, 4}, {1, 4}}},
      {"minimum", [](auto& in) { return torch::minimum(x(in), in[1]); }, {{1, 4}, {1, 4}}},
      {"mul", [](auto& in) { return x(in) * in[1] * 2; }, {{1, 4, 3}, {1, 4, 1}}},
      {"neg", [](auto& in) { return -x(in); }},
      {"number_minus", [](auto& in) { return 1 - x(in); }},
      {"number_over", [](auto& in) { return 2 / (x(in).abs() + 1); }},
      {"pow", [](auto& in) { return x(in).pow(2); }},
      {"prelu", [](auto& in) { return torch::prelu(x(in), constant({4})); }},
      {"reciprocal", [](auto& in) { return (x(in).abs() + 1).reciprocal(); }},
      {"relu", [](auto& in) { return x(in).relu(); }},
      {"relu6", [](auto& in) { return torch::relu6(x(in) * 8); }},
      {"round", [](auto& in) { return (x(in) * 3).round(); }},
      {"rsqrt", [](auto& in) { return (x(in).abs() + 1).rsqrt(); }},
      {"rsub", [](auto& in) { return torch::rsub(x(in), 1, 0.5); }},
      {"sigmoid", [](auto& in) { return x(in).sigmoid(); }},
      {"silu", [](auto& in) { return torch::silu(x(in)); }},
      {"sin", [](auto& in) { return x(in).sin(); }},
      {"softplus", [](auto& in) { return torch::softplus(x(in)); }},
      {"sqrt", [](auto& in) { return x(in).abs().sqrt(); }},
      {"sub", [](auto& in) { return x(in) - in[1]; }, {{1, 4}, {1, 4}}},
      {"tanh", [](auto& in) { return x(in).tanh(); }},
      {"to", [](auto& in) { return (x(in) * 9).to(torch::kInt).to(torch::kFloat) * 0.5; }},
      {"type_as", [](auto& in) { return (x(in) > 0).type_as(x(in)); }},
      {"where", [](auto& in) { return torch::where(x(in) > 0, x(in), in[1]); }, {{1, 4}, {1, 4}}},
      // softmax
      {"softmax_last", [](auto& in) { return x(in).softmax(-1); }},
      {"softmax_channels", [](auto& in) { return x(in).softmax(1); }},
      {"log_softmax", [](auto& in) { return x(in).log_softmax(1); }},
      // shapes
      {"cat", [](auto& in) { return torch::cat({x(in), in[1]}, -1); }, {{1, 4, 2}, {1, 4, 3}}},
      {"chunk",
       [](auto& in) {
         const auto parts = x(in).chunk(2, 1);
         return parts[0] * parts[1];
       }},
      {"chunk_batch",
       [](auto& in) {
         const auto parts = torch::cat({x(in), x(in) * 2}, 0).chunk(2, 0);
         return parts[1] - parts[0];
       }},
      {"constant_pad", [](auto& in) { return torch::constant_pad_nd(x(in), {1, 2, 0, 1}, 0.5); }},
      {"expand", [](auto& in) { return x(in).expand({-1, 4, 8}) + 1; }, {{1, 1, 8}}},
      {"expand_batch",
       [](auto& in) { return constant({1, 3}).expand({x(in).size(0), 3}) + x(in); },
       {{1, 3}}},
      {"expand_as", [](auto& in) { return x(in).expand_as(in[1]) * 2; }, {{1, 1, 8}, {1, 4, 8}}},
      {"flatten", [](auto& in) { return x(in).flatten(1); }},
      {"flatten_into_batch", [](auto& in) { return x(in).flatten(0, 1) * 2; }},
      {"full",
       [](auto& in) { return x(in) + torch::full({x(in).size(0), 4}, 0.5); },
       {{1, 4}}},
      {"full_like", [](auto& in) { return x(in) + torch::full_like(x(in), 3); }},
      {"index", [](auto& in) {
         using torch::indexing::Slice;
         return x(in).index({Slice(), torch::tensor({2, 0, 1})});
       }},
      {"index_select",
       [](auto& in) { return x(in).index_select(1, torch::tensor({3, 1, 0})); }},
      {"new_zeros",
       [](auto& in) { return torch::cat({x(in), x(in).new_zeros({x(in).size(0), 2})}, 1); },
       {{1, 4}}},
      {"ones", [](auto& in) { return x(in) - torch::ones({x(in).size(0), 4}); }, {{1, 4}}},
      {"ones_like", [](auto& in) { return x(in) - torch::ones_like(x(in)); }},
      {"pad_reflect",
       [](auto& in) {
         return F::pad(x(in), F::PadFuncOptions({1, 2, 1, 0}).mode(torch::kReflect));
       }},
      {"pad_replicate",
       [](auto& in) {
         return F::pad(x(in), F::PadFuncOptions({1, 2, 1, 0}).mode(torch::kReplicate));
       }},
      {"pad", [](auto& in) { return torch::pad(x(in), {1, 0}); }},
      {"permute", [](auto& in) { return x(in).permute({0, -2, -1, 1}); }},
      {"repeat", [](auto& in) { return x(in).repeat({1, 2, 1}); }, {{1, 3, 2}}},
      {"reshape", [](auto& in) { return x(in).transpose(1, 2).reshape({-1, 24, 8}); }},
      {"select", [](auto& in) { return x(in).select(1, 2) + x(in).select(1, -1); }},
      {"slice",
       [](auto& in) { return x(in).slice(2, 1, 5, 2).slice(3, -4) + 0; }},
      {"split",
       [](auto& in) {
         const auto parts = x(in).split(3, 3);
         return torch::cat({parts[2], parts[1], parts[0]}, 3);
       }},
      {"split_with_sizes",
       [](auto& in) {
         const auto parts = x(in).split_with_sizes({1, 3}, 1);
         return parts[0] + parts[1];
       }},
      {"squeeze", [](auto& in) { return x(in).squeeze(1) * 2; }, {{1, 1, 6}}},
      {"stack", [](auto& in) { return torch::stack({x(in), in[1]}, 1); }, {{1, 4}, {1, 4}}},
      {"sum_of_unbound",
       [](auto& in) {
         const auto rows = x(in).unbind(1);
         return rows[0] - rows[3];
       }},
      {"t", [](auto& in) { return x(in).t() * 2; }, {{1, 4}}},
      {"transpose", [](auto& in) { return x(in).transpose(1, -1); }},
      {"unflatten", [](auto& in) { return x(in).unflatten(1, {2, 2}); }},
      {"unsqueeze", [](auto& in) { return x(in).unsqueeze(2) * 2; }},
      {"view_batch", [](auto& in) { return x(in).view({x(in).size(0), 8, -1}) + 1; }},
      {"view_merges_batch", [](auto& in) { return x(in).view({-1, 6, 8}) + 1; }},
      {"zeros",
       [](auto& in) { return torch::cat({torch::zeros({x(in).size(0), 2}), x(in)}, 1); },
       {{1, 4}}},
      {"zeros_like", [](auto& in) { return torch::cat({torch::zeros_like(x(in)), x(in)}, 1); }},
      // layers
      {"adaptive_avg_pool", [](auto& in) { return torch::adaptive_avg_pool2d(x(in), {3, 2}); }},
      {"avg_pool", [](auto& in) { return torch::avg_pool2d(x(in), {2}); }},
      {"avg_pool_padded", [](auto& in) { return torch::avg_pool2d(x(in), {3, 3}, {2}, {1, 1}); }},
      {"avg_pool_uncounted",
       [](auto& in) { return torch::avg_pool2d(x(in), {3}, {2}, {1}, false, false); }},
      {"avg_pool_ceil", [](auto& in) { return torch::avg_pool2d(x(in), {3}, {2}, {0}, true); },
       {{1, 4, 8, 10}}},
      {"batch_norm",
       [](auto& in) {
         return torch::batch_norm(x(in), constant({4}), {}, constant({4}),
                                  constant({4}).abs() + 0.5, false, 0.1, 1e-5, false);
       }},
      {"bmm", [](auto& in) { return torch::bmm(x(in), in[1]); }, {{1, 3, 4}, {1, 4, 2}}},
      {"convolution_strided",
       [](auto& in) { return torch::conv2d(x(in), constant({6, 4, 3, 3}), {}, 2, 1); }},
      {"convolution_dilated",
       [](auto& in) {
         return torch::conv2d(x(in), constant({6, 2, 3, 1}), constant({6}), {1, 1}, {2, 0}, {2, 1},
                              2);
       }},
      {"convolution_1d",
       [](auto& in) { return torch::conv1d(x(in), constant({6, 4, 3}), {}, 1, 1); },
       {{1, 4, 9}}},
      {"convolution_transposed",
       [](auto& in) {
         return torch::conv_transpose2d(x(in), constant({4, 3, 3, 3}), constant({6}), 2, 1, 1, 2);
       }},
      {"group_norm",
       [](auto& in) { return torch::group_norm(x(in), 2, constant({4}), constant({4})); }},
      {"layer_norm",
       [](auto& in) { return torch::layer_norm(x(in), {8}, constant({8}), constant({8})); }},
      {"linear", [](auto& in) { return torch::linear(x(in), constant({3, 8}), constant({3})); },
       {{1, 8}}},
      {"linear_no_bias", [](auto& in) { return torch::linear(x(in), constant({3, 8})); },
       {{1, 8}}},
      {"linear_three_axes",
       [](auto& in) { return torch::linear(x(in), constant({3, 8}), constant({3})); },
       {{1, 4, 8}}},
      {"addmm",
       [](auto& in) { return torch::addmm(constant({3}), x(in), constant({8, 3}), 0.5, 2); },
       {{1, 8}}},
      {"matmul", [](auto& in) { return torch::matmul(x(in), in[1]); }, {{1, 3, 4}, {1, 4, 2}}},
      {"max_pool", [](auto& in) { return torch::max_pool2d(x(in), 3, 2, 1); }},
      {"max_pool_ceil",
       [](auto& in) { return torch::max_pool2d(x(in), {2, 3}, {}, 0, 1, true); }},
      // spatial
      {"amax", [](auto& in) { return x(in).amax({2, 3}); }},
      {"amin", [](auto& in) { return x(in).amin({1}, true); }},
      {"argmax", [](auto& in) { return x(in).argmax(1); }},
      {"bilinear",
       [](auto& in) {
         return F::interpolate(x(in), F::InterpolateFuncOptions()
                                          .scale_factor(std::vector<double>{2, 2})
                                          .mode(torch::kBilinear)
                                          .align_corners(false));
       }},
      {"bilinear_corners", [](auto& in) { return torch::upsample_bilinear2d(x(in), {9, 11}, true); }},
      {"bilinear_size", [](auto& in) { return torch::upsample_bilinear2d(x(in), {9, 11}, false); }},
      {"grid_sample",
       [](auto& in) { return torch::grid_sampler(x(in), in[1].tanh(), 0, 1, false); },
       {{1, 4, 6, 8}, {1, 5, 5, 2}},
       16},
      {"mean_all", [](auto& in) { return x(in) - x(in).mean({1, 2, 3}, true); }},
      {"mean_pixels", [](auto& in) { return x(in).mean({2, 3}); }},
      {"mean_pixels_kept", [](auto& in) { return x(in).mean({-1, -2}, true); }},
      {"nearest",
       [](auto& in) {
         return F::interpolate(x(in), F::InterpolateFuncOptions().scale_factor(
                                          std::vector<double>{2, 2}));
       }},
      {"nearest_size", [](auto& in) { return torch::upsample_nearest2d(x(in), {9, 11}); }},
      {"nearest_by_fraction",
       [](auto& in) {
         return F::interpolate(x(in), F::InterpolateFuncOptions().scale_factor(
                                          std::vector<double>{1.5, 1.5}));
       }},
      {"norm", [](auto& in) { return x(in).norm(2, {1}, true); }},
      {"normalize", [](auto& in) { return F::normalize(x(in)); }},
      {"pixel_shuffle", [](auto& in) { return torch::pixel_shuffle(x(in), 2); }},
      {"pixel_unshuffle", [](auto& in) { return torch::pixel_unshuffle(x(in), 2); }},
      {"space_to_depth",
       [](auto& in) {
         return torch::conv2d(torch::pixel_unshuffle(x(in), 2), constant({5, 16, 3, 3}));
       }},
      {"sum", [](auto& in) { return x(in).sum({1, 3}); }},
      {"vector_norm", [](auto& in) { return torch::linalg_vector_norm(x(in), 1, 1); }},
      // quantisation
      {"fake_quantize_tensor",
       [](auto& in) { return torch::fake_quantize_per_tensor_affine(x(in), 0.05, 128, 0, 255); }},
      {"fake_quantize_channel",
       [](auto& in) {
         const auto w = constant({6, 4, 3, 3});
         const auto scale = w.abs().amax({1, 2, 3}) / 127;
         const auto zero = torch::zeros({6}, torch::kInt);
         return torch::conv2d(x(in), torch::fake_quantize_per_channel_affine(w, scale, zero, 0,
                                                                              -127, 127));
       },
       {{1, 4, 6, 8}},
       13},
  };
  return all;
}

class Export : public testing::TestWithParam<Case> {};

TEST_P(Export, AgreesWithLibTorch) {
  torch::manual_seed(2);
  Function module;
  const auto graph = graph::trace_function(*module, GetParam().body, GetParam().shapes);
  expect_exports(graph, GetParam().oldest);
}
INSTANTIATE_TEST_SUITE_P(Of, Export, testing::ValuesIn(cases()),
                         [](const auto& info) { return info.param.name; });

TEST(Lowerings, EachIsComparedByATest) {
  std::set<std::string> seen;
  for (const auto& each : cases()) {
    Function module;
    const auto graph = graph::trace_function(*module, each.body, each.shapes);
    for (const auto& node : graph.nodes()) seen.insert(node->op.name());
  }
  seen.insert("manyfold::space_to_depth");  // the pass of that case makes it
  seen.insert("manyfold::quantise_bias");   // tests/exporters/quantised_test.cpp
  for (const auto& [name, lower] : lowerings()) EXPECT_TRUE(seen.count(name)) << name;
}

TEST(Lowerings, StandInTheDocumentation) {
  const auto page = read_file(MANYFOLD_SOURCE_DIR "/docs/export.md");
  for (const auto& [name, lower] : lowerings()) {
    if (name.rfind("aten::", 0) != 0) continue;
    EXPECT_NE(page.find("`" + name.substr(6) + "`"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace manyfold::exporters
