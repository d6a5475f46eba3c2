#include "quantise/fake_quant.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

// The widest vectors of the processor that runs it. Sanitisers do not bear the dispatch.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define MANYFOLD_VECTORISED __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define MANYFOLD_VECTORISED
#endif

namespace manyfold::quantise {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Adding and subtracting it rounds |x| < 2^22 to the nearest whole number, halves to even.
constexpr float kRounder = 12582912.0F;
constexpr int64_t kGrain = 32768;

/// Bounds of x / scale relative to the zero point.
struct Bounds {
  float low, high;
};

Bounds bounds_of(const Encoding& encoding) {
  return {static_cast<float>(encoding.format.low - encoding.zero_point),
          static_cast<float>(encoding.format.high - encoding.zero_point)};
}

MANYFOLD_VECTORISED
void forward_loop(const float* x, float* y, int64_t n, float inverse, float scale, float low,
                  float high) {
  for (int64_t i = 0; i < n; ++i) {
    float step = x[i] * inverse;
    step = step < low ? low : step;
    step = step > high ? high : step;
    step = (step + kRounder) - kRounder;
    y[i] = step * scale;
  }
}

// Where the step is at its bound after rounding, it was not clamped.
MANYFOLD_VECTORISED
void backward_loop(const float* x, const float* dy, float* dx, int64_t n, float inverse, float low,
                   float high) {
  for (int64_t i = 0; i < n; ++i) {
    const float step = x[i] * inverse;
    dx[i] = (step >= low) & (step <= high) ? dy[i] : 0.0F;
  }
}

constexpr int kLanes = 16;

MANYFOLD_VECTORISED
void range_loop(const float* x, int64_t n, float* low, float* high) {
  for (int64_t i = 0; i + kLanes <= n; i += kLanes) {
    for (int j = 0; j < kLanes; ++j) low[j] = x[i + j] < low[j] ? x[i + j] : low[j];
    for (int j = 0; j < kLanes; ++j) high[j] = x[i + j] > high[j] ? x[i + j] : high[j];
  }
  for (int64_t i = n - n % kLanes; i < n; ++i) {
    low[0] = std::min(low[0], x[i]);
    high[0] = std::max(high[0], x[i]);
  }
}

bool is_fast(const Tensor& x) {
  return x.device().is_cpu() && x.scalar_type() == at::kFloat && x.is_non_overlapping_and_dense();
}

Tensor quantised(const Tensor& x, const Encoding& encoding, bool positive) {
  const auto [low, high] = bounds_of(encoding);
  const float floor = positive ? std::max(low, 0.0F) : low;
  const float inverse = 1 / encoding.scale;
  if (!is_fast(x)) return (x * inverse).clamp(floor, high).round_().mul_(encoding.scale);
  auto y = at::empty_like(x);
  const auto* from = x.data_ptr<float>();
  auto* to = y.data_ptr<float>();
  const float scale = encoding.scale, ceiling = high;
  at::parallel_for(0, x.numel(), kGrain, [&](int64_t begin, int64_t end) {
    forward_loop(from + begin, to + begin, end - begin, inverse, scale, floor, ceiling);
  });
  return y;
}

/// x / scale may be half a step beyond the last one and still round to it; after a ReLU only what
/// is above 0 counts.
Tensor gradient(const Tensor& x, const Tensor& dy, const Encoding& encoding, bool positive) {
  const auto [low, high] = bounds_of(encoding);
  const float inverse = 1 / encoding.scale;
  const float floor = positive ? std::numeric_limits<float>::min() : low - 0.5F;
  const float ceiling = high + 0.5F;
  const auto aligned = dy.strides() == x.strides() ? dy : at::empty_like(x).copy_(dy);
  if (!is_fast(x) || !is_fast(aligned)) {
    const auto step = x * inverse;
    return aligned * step.ge(floor).logical_and_(step.le(ceiling));
  }
  auto dx = at::empty_like(x);
  const auto* from = x.data_ptr<float>();
  const auto* above = aligned.data_ptr<float>();
  auto* to = dx.data_ptr<float>();
  at::parallel_for(0, x.numel(), kGrain, [&](int64_t begin, int64_t end) {
    backward_loop(from + begin, above + begin, to + begin, end - begin, inverse, floor, ceiling);
  });
  return dx;
}

struct FakeQuantise : torch::autograd::Function<FakeQuantise> {
  static Tensor forward(AutogradContext* context, const Tensor& x, double scale, int64_t zero_point,
                        int64_t low, int64_t high, bool positive) {
    context->save_for_backward({x});
    context->saved_data["scale"] = scale;
    context->saved_data["zero_point"] = zero_point;
    context->saved_data["low"] = low;
    context->saved_data["high"] = high;
    context->saved_data["positive"] = positive;
    return quantised(x, {static_cast<float>(scale), zero_point, {low, high, false}}, positive);
  }

