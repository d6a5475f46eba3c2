#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <vector>

#include "common/config/fields.h"
#include "common/random.h"
#include "data/sample.h"

namespace manyfold::data {

/// How views of one picture are cut out and changed for learning without labels (multi-crop:
/// Caron et al., "Unsupervised learning of visual features by contrasting cluster assignments",
/// arXiv:2006.09882). Colours, blur and solarisation as facebookresearch/dino, main_dino.py;
/// number, sizes and shares of area are for small encoders (there: eight small views, 224 and 96
/// pixels, [0.4, 1] and [0.05, 0.4]).
struct CropOptions {
  int64_t large_size = 128;  // height and width of the two large views
  int64_t small_size = 64;
  int64_t small = 4;                           // how many small views
  std::vector<double> large_scale = {0.3, 1};  // of the picture's area: from, to
  std::vector<double> small_scale = {0.05, 0.3};
  double mirror = 0.5;      // probability
  double jitter = 0.8;      // probability of the next four
  double brightness = 0.4;  // as PhotometricOptions
  double contrast = 0.4;
  double saturation = 0.2;
  double hue = 36;           // degrees either way
  double grey = 0.2;         // probability
  double blur_first = 1;     // probability, of the first large view,
  double blur_second = 0.1;  // the second,
  double blur_small = 0.5;   // and a small one
  double blur_sigma = 2;     // pixels, at most
  double solarise = 0.2;     // probability, of the second large view alone
  void fields(config::Fields& f);
};

/// A random part of a picture: its share of the area is uniform in `scale`, its width against its
/// height log-uniform from 3/4 to 4/3. After ten draws that do not fit into the picture, the
/// largest part about its centre whose sides are within that ratio. As torchvision's
/// RandomResizedCrop.
cv::Rect draw_crop(cv::Size picture, const std::vector<double>& scale, Random& random);

/// Two large views of the sample's first frame as `frames`, the small ones as `crops`: cut out,
/// brought to their size, mirrored and changed in colour, each by itself, from `random` alone. No
/// labels.
Sample multi_crop(const Sample& sample, const CropOptions& options, Random& random);

/// The longer side that a decoded picture must have so that a view of the smallest share shows no
/// fewer pixels than it has, if the picture's sides are as 16 to 9 or nearer.
int64_t needed_detail(const CropOptions& options);

}  // namespace manyfold::data
