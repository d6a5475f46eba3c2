#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <vector>

#include "common/config/fields.h"
#include "common/random.h"

namespace manyfold::data {

/// How far colours may be changed. Each factor is drawn from [1 - x, 1 + x] (gamma from
/// [1 / (1 + x), 1 + x]); 0 leaves it out.
struct PhotometricOptions {
  double brightness = 0.25;
  double contrast = 0.25;
  double gamma = 0.25;
  double saturation = 0.3;
  double hue = 10;              // degrees either way
  double grey = 0.05;           // probability
  double blur = 0.1;            // probability; Gaussian, sigma up to blur_sigma
  double blur_sigma = 1.5;      // pixels
  double noise = 0.2;           // probability; normal, deviation up to noise_deviation
  double noise_deviation = 10;  // of 255
  double jpeg = 0.1;            // probability; packed and unpacked, quality jpeg_quality to 95
  int64_t jpeg_quality = 30;
  void fields(config::Fields& f);
};

/// One draw of all photometric changes: the same for every frame of a clip, but for the noise.
class Photometry {
 public:
  /// `strength` multiplies the ranges of brightness, contrast, gamma, saturation and hue, and the
  /// probabilities of grey, blur, noise and JPEG; how strong blur, noise and JPEG then are stays.
  Photometry(const PhotometricOptions& options, double strength, Random& random);

  /// Changes a CV_8UC3 RGB picture, frame number `frame` of its clip, in place. Order: blur,
  /// colour, tone, noise, JPEG: as in a camera.
  void apply(cv::Mat& picture, uint64_t frame = 0) const;

 private:
  void add_noise(cv::Mat& picture, uint64_t frame) const;

  cv::Matx33f colour_;  // hue, saturation
  bool recolour_ = false;
  cv::Mat tone_;  // 256 values: brightness, contrast, gamma
  float blur_sigma_ = 0;
  float noise_ = 0;
  uint32_t noise_seed_ = 0;
  int jpeg_quality_ = 0;  // 0 = not compressed
};

}  // namespace manyfold::data
