#include "graph/ranges.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <unordered_set>

namespace manyfold::graph {
namespace {

constexpr float kInfiniteInHalf = 65520;
constexpr float kZeroInHalf = 0x1p-25F;      // the tie goes to the even one, 0
constexpr float kSmallestNormal = 0x1p-14F;  // of half precision

// Results of floating type whose operands are all there.
std::vector<const Value*> computed_values(const Graph& graph, const TensorMap& feeds) {
  std::unordered_set<const Value*> known;
  for (const auto& value : graph.values()) {
    if (value->stored()) known.insert(value.get());
  }
  for (const auto& feed : feeds) known.insert(graph.find(feed.first));
  std::vector<const Value*> computed;
  for (const auto& node : graph.nodes()) {
    const auto inputs = node->inputs();
    const bool runs = std::all_of(inputs.begin(), inputs.end(),
                                  [&](const Value* input) { return known.count(input) > 0; });
    if (!runs) continue;
    for (const auto* output : node->outputs) {
      if (known.insert(output).second && c10::isFloatingType(output->dtype)) {
        computed.push_back(output);
      }
    }
  }
  return computed;
}

void count(float value, ValueRange& range) {
  const float size = std::abs(value);
  ++range.count;
  if (std::isnan(size)) {
    ++range.nan;
  } else if (std::isinf(size)) {
    ++range.infinite;
  } else if (size > 0) {
    range.largest = std::max<double>(range.largest, size);
    range.smallest = range.smallest > 0 ? std::min<double>(range.smallest, size) : size;
    range.beyond_half += size >= kInfiniteInHalf;
    range.vanishing += size <= kZeroInHalf;
    range.subnormal += size > kZeroInHalf && size < kSmallestNormal;
  }
}

}  // namespace

std::vector<ValueRange> value_ranges(const Replay& replay, const TensorMap& feeds) {
  const auto values = computed_values(replay.graph(), feeds);
  if (values.empty()) return {};
  std::vector<std::string> names;
  for (const auto* value : values) names.push_back(value->name);
  const at::NoGradGuard no_grad;
  const auto tensors = replay.run(feeds, names);
  std::vector<ValueRange> ranges;
  for (size_t i = 0; i < values.size(); ++i) {
    ValueRange range;
    range.name = values[i]->name;
    range.scope = values[i]->producer->scope;
    const auto plain = tensors[i].to(at::kCPU, at::kFloat).contiguous();
    const auto* numbers = plain.data_ptr<float>();
    for (int64_t n = 0; n < plain.numel(); ++n) count(numbers[n], range);
    ranges.push_back(range);
  }
  return ranges;
}

void merge(ValueRange& range, const ValueRange& other) {
  range.largest = std::max(range.largest, other.largest);
  if (range.smallest == 0 || (other.smallest > 0 && other.smallest < range.smallest)) {
    range.smallest = other.smallest;
  }
  range.count += other.count;
  range.infinite += other.infinite;
  range.nan += other.nan;
  range.beyond_half += other.beyond_half;
  range.vanishing += other.vanishing;
  range.subnormal += other.subnormal;
}

}  // namespace manyfold::graph
