#include "data/augment/crops.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "data/augment/photometric.h"

namespace manyfold::data {
namespace {

constexpr int kTries = 10;
constexpr double kLongest = 4.0 / 3;  // width against height, or height against width

/// What sets one kind of view apart from the others.
struct View {
  int64_t size;
  const std::vector<double>& scale;
  double blur;  // probabilities
  double solarise;
};

bool chance(Random& random, double probability) {
  return random.chance(static_cast<float>(probability));
}

/// The largest part within the ratio, about the centre.
cv::Rect centre_crop(cv::Size picture) {
  const int width = std::min<int>(picture.width, std::lround(picture.height * kLongest));
  const int height = std::min<int>(picture.height, std::lround(picture.width * kLongest));
  return {(picture.width - width) / 2, (picture.height - height) / 2, width, height};
}

cv::Mat resized(const cv::Mat& picture, int side) {
  const bool shrinks = picture.cols >= side && picture.rows >= side;
  cv::Mat out;
  cv::resize(picture, out, {side, side}, 0, 0, shrinks ? cv::INTER_AREA : cv::INTER_LINEAR);
  return out;
}

Photometry draw_colours(const CropOptions& o, double blur, Random& random) {
  const bool jittered = chance(random, o.jitter);
  PhotometricOptions colours;
  colours.brightness = jittered ? o.brightness : 0;
  colours.contrast = jittered ? o.contrast : 0;
  colours.saturation = jittered ? o.saturation : 0;
  colours.hue = jittered ? o.hue : 0;
  colours.grey = o.grey;
  colours.blur = blur;
  colours.blur_sigma = o.blur_sigma;
  colours.gamma = colours.noise = colours.jpeg = 0;
  return {colours, /*strength=*/1, random};
}

/// Every value from the middle up becomes its opposite.
void solarise(cv::Mat& picture) {
  cv::Mat table(1, 256, CV_8U);
  for (int i = 0; i < 256; ++i) table.at<uint8_t>(i) = static_cast<uint8_t>(i < 128 ? i : 255 - i);
  cv::LUT(picture, table, picture);
}

cv::Mat draw_view(const cv::Mat& picture, const View& view, const CropOptions& options,
                  Random& random) {
  const auto part = draw_crop(picture.size(), view.scale, random);
  cv::Mat drawn = resized(picture(part), static_cast<int>(view.size));
  if (chance(random, options.mirror)) {
    cv::Mat mirrored;
    cv::flip(drawn, mirrored, 1);
    drawn = mirrored;
  }
  draw_colours(options, view.blur, random).apply(drawn);
  if (chance(random, view.solarise)) solarise(drawn);
  return drawn;
}

void check_size(config::Fields& f, const char* key, int64_t size) {
  f.require(size % 32 == 0, key, "must be a multiple of 32");
}

void check_scale(config::Fields& f, const char* key, const std::vector<double>& scale) {
  f.require(scale.size() == 2 && scale[0] > 0 && scale[0] <= scale[1], key,
            "must be two shares of the picture's area, [from, to], both above 0");
}

}  // namespace

void CropOptions::fields(config::Fields& f) {
  using config::between;
  f.field("large_size", large_size, "Height and width of the two large views.", between(64, 8192));
  f.field("small_size", small_size, "Of the small ones.", between(64, 8192));
  f.field("small", small, "How many small views.", between(0, 64));
  f.field("large_scale", large_scale, "Share of the picture's area of a large view: [from, to].",
          between(0, 1));
  f.field("small_scale", small_scale, "Of a small one.", between(0, 1));
  f.field("mirror", mirror, "Probability of swapping left and right.", between(0, 1));
  f.field("jitter", jitter, "Probability of other light and colours, by the next four.",
          between(0, 1));
  f.field("brightness", brightness, "Factor within 1 -/+ this.", between(0, 1));
  f.field("contrast", contrast, "Factor about middle grey within 1 -/+ this.", between(0, 1));
  f.field("saturation", saturation, "Factor within 1 -/+ this.", between(0, 1));
  f.field("hue", hue, "Degrees either way.", between(0, 180));
  f.field("grey", grey, "Probability of a view without colour.", between(0, 1));
  f.field("blur_first", blur_first, "Probability of a Gaussian blur of the first large view.",
          between(0, 1));
  f.field("blur_second", blur_second, "Of the second.", between(0, 1));
  f.field("blur_small", blur_small, "Of a small one.", between(0, 1));
  f.field("blur_sigma", blur_sigma, "Its largest deviation, in pixels.", between(0.1, 20));
  f.field("solarise", solarise,
          "Probability that the second large view shows its light half as a negative.",
          between(0, 1));
  check_size(f, "large_size", large_size);
  check_size(f, "small_size", small_size);
  check_scale(f, "large_scale", large_scale);
  check_scale(f, "small_scale", small_scale);
}

cv::Rect draw_crop(cv::Size picture, const std::vector<double>& scale, Random& random) {
  const auto low = static_cast<float>(scale.at(0)), high = static_cast<float>(scale.at(1));
  const auto stretch = static_cast<float>(std::log(kLongest));
  for (int tried = 0; tried < kTries; ++tried) {
    const double area = picture.area() * static_cast<double>(random.uniform(low, high));
    const double ratio = std::exp(random.uniform(-stretch, stretch));
    const auto width = static_cast<int>(std::lround(std::sqrt(area * ratio)));
    const auto height = static_cast<int>(std::lround(std::sqrt(area / ratio)));
    if (width < 1 || height < 1 || width > picture.width || height > picture.height) continue;
    const auto x = static_cast<int>(random.below(picture.width - width + 1));
    const auto y = static_cast<int>(random.below(picture.height - height + 1));
    return {x, y, width, height};
  }
  return centre_crop(picture);
}

Sample multi_crop(const Sample& sample, const CropOptions& o, Random& random) {
  const auto& picture = sample.frames.at(0).picture;
  const View first{o.large_size, o.large_scale, o.blur_first, 0};
  const View second{o.large_size, o.large_scale, o.blur_second, o.solarise};
  const View small{o.small_size, o.small_scale, o.blur_small, 0};
  Sample views;
  views.origin = sample.origin;
  views.frames.push_back({draw_view(picture, first, o, random)});
  views.frames.push_back({draw_view(picture, second, o, random)});
  for (int64_t i = 0; i < o.small; ++i) {
    views.crops.push_back(draw_view(picture, small, o, random));
  }
  return views;
}

int64_t needed_detail(const CropOptions& o) {
  // A part of share s of a picture W x H has sqrt(s W H) pixels a side; W H = W^2 9/16 at 16 : 9.
  const auto side_for = [](int64_t size, double share) {
    return static_cast<double>(size) / std::sqrt(share * 9 / 16);
  };
  const double large = side_for(o.large_size, o.large_scale.at(0));
  const double small = o.small > 0 ? side_for(o.small_size, o.small_scale.at(0)) : 0;
  return static_cast<int64_t>(std::ceil(std::max(large, small)));
}

}  // namespace manyfold::data
