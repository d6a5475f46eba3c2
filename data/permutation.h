#pragma once

#include <cstdint>

namespace manyfold::data {

/// A seeded shuffle of 0 .. size - 1 that is computed place by place: no memory, no state, the same
/// cost anywhere in it. A Feistel network over the next power of four with Philox as its round
/// function; values past the end are walked on until they fall inside (Black and Rogaway, "Ciphers
/// with arbitrary finite domains", CT-RSA 2002).
class Permutation {
 public:
  /// `stream` names the thing shuffled (a source), `epoch` which of its endless shuffles.
  Permutation(uint64_t seed, uint32_t stream, uint64_t epoch, int64_t size);

  /// Which item stands at `place`, 0 <= place < size.
  int64_t operator()(int64_t place) const;

 private:
  uint64_t once(uint64_t value) const;

  static constexpr int kRounds = 6;
  uint64_t size_;
  int half_bits_;
  uint32_t keys_[2];
  uint32_t stream_;
};

}  // namespace manyfold::data
