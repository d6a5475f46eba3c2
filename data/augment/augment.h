#pragma once

#include <opencv2/core.hpp>

#include "common/config/fields.h"
#include "common/random.h"
#include "data/augment/affine.h"
#include "data/augment/photometric.h"
#include "data/augment/warp.h"

namespace manyfold::data {

/// How far a picture may be moved, on top of fitting it to the network's size.
struct GeometricOptions {
  double mirror = 0.5;    // probability
  double zoom_out = 0.8;  // factors about the centre
  double zoom_in = 1.3;
  double stretch = 0.1;  // width against height: a factor within 1 -/+ this
  double shift = 0.1;    // of the network's width and height, either way
  double rotate = 10;    // degrees, either way
  void fields(config::Fields& f);
};

/// The most fixed views of a sample.
constexpr int64_t kMaxViews = 1 << 16;

struct AugmentOptions {
  bool enabled = true;
  /// 0: every step shows another view of a sample. n: one of n that the sample always has, so that
  /// what a teacher answers to them may be kept, and it sees what the student sees (Beyer et al.,
  /// "Knowledge distillation: a good teacher is patient and consistent", arXiv:2106.05237).
  int64_t views = 0;
  GeometricOptions geometric;
  PhotometricOptions photometric;
  void fields(config::Fields& f);
};

/// How strongly the pictures of a source are changed, beside the others.
struct Strength {
  double geometric = 1;
  double photometric = 1;
  void fields(config::Fields& f);
};

/// A random map from a picture of size `picture` to the network's size: fit(), then mirrored,
/// zoomed, turned and shifted about the centre. `strength` brings zoom, stretch, shift and rotation
/// nearer to (below 1) or farther from nothing; the chance of mirroring stays.
Geometry draw_geometry(const GeometricOptions& options, double strength, cv::Size picture,
                       cv::Size network, Fit how, Random& random);

/// Geometry, then colours, drawn from `random` alone: the same for every frame of a clip, but for
/// the camera's noise. `passed`: frames of the clip before the sample's.
Sample augment(const Sample& sample, const AugmentOptions& options, const Strength& strength,
               cv::Size network, Fit how, const LabelSpecs& specs, Random& random,
               int64_t passed = 0);

/// The longer side a decoded picture must have so that a plain fit shows no fewer pixels than there
/// are. 0, all of it, for Fit::stretch: there the longer side says nothing of the shorter one.
int64_t needed_detail(cv::Size network, Fit how);
/// The same for every draw.
int64_t needed_detail(const AugmentOptions& options, const Strength& strength, cv::Size network,
                      Fit how);

/// Throws ConfigError when pictures may be mirrored and a task has key points but does not say
/// which become which.
void check_mirroring(const AugmentOptions& options, const LabelSpecs& specs);

}  // namespace manyfold::data
