#pragma once

#include <array>
#include <cstdint>
#include <limits>

namespace manyfold {

/// Chance as a function: the draws of a stream depend on its key alone, never on what was drawn
/// elsewhere, so any thread may compute any of them and a resumed run repeats an uninterrupted one.
///
/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). The
/// stream is named by (seed, purpose, step, slot); the counter runs along it. Satisfies
/// UniformRandomBitGenerator, but prefer the members below to <random>'s distributions, whose
/// results differ from one standard library to the next.
class Random {
 public:
  using result_type = uint32_t;
  /// What a stream is for: two purposes never share numbers.
  enum Purpose : uint32_t {
    example = 1,  // pictures that stand for real ones
    shuffle = 2,
    augment = 3,
    mix = 4,
    scene = 5,
    view = 6,        // which of a sample's fixed views
    fixed_view = 7,  // how one of them is changed
    crops = 8,
    clip_start = 9,  // where in a clip a stretch begins
    clip_view = 10,  // how a clip is changed
    film = 11        // how a camera moves over a still
  };

  Random(uint64_t seed, uint32_t purpose, uint64_t step = 0, uint32_t slot = 0);

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }
  /// 32 random bits.
  result_type operator()();

  /// In [0, 1), 24 bits.
  float uniform();
  /// In [low, high).
  float uniform(float low, float high) { return low + (high - low) * uniform(); }
  /// In [0, count), without bias; `count` > 0.
  uint32_t below(uint32_t count);
  bool chance(float probability) { return uniform() < probability; }
  /// Standard normal (Box-Muller).
  float normal();

 private:
  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 4> counter_;
  std::array<uint32_t, 4> block_{};
  unsigned used_ = 4;
};

/// Philox4x32-10 of a counter block, public for its test against the published
/// vectors.
std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

}  // namespace manyfold
