#include "common/random.h"

#include <cmath>

namespace manyfold {
namespace {

void multiply(uint32_t a, uint32_t b, uint32_t& high, uint32_t& low) {
  const uint64_t product = uint64_t{a} * b;
  high = static_cast<uint32_t>(product >> 32);
  low = static_cast<uint32_t>(product);
}

/// SplitMix64's finaliser: spreads a small integer over 64 bits.
uint64_t scramble(uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace

std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> c, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    uint32_t high0, low0, high1, low1;
    multiply(0xD2511F53, c[0], high0, low0);
    multiply(0xCD9E8D57, c[2], high1, low1);
    c = {high1 ^ c[1] ^ key[0], low1, high0 ^ c[3] ^ key[1], low0};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return c;
}

Random::Random(uint64_t seed, uint32_t purpose, uint64_t step, uint32_t slot) {
  // Seed and purpose choose the key; step and slot stand in the counter as they are, so no two
  // streams of one key meet.
  const uint64_t key = scramble(seed ^ scramble(purpose));
  key_ = {static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32)};
  counter_ = {0, slot, static_cast<uint32_t>(step), static_cast<uint32_t>(step >> 32)};
}

Random::result_type Random::operator()() {
  if (used_ == 4) {
    block_ = philox4x32(counter_, key_);
    ++counter_[0];
    used_ = 0;
  }
  return block_[used_++];
}

float Random::uniform() { return static_cast<float>((*this)() >> 8) * 0x1.0p-24f; }

uint32_t Random::below(uint32_t count) {
  // Lemire's multiply-and-reject.
  uint64_t product = uint64_t{(*this)()} * count;
  if (static_cast<uint32_t>(product) < count) {
    const uint32_t threshold = -count % count;
    while (static_cast<uint32_t>(product) < threshold) product = uint64_t{(*this)()} * count;
  }
  return static_cast<uint32_t>(product >> 32);
}

float Random::normal() {
  const float radius = std::sqrt(-2.0f * std::log(1.0f - uniform()));
  return radius * std::cos(6.28318530717958648f * uniform());
}

}  // namespace manyfold
