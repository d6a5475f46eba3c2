#include "data/augment/photometric.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

namespace manyfold::data {
namespace {

float around_one(Random& random, double range) {
  const auto r = static_cast<float>(std::min(range, 0.95));
  return random.uniform(1 - r, 1 + r);
}

/// Rec. 601 luma, as JPEG and OpenCV have it.
const cv::Matx33f kLuma(0.299f, 0.587f, 0.114f, 0.299f, 0.587f, 0.114f, 0.299f, 0.587f, 0.114f);

/// Turns the chroma plane of YIQ; greys stay what they are.
cv::Matx33f hue_rotation(float degrees) {
  const cv::Matx33f to_yiq(0.299f, 0.587f, 0.114f, 0.595716f, -0.274453f, -0.321263f, 0.211456f,
                           -0.522591f, 0.311135f);
  const float c = std::cos(degrees * float(CV_PI) / 180),
              s = std::sin(degrees * float(CV_PI) / 180);
  return to_yiq.inv() * cv::Matx33f(1, 0, 0, 0, c, -s, 0, s, c) * to_yiq;
}

/// v -> (v ^ gamma - middle) * contrast + middle, times brightness, on [0, 1].
cv::Mat tone_curve(float brightness, float contrast, float gamma) {
  cv::Mat curve(1, 256, CV_8U);
  for (int i = 0; i < 256; ++i) {
    const float v = (std::pow(i / 255.0f, gamma) - 0.5f) * contrast + 0.5f;
    curve.at<uint8_t>(i) = cv::saturate_cast<uint8_t>(255 * v * brightness);
  }
  return curve;
}

}  // namespace

void PhotometricOptions::fields(config::Fields& f) {
  using config::between;
  f.field("brightness", brightness, "Factor within 1 -/+ this.", between(0, 1));
  f.field("contrast", contrast, "Factor about middle grey within 1 -/+ this.", between(0, 1));
  f.field("gamma", gamma, "Exponent from 1 / (1 + this) to 1 + this.", between(0, 3));
  f.field("saturation", saturation, "Factor within 1 -/+ this.", between(0, 1));
  f.field("hue", hue, "Degrees either way.", between(0, 180));
  f.field("grey", grey, "Probability of a picture without colour.", between(0, 1));
  f.field("blur", blur, "Probability of a Gaussian blur.", between(0, 1));
  f.field("blur_sigma", blur_sigma, "Its largest deviation, in pixels.", between(0.1, 20));
  f.field("noise", noise, "Probability of normal noise.", between(0, 1));
  f.field("noise_deviation", noise_deviation, "Its largest deviation, of 255.", between(0, 100));
  f.field("jpeg", jpeg, "Probability of traces of JPEG.", between(0, 1));
  f.field("jpeg_quality", jpeg_quality, "Lowest quality of it; the highest is 95.", between(5, 95));
}

Photometry::Photometry(const PhotometricOptions& o, double strength, Random& random) {
  const auto chance = [&](double probability) {
    return random.chance(static_cast<float>(std::min(1.0, probability * strength)));
  };
  const float brightness = around_one(random, o.brightness * strength);
  const float contrast = around_one(random, o.contrast * strength);
  const auto stop = static_cast<float>(std::log1p(o.gamma * strength));
  tone_ = tone_curve(brightness, contrast, std::exp(random.uniform(-stop, stop)));

  float saturation = around_one(random, o.saturation * strength);
  const auto degrees = static_cast<float>(o.hue * strength);
  const float hue = random.uniform(-degrees, degrees);
  if (chance(o.grey)) saturation = 0;
  recolour_ = saturation != 1 || hue != 0;
  colour_ = (cv::Matx33f::eye() * saturation + kLuma * (1 - saturation)) * hue_rotation(hue);

  const float sigma = random.uniform(0.1f, static_cast<float>(o.blur_sigma));
  if (chance(o.blur)) blur_sigma_ = sigma;
  const float deviation = random.uniform(0, static_cast<float>(o.noise_deviation));
  if (chance(o.noise)) noise_ = deviation;
  noise_seed_ = random();
  const auto quality = o.jpeg_quality + random.below(static_cast<uint32_t>(96 - o.jpeg_quality));
  if (chance(o.jpeg)) jpeg_quality_ = static_cast<int>(quality);
}

void Photometry::apply(cv::Mat& picture, uint64_t frame) const {
  if (blur_sigma_ > 0) cv::GaussianBlur(picture, picture, {}, blur_sigma_);
  if (recolour_) cv::transform(picture, picture, colour_);
  cv::LUT(picture, tone_, picture);
  if (noise_ > 0) add_noise(picture, frame);
  if (jpeg_quality_ > 0) {
    // The codec takes these for BGR; what it does to chroma is hardly less true to life for it.
    std::vector<uint8_t> packed;
    cv::imencode(".jpg", picture, packed, {cv::IMWRITE_JPEG_QUALITY, jpeg_quality_});
    cv::imdecode(packed, cv::IMREAD_COLOR, &picture);
  }
}

void Photometry::add_noise(cv::Mat& picture, uint64_t frame) const {
  cv::RNG rng(uint64_t{noise_seed_} << 32 | frame);
  cv::Mat noise(picture.size(), CV_16SC3);
  rng.fill(noise, cv::RNG::NORMAL, 0, noise_);
  cv::add(picture, noise, picture, cv::noArray(), CV_8U);
}

}  // namespace manyfold::data
