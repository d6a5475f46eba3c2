#pragma once

#include <cstdint>
#include <opencv2/core.hpp>

namespace manyfold::data::synthetic {

/// What lens, sensor and storage do to a picture. Interpolates but for the seed.
struct Lens {
  float defocus = 0;  // standard deviation in pixels
  float motion = 0;   // length of the smear in pixels
  float motion_degrees = 0;
  float shrink = 1;         // resolution that is left, (0, 1]
  cv::Vec3f gain{1, 1, 1};  // exposure and colour temperature, for red, green and blue
  float gamma = 1, contrast = 1, saturation = 1, haze = 0;
  float vignette = 0;       // how much darker the corners are
  float noise = 0;          // grey levels, standard deviation
  int block_quality = 100;  // of JPEG; 100 leaves the blocks alone
  uint64_t seed = 0;        // of the noise
};

/// Changes an RGB picture (CV_8UC3) in that order.
void photograph(cv::Mat& picture, const Lens& lens);
/// The loss of JPEG at this quality (1 .. 100): rounded cosine transforms of 8 x 8 blocks, colour
/// at half the resolution.
void compress_blocks(cv::Mat& picture, int quality);

}  // namespace manyfold::data::synthetic
