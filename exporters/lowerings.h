#pragma once

#include "exporters/lowering.h"

// The lowerings, by family. The table in lowering.cpp names each of them.
namespace manyfold::exporters {

// lower_layers.cpp: convolution, linear layers, normalisation, pooling.
Names lower_adaptive_avg_pool(Lowering& x);
Names lower_avg_pool(Lowering& x);
Names lower_batch_norm(Lowering& x);
Names lower_convolution(Lowering& x);
Names lower_group_norm(Lowering& x);
Names lower_layer_norm(Lowering& x);
Names lower_linear(Lowering& x);
Names lower_addmm(Lowering& x);
Names lower_max_pool(Lowering& x);

// lower_elementwise.cpp: arithmetic and activations.
Names lower_add(Lowering& x);
Names lower_clamp(Lowering& x);
Names lower_comparison(Lowering& x);
Names lower_div(Lowering& x);
Names lower_elu(Lowering& x);
Names lower_gelu(Lowering& x);
Names lower_hardsigmoid(Lowering& x);
Names lower_hardswish(Lowering& x);
Names lower_identity(Lowering& x);
Names lower_leaky_relu(Lowering& x);
Names lower_logical(Lowering& x);
Names lower_pair(Lowering& x);
Names lower_prelu(Lowering& x);
Names lower_rsqrt(Lowering& x);
Names lower_rsub(Lowering& x);
Names lower_silu(Lowering& x);
Names lower_softmax(Lowering& x);
Names lower_softplus(Lowering& x);
Names lower_sub(Lowering& x);
Names lower_to(Lowering& x);
Names lower_unary(Lowering& x);
Names lower_where(Lowering& x);

// lower_shape.cpp: what moves data.
Names lower_cat(Lowering& x);
Names lower_expand(Lowering& x);
Names lower_fill(Lowering& x);
Names lower_full(Lowering& x);
Names lower_index(Lowering& x);
Names lower_index_select(Lowering& x);
Names lower_pad(Lowering& x);
Names lower_permute(Lowering& x);
Names lower_repeat(Lowering& x);
Names lower_select(Lowering& x);
Names lower_slice(Lowering& x);
Names lower_split(Lowering& x);
Names lower_stack(Lowering& x);
Names lower_transpose(Lowering& x);
Names lower_unbind(Lowering& x);
Names lower_view(Lowering& x);

// lower_spatial.cpp: pictures between resolutions, sampling, reductions.
Names lower_argmax(Lowering& x);
Names lower_grid_sample(Lowering& x);
Names lower_mean(Lowering& x);
Names lower_norm(Lowering& x);
Names lower_pixel_shuffle(Lowering& x);
Names lower_pixel_unshuffle(Lowering& x);
Names lower_reduction(Lowering& x);
Names lower_space_to_depth(Lowering& x);
Names lower_upsample(Lowering& x);

// lower_quantised.cpp: fake quantisation as QuantizeLinear and DequantizeLinear.
Names lower_fake_quantize_channel(Lowering& x);
Names lower_fake_quantize_tensor(Lowering& x);
Names lower_quantise_bias(Lowering& x);

}  // namespace manyfold::exporters