  static variable_list backward(AutogradContext* context, variable_list above) {
    auto& saved = context->saved_data;
    const Encoding encoding{static_cast<float>(saved["scale"].toDouble()),
                            saved["zero_point"].toInt(),
                            {saved["low"].toInt(), saved["high"].toInt(), false}};
    const auto x = context->get_saved_variables()[0];
    return {gradient(x, above[0], encoding, saved["positive"].toBool()), {}, {}, {}, {}, {}};
  }
};

Tensor spread(const Tensor& scale, const Tensor& x, int64_t axis) {
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  if (axis >= 0 && scale.numel() > 1) shape[static_cast<size_t>(axis)] = scale.numel();
  return scale.reshape(shape);
}

struct FakeQuantiseWeight : torch::autograd::Function<FakeQuantiseWeight> {
  static Tensor forward(AutogradContext* context, const Tensor& weight, const Tensor& scale,
                        int64_t axis, int64_t low, int64_t high) {
    const auto each = spread(scale, weight, axis);
    const auto steps = (weight * (1 / each)).round_();
    context->save_for_backward({steps.ge(low).logical_and_(steps.le(high))});
    return steps.clamp(low, high).mul_(each);
  }

  static variable_list backward(AutogradContext* context, variable_list above) {
    return {above[0] * context->get_saved_variables()[0], {}, {}, {}, {}};
  }
};

struct FakeQuantiseLearned : torch::autograd::Function<FakeQuantiseLearned> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& scale,
                        int64_t axis, int64_t low, int64_t high) {
    context->save_for_backward({x, scale});
    context->saved_data["axis"] = axis;
    context->saved_data["low"] = low;
    context->saved_data["high"] = high;
    const auto each = spread(scale, x, axis);
    return (x / each).clamp(low, high).round_().mul_(each);
  }

  static variable_list backward(AutogradContext* context, variable_list above) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &scale = saved[1];
    const auto axis = context->saved_data["axis"].toInt();
    const auto low = context->saved_data["low"].toInt(), high = context->saved_data["high"].toInt();
    const auto exact = x / spread(scale, x, axis);
    const auto steps = exact.round();
    const auto inside = steps.ge(low).logical_and_(steps.le(high));
    const auto slope = at::where(inside, steps - exact, steps.clamp(low, high));
    auto each = above[0] * slope;
    if (scale.numel() > 1) {
      each = each.transpose(0, axis).flatten(1).sum(1);
    } else {
      each = each.sum();
    }
    const auto share = static_cast<double>(x.numel()) / static_cast<double>(scale.numel());
    each = each / std::sqrt(share * static_cast<double>(high > 0 ? high : -low));
    return {above[0] * inside, each.reshape(scale.sizes()), {}, {}, {}};
  }
};

/// Waits for a GPU once, unless there are NaN.
std::pair<float, float> slow_range_of(const Tensor& x) {
  const auto [low, high] = at::aminmax(x);
  const auto ends = at::stack({low, high}).cpu();
  const std::pair<float, float> range{ends[0].item<float>(), ends[1].item<float>()};
  if (!std::isnan(range.first)) return range;
  const auto numbers = x.masked_select(x.isnan().logical_not());
  return numbers.numel() ? slow_range_of(numbers) : std::pair<float, float>{0, 0};
}

}  // namespace

Tensor fake_quantise(const Tensor& x, const Encoding& encoding, bool positive) {
  return FakeQuantise::apply(x, static_cast<double>(encoding.scale), encoding.zero_point,
                             encoding.format.low, encoding.format.high, positive);
}

Tensor fake_quantise_weight(const Tensor& weight, const Tensor& scale, int64_t axis,
                            const Format& format) {
  return FakeQuantiseWeight::apply(weight, scale.detach(), axis, format.low, format.high);
}

Tensor fake_quantise_learned(const Tensor& x, const Tensor& scale, int64_t axis, int64_t zero_point,
                             const Format& format) {
  return FakeQuantiseLearned::apply(x, scale, axis, format.low - zero_point,
                                    format.high - zero_point);
}

std::pair<float, float> range_of(const Tensor& x) {
  if (x.numel() == 0) return {0, 0};
  if (!is_fast(x)) return slow_range_of(x.detach().to(at::kFloat));
  const auto* from = x.data_ptr<float>();
  const auto threads = static_cast<size_t>(at::get_num_threads());
  const float infinity = std::numeric_limits<float>::infinity();
  std::vector<std::array<float, kLanes>> low(threads), high(threads);
  for (auto& lanes : low) lanes.fill(infinity);
  for (auto& lanes : high) lanes.fill(-infinity);
  at::parallel_for(0, x.numel(), kGrain, [&](int64_t begin, int64_t end) {
    const auto thread = static_cast<size_t>(at::get_thread_num());
    range_loop(from + begin, end - begin, low[thread].data(), high[thread].data());
  });
  std::pair<float, float> range{infinity, -infinity};
  for (size_t t = 0; t < threads; ++t) {
    for (size_t j = 0; j < kLanes; ++j) {
      range.first = std::min(range.first, low[t][j]);
      range.second = std::max(range.second, high[t][j]);
    }
  }
  return range.first <= range.second ? range : std::pair<float, float>{0, 0};
}

}  // namespace manyfold::quantise
