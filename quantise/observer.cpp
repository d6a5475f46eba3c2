#include "quantise/observer.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "quantise/fake_quant.h"

namespace manyfold::quantise {
namespace {

constexpr double kAverage = 0.1;
constexpr int kSteps = 100;

Range joined(Range a, Range b) {
  return {std::min(a.first, b.first), std::max(a.second, b.second)};
}

}  // namespace

void RangeObserver::add(const at::Tensor& x) {
  const auto good = x.isfinite();
  const auto bad = x.numel() - good.sum().item<int64_t>();
  unfinite_ += bad;
  const auto [low, high] = range_of(bad ? x.masked_select(good) : x);
  const Range range{low, high};
  batch_ = batch_empty_ ? range : joined(batch_, range);
  batch_empty_ = false;
}

void RangeObserver::end_batch() {
  if (batch_empty_) return;
  if (batches_++ == 0) {
    all_ = average_ = batch_;
  } else {
    all_ = joined(all_, batch_);
    average_.first += kAverage * (batch_.first - average_.first);
    average_.second += kAverage * (batch_.second - average_.second);
  }
  batch_empty_ = true;
}

Histogram::Histogram(Range bounds) : bounds_(bounds), counts_(kBins, 0) {
  if (bounds_.second <= bounds_.first) bounds_.second = bounds_.first + kSmallestScale;
}

void Histogram::add(const at::Tensor& x) {
  const auto flat = x.detach().to(at::kCPU, at::kFloat).contiguous(x.suggest_memory_format());
  const auto* values = flat.data_ptr<float>();
  const auto low = static_cast<float>(bounds_.first);
  const auto per_bin = static_cast<float>(kBins / (bounds_.second - bounds_.first));
  const auto threads = static_cast<size_t>(at::get_num_threads());
  std::vector<std::vector<int64_t>> partial(threads, std::vector<int64_t>(kBins, 0));
  at::parallel_for(0, flat.numel(), 65536, [&](int64_t begin, int64_t end) {
    auto& counts = partial[static_cast<size_t>(at::get_thread_num())];
    for (int64_t i = begin; i < end; ++i) {
      const float at = std::clamp((values[i] - low) * per_bin, 0.0F, static_cast<float>(kBins - 1));
      ++counts[static_cast<size_t>(at)];
    }
  });
  for (const auto& counts : partial) {
    for (size_t bin = 0; bin < counts_.size(); ++bin) counts_[bin] += counts[bin];
  }
}

double Histogram::centre(size_t bin) const {
  const double width = (bounds_.second - bounds_.first) / static_cast<double>(kBins);
  return bounds_.first + (static_cast<double>(bin) + 0.5) * width;
}

Range Histogram::percentile(double percent) const {
  int64_t total = 0;
  for (const auto count : counts_) total += count;
  const double outside = static_cast<double>(total) * (100 - percent) / 100;
  const double half = (bounds_.second - bounds_.first) / static_cast<double>(2 * kBins);
  size_t first = 0, last = counts_.size() - 1;
  for (double seen = 0; first < last; ++first) {
    seen += static_cast<double>(counts_[first]);
    if (seen > outside) break;
  }
  for (double seen = 0; last > first; --last) {
    seen += static_cast<double>(counts_[last]);
    if (seen > outside) break;
  }
  return {centre(first) - half, centre(last) + half};
}

double Histogram::error(Range range, const Format& format) const {
  const auto encoding = encoding_of(range.first, range.second, format);
  double sum = 0;
  for (size_t bin = 0; bin < counts_.size(); ++bin) {
    if (counts_[bin] == 0) continue;
    const double x = centre(bin);
    const double step =
        std::clamp(std::nearbyint(x / encoding.scale), double(format.low - encoding.zero_point),
                   double(format.high - encoding.zero_point));
    const double gap = x - step * encoding.scale;
    sum += static_cast<double>(counts_[bin]) * gap * gap;
  }
  return sum;
}

Range Histogram::least_error(const Format& format) const {
  Range best = bounds_;
  double least = error(best, format);
  const auto search = [&](bool low, bool high) {
    const Range from = best;
    for (int step = 1; step < kSteps; ++step) {
      const double shrink = 1 - static_cast<double>(step) / kSteps;
      const Range range{low ? from.first * shrink : from.first,
                        high ? from.second * shrink : from.second};
      const double here = error(range, format);
      if (here >= least) continue;
      least = here;
      best = range;
    }
  };
  search(true, true);
  search(true, false);
  search(false, true);
  return best;
}

at::Tensor least_error_shrink(const at::Tensor& weight, int64_t axis, const Format& format) {
  const auto rows = (axis < 0 ? weight.detach().flatten().unsqueeze(0)
                              : weight.detach().transpose(0, axis).flatten(1))
                        .contiguous();
  const auto largest = rows.abs().amax(1);
  auto best = at::ones_like(largest);
  auto least = at::full_like(largest, std::numeric_limits<float>::infinity());
  for (int step = 0; step < kSteps * 7 / 10; ++step) {
    const double shrink = 1 - static_cast<double>(step) / kSteps;
    const auto scale =
        (largest * (shrink / static_cast<double>(format.high))).clamp_min(kSmallestScale);
    const auto error = (fake_quantise_weight(rows, scale, 0, format) - rows).square().sum(1);
    const auto better = error < least;
    best.masked_fill_(better, shrink);
    least = at::where(better, error, least);
  }
  return best;
}

}  // namespace manyfold::quantise
