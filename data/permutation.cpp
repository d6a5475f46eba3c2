#include "data/permutation.h"

#include "common/random.h"

namespace manyfold::data {

Permutation::Permutation(uint64_t seed, uint32_t stream, uint64_t epoch, int64_t size)
    : size_(static_cast<uint64_t>(size)), half_bits_(3), stream_(stream) {
  while (uint64_t{1} << (2 * half_bits_) < size_) ++half_bits_;
  Random random(seed, Random::shuffle, epoch, stream);
  for (auto& key : keys_) key = random();
}

uint64_t Permutation::once(uint64_t value) const {
  const uint64_t low = (uint64_t{1} << half_bits_) - 1;
  auto left = static_cast<uint32_t>(value >> half_bits_),
       right = static_cast<uint32_t>(value & low);
  for (uint32_t round = 0; round < kRounds; ++round) {
    const auto mixed = philox4x32({right, round, stream_, 0}, {keys_[0], keys_[1]})[0];
    const auto next = static_cast<uint32_t>((left ^ mixed) & low);
    left = right;
    right = next;
  }
  return uint64_t{left} << half_bits_ | right;
}

int64_t Permutation::operator()(int64_t place) const {
  auto value = static_cast<uint64_t>(place);
  do {
    value = once(value);
  } while (value >= size_);
  return static_cast<int64_t>(value);
}

}  // namespace manyfold::data
