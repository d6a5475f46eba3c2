#include "data/synthetic/lens.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "common/random.h"
#include "data/synthetic/geometry.h"

namespace manyfold::data::synthetic {
namespace {

void smear(cv::Mat& picture, float pixels, float degrees) {
  const int half = std::min(10, static_cast<int>(std::ceil(pixels / 2)));
  cv::Mat_<float> kernel = cv::Mat_<float>::zeros(2 * half + 1, 2 * half + 1);
  const int steps = 4 * half + 1;
  for (int i = 0; i < steps; ++i) {
    const float t = pixels * (i / (steps - 1.f) - 0.5f);
    kernel(half + cvRound(t * std::sin(radians(degrees))),
           half + cvRound(t * std::cos(radians(degrees)))) += 1.f / steps;
  }
  cv::filter2D(picture, picture, -1, kernel, {-1, -1}, 0, cv::BORDER_REPLICATE);
}

void tone(cv::Mat& picture, const Lens& lens) {
  std::array<std::array<float, 256>, 3> curve;
  for (int c = 0; c < 3; ++c) {
    for (int v = 0; v < 256; ++v) {
      const float x = clamp01(lens.gain[c] * v / 255.f);
      const float bent = (std::pow(x, lens.gamma) - 0.5f) * lens.contrast + 0.5f;
      curve[c][v] = 255 * (lens.haze + (1 - lens.haze) * bent);
    }
  }
  const float cx = 0.5f * picture.cols, cy = 0.5f * picture.rows;
  const float per_corner = lens.vignette / (cx * cx + cy * cy);
  for (int y = 0; y < picture.rows; ++y) {
    auto* p = picture.ptr<cv::Vec3b>(y);
    for (int x = 0; x < picture.cols; ++x) {
      const float dark = 1 - per_corner * ((x - cx) * (x - cx) + (y - cy) * (y - cy));
      float v[3];
      for (int c = 0; c < 3; ++c) v[c] = curve[c][p[x][c]];
      const float grey = 0.3f * v[0] + 0.59f * v[1] + 0.11f * v[2];
      for (int c = 0; c < 3; ++c) {
        p[x][c] = static_cast<uint8_t>(
            std::clamp(dark * (grey + lens.saturation * (v[c] - grey)), 0.f, 255.f));
      }
    }
  }
}

/// Normal numbers to read from any place, as bytes of 1/32 standard deviation.
const std::vector<int8_t>& normal_numbers() {
  static const std::vector<int8_t> table = [] {
    std::vector<int8_t> numbers(1 << 16);
    Random random(7, Random::scene, 5);
    for (auto& n : numbers)
      n = static_cast<int8_t>(std::clamp(32 * random.normal(), -127.f, 127.f));
    return numbers;
  }();
  return table;
}

void add_noise(cv::Mat& picture, float deviation, uint64_t seed) {
  const auto& numbers = normal_numbers();
  const uint32_t mask = static_cast<uint32_t>(numbers.size()) - 1;
  Random random(seed, Random::scene, 6);
  const int scale = cvRound(deviation * (8 / std::sqrt(2.f)));
  for (int y = 0; y < picture.rows; ++y) {
    uint8_t* p = picture.ptr(y);
    const uint32_t from = random(), colour = random() | 1;
    for (int i = 0; i < 3 * picture.cols; ++i) {
      // Half of it is common to the three colours.
      const int n = numbers[(from + i) & mask] + numbers[(colour + i / 3) & mask];
      p[i] = cv::saturate_cast<uint8_t>(p[i] + ((n * scale) >> 8));
    }
  }
}

// The tables of JPEG, annex K.
constexpr int kLuma[64] = {16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,
                           14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,
                           18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,
                           49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99};
constexpr int kChroma[64] = {17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
                             24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
                             99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
                             99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99};

struct Cosines {
  float to[8][8], back[8][8];  // rows of the transform, and its transpose
  Cosines() {
    for (int k = 0; k < 8; ++k) {
      for (int n = 0; n < 8; ++n) {
        to[k][n] = (k == 0 ? std::sqrt(0.125f) : 0.5f) * std::cos(kPi * (2 * n + 1) * k / 16);
        back[n][k] = to[k][n];
      }
    }
  }
};

void multiply(const float (&a)[8][8], const float (&b)[8][8], float (&out)[8][8]) {
  for (int i = 0; i < 8; ++i) {
    float row[8] = {};
    for (int k = 0; k < 8; ++k) {
      for (int j = 0; j < 8; ++j) row[j] += a[i][k] * b[k][j];
    }
    std::copy(row, row + 8, out[i]);
  }
}

void round_blocks(cv::Mat& plane, const int (&table)[64], int quality) {
  static const Cosines cosines;
  const int percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  float step[64];
  for (int i = 0; i < 64; ++i) step[i] = std::clamp((table[i] * percent + 50) / 100, 1, 255);
  for (int y = 0; y + 8 <= plane.rows; y += 8) {
    for (int x = 0; x + 8 <= plane.cols; x += 8) {
      float block[8][8], half[8][8];
      for (int i = 0; i < 8; ++i) {
        for (int j = 0; j < 8; ++j) block[i][j] = plane.ptr(y + i)[x + j];
      }
      multiply(cosines.to, block, half);
      multiply(half, cosines.back, block);
      for (int i = 0; i < 64; ++i) {
        float& v = block[i >> 3][i & 7];
        v = step[i] * static_cast<float>(static_cast<int>(v / step[i] + (v < 0 ? -0.5f : 0.5f)));
      }
      multiply(cosines.back, block, half);
      multiply(half, cosines.to, block);
      for (int i = 0; i < 8; ++i) {
        for (int j = 0; j < 8; ++j)
          plane.ptr(y + i)[x + j] = cv::saturate_cast<uint8_t>(block[i][j]);
      }
    }
  }
}

}  // namespace

void compress_blocks(cv::Mat& picture, int quality) {
  cv::Mat planes[3], ycc;
  cv::cvtColor(picture, ycc, cv::COLOR_RGB2YCrCb);
  // Whole blocks of the halved colour: 16 pixels.
  const int right = (16 - ycc.cols % 16) % 16, bottom = (16 - ycc.rows % 16) % 16;
  cv::copyMakeBorder(ycc, ycc, 0, bottom, 0, right, cv::BORDER_REPLICATE);
  cv::split(ycc, planes);
  round_blocks(planes[0], kLuma, quality);
  for (int c = 1; c < 3; ++c) {
    cv::Mat half;
    cv::resize(planes[c], half, {}, 0.5, 0.5, cv::INTER_AREA);
    round_blocks(half, kChroma, quality);
    cv::resize(half, planes[c], planes[c].size(), 0, 0, cv::INTER_LINEAR);
  }
  cv::merge(planes, 3, ycc);
  cv::cvtColor(ycc(cv::Rect({}, picture.size())), picture, cv::COLOR_YCrCb2RGB);
}

void photograph(cv::Mat& picture, const Lens& lens) {
  if (lens.defocus > 0.2f) cv::GaussianBlur(picture, picture, {}, lens.defocus);
  if (lens.motion > 1) smear(picture, lens.motion, lens.motion_degrees);
  tone(picture, lens);
  if (lens.shrink < 0.99f) {
    const cv::Size small(std::max(8, cvRound(picture.cols * lens.shrink)),
                         std::max(8, cvRound(picture.rows * lens.shrink)));
    cv::Mat few;
    cv::resize(picture, few, small, 0, 0, cv::INTER_AREA);
    if (lens.noise > 0.3f) add_noise(few, lens.noise, lens.seed);
    cv::resize(few, picture, picture.size(), 0, 0, cv::INTER_LINEAR);
  } else if (lens.noise > 0.3f) {
    add_noise(picture, lens.noise, lens.seed);
  }
  if (lens.block_quality < 100) compress_blocks(picture, lens.block_quality);
}

}  // namespace manyfold::data::synthetic
