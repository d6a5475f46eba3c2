#include "data/augment/augment.h"

#include <algorithm>
#include <cmath>

#include "common/error.h"

namespace manyfold::data {

void GeometricOptions::fields(config::Fields& f) {
  using config::between;
  f.field("mirror", mirror, "Probability of swapping left and right.", between(0, 1));
  f.field("zoom_out", zoom_out, "Smallest factor of size.", between(0.05, 1));
  f.field("zoom_in", zoom_in, "Largest factor of size.", between(1, 20));
  f.field("stretch", stretch, "Width against height: factor within 1 -/+ this.", between(0, 0.9));
  f.field("shift", shift, "Share of the picture's sides, either way.", between(0, 1));
  f.field("rotate", rotate, "Degrees either way.", between(0, 180));
}

void AugmentOptions::fields(config::Fields& f) {
  f.field("enabled", enabled, "false: pictures are only fitted to the network's size.");
  f.field("views", views,
          "How many different views a sample has, one of which each step draws; 0: a new one in "
          "every step.",
          config::between(0, kMaxViews));
  f.section("geometric", geometric, "Where things stand in the picture.");
  f.section("photometric", photometric, "Light, colour and the camera's faults.");
}

void Strength::fields(config::Fields& f) {
  f.field("geometric", geometric, "Factor on zoom, stretch, shift and rotation.",
          config::between(0, 4));
  f.field("photometric", photometric,
          "Factor on the ranges of light and colour, and on the chances of grey, blur, noise and "
          "JPEG.",
          config::between(0, 4));
}

Geometry draw_geometry(const GeometricOptions& o, double strength, cv::Size picture,
                       cv::Size network, Fit how, Random& random) {
  const auto within = [&](double low, double high) {
    return random.uniform(static_cast<float>(low * strength), static_cast<float>(high * strength));
  };
  Geometry geometry = fit(picture, network, how);
  geometry.mirrored = random.chance(static_cast<float>(o.mirror));
  const double zoom = std::exp(within(std::log(o.zoom_out), std::log(o.zoom_in)));
  const double stretch = std::exp(within(std::log1p(-o.stretch), std::log1p(o.stretch)) / 2);
  const double degrees = within(-o.rotate, o.rotate);
  const double x = within(-o.shift, o.shift), y = within(-o.shift, o.shift);

  const double cx = network.width / 2.0, cy = network.height / 2.0;
  const Affine about_centre = rotation(degrees) * scale(zoom * stretch, zoom / stretch) *
                              scale(geometry.mirrored ? -1 : 1, 1);
  geometry.map = shift(cx + x * network.width, cy + y * network.height) * about_centre *
                 shift(-cx, -cy) * geometry.map;
  return geometry;
}

Sample augment(const Sample& sample, const AugmentOptions& options, const Strength& strength,
               cv::Size network, Fit how, const LabelSpecs& specs, Random& random, int64_t passed) {
  const auto size = sample.frames.at(0).picture.size();
  if (!options.enabled) return warp(sample, fit(size, network, how), specs);
  Sample changed =
      warp(sample, draw_geometry(options.geometric, strength.geometric, size, network, how, random),
           specs);
  const Photometry photometry(options.photometric, strength.photometric, random);
  auto number = static_cast<uint64_t>(passed);
  for (auto& frame : changed.frames) photometry.apply(frame.picture, number++);
  return changed;
}

int64_t needed_detail(cv::Size network, Fit how) {
  return how == Fit::stretch ? 0 : std::max(network.width, network.height);
}

int64_t needed_detail(const AugmentOptions& options, const Strength& strength, cv::Size network,
                      Fit how) {
  const auto plain = needed_detail(network, how);
  if (!options.enabled) return plain;
  const double zoom = options.geometric.zoom_in * (1 + options.geometric.stretch);
  return std::lround(static_cast<double>(plain) * std::pow(zoom, strength.geometric));
}

void check_mirroring(const AugmentOptions& options, const LabelSpecs& specs) {
  if (!options.enabled || options.geometric.mirror == 0) return;
  for (const auto& [task, spec] : specs) {
    if (spec.landmarks > 0 && spec.mirrored_landmark.empty()) {
      throw ConfigError(
          "data.augment.geometric.mirror = " + std::to_string(options.geometric.mirror) +
          ", and task " + task + " does not say which of its " + std::to_string(spec.landmarks) +
          " key points become which in a mirrored picture; set it to 0");
    }
  }
}

}  // namespace manyfold::data
