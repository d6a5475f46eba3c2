#include "data/augment/warp.h"

#include <cmath>
#include <limits>
#include <opencv2/imgproc.hpp>

namespace manyfold::data {
namespace {

constexpr float kLeastShare = 0.5f;  // of a box that must remain in the picture
constexpr float kLeastSide = 2;      // pixels of the network's picture

/// OpenCV counts pixel centres at whole numbers.
cv::Matx23d on_pixel_centres(const Affine& map) {
  return (shift(-0.5, -0.5) * map * shift(0.5, 0.5)).get_minor<2, 3>(0, 0);
}

cv::Mat warp_mask(const cv::Mat& mask, const Affine& map, cv::Size size) {
  cv::Mat warped;
  cv::warpAffine(mask, warped, on_pixel_centres(map), size, cv::INTER_NEAREST, cv::BORDER_CONSTANT,
                 cv::Scalar::all(Mask::kIgnore));
  return warped;
}

float visible_share(const cv::Rect2f& box, const cv::Rect2f& inside) {
  return box.area() > 0 ? inside.area() / box.area() : 0;
}

void mirror(Object& object, const LabelSpec& spec) {
  if (!spec.mirrored_class.empty()) object.class_index = spec.mirrored_class[object.class_index];
  if (object.landmarks.empty() || spec.mirrored_landmark.empty()) return;
  const auto landmarks = object.landmarks;
  const auto visible = object.visible;
  for (size_t k = 0; k < landmarks.size(); ++k) {
    object.landmarks[k] = landmarks[spec.mirrored_landmark[k]];
    object.visible[k] = visible[spec.mirrored_landmark[k]];
  }
}

void move_landmarks(Object& object, const Affine& map, const cv::Rect2f& picture) {
  for (size_t k = 0; k < object.landmarks.size(); ++k) {
    if (object.visible[k]) {
      object.landmarks[k] = apply(map, object.landmarks[k]);
      object.visible[k] = picture.contains(object.landmarks[k]);
    }
    if (!object.visible[k]) object.landmarks[k] = {0, 0};
  }
}

std::vector<Object> warp_objects(const std::vector<Object>& objects, const Geometry& geometry,
                                 const LabelSpec& spec) {
  const cv::Rect2f picture(0, 0, geometry.size.width, geometry.size.height);
  std::vector<Object> warped;
  for (Object object : objects) {
    const auto box = apply(geometry.map, object.box);
    object.box = box & picture;
    if (object.box.empty()) continue;
    if (visible_share(box, object.box) < kLeastShare ||
        std::min(object.box.width, object.box.height) < kLeastSide) {
      object.ignore = true;
    }
    move_landmarks(object, geometry.map, picture);
    if (geometry.mirrored) mirror(object, spec);
    warped.push_back(std::move(object));
  }
  return warped;
}

/// Class c of the mirrored picture was class mirrored_class[c].
void mirror_classes(cv::Mat& mask, const LabelSpec& spec) {
  cv::Mat table(1, 256, CV_8U);
  for (int i = 0; i < 256; ++i) table.at<uint8_t>(i) = i;
  for (size_t c = 0; c < spec.mirrored_class.size(); ++c) {
    table.at<uint8_t>(spec.mirrored_class[c]) = c;
  }
  cv::LUT(mask, table, mask);
}

/// Which classes were looked for.
void mirror_classes(std::vector<uint8_t>& labelled, const LabelSpec& spec) {
  if (labelled.empty() || spec.mirrored_class.empty()) return;
  const auto before = labelled;
  for (size_t c = 0; c < before.size(); ++c)
    labelled[static_cast<size_t>(spec.mirrored_class[c])] = before[c];
}

struct Warp {
  const Geometry& geometry;
  const LabelSpec& spec;

  Label operator()(const Mask& mask) const {
    Mask warped{warp_mask(mask.classes, geometry.map, geometry.size)};
    if (geometry.mirrored && !spec.mirrored_class.empty()) mirror_classes(warped.classes, spec);
    return warped;
  }
  Label operator()(ClassIndex label) const {
    if (geometry.mirrored && !spec.mirrored_class.empty() && label.index >= 0) {
      label.index = spec.mirrored_class[label.index];
    }
    return label;
  }
  Label operator()(const Objects& objects) const {
    Objects warped{warp_objects(objects.list, geometry, spec), objects.labelled};
    if (geometry.mirrored) mirror_classes(warped.labelled, spec);
    return warped;
  }
};

/// A mask grown to `size` with outlines that are not stairs: the class whose share, interpolated
/// linearly, is the largest.
cv::Mat grow_mask(const cv::Mat& mask, const Affine& map, cv::Size size) {
  double largest = 0;
  cv::minMaxLoc(mask, nullptr, &largest);
  cv::Mat grown = cv::Mat::zeros(size, CV_8UC1), most = cv::Mat::zeros(size, CV_32FC1), share;
  for (int index = 0; index <= static_cast<int>(largest); ++index) {
    cv::Mat member;
    cv::Mat(mask == index).convertTo(member, CV_32F, 1.0 / 255);
    cv::warpAffine(member, share, on_pixel_centres(map), size, cv::INTER_LINEAR,
                   cv::BORDER_REPLICATE);
    grown.setTo(index, share > most);
    cv::max(share, most, most);
  }
  return grown;
}

struct Unwarp {
  Affine map;
  cv::Size picture;

  Label operator()(const Mask& mask) const { return Mask{grow_mask(mask.classes, map, picture)}; }
  Label operator()(const ClassIndex& label) const { return label; }
  Label operator()(Objects objects) const {
    for (auto& object : objects.list) {
      object.box = apply(map, object.box);
      for (auto& point : object.landmarks) point = apply(map, point);
    }
    return objects;
  }
};

}  // namespace

cv::Mat warp_picture(const cv::Mat& picture, const Geometry& geometry) {
  Affine map = geometry.map;
  cv::Mat source = picture;
  const double zoom = std::sqrt(std::abs(map(0, 0) * map(1, 1) - map(0, 1) * map(1, 0)));
  const int times = static_cast<int>(1 / zoom + 1e-6);
  if (times >= 2) {
    const cv::Size size(std::max(1, picture.cols / times), std::max(1, picture.rows / times));
    cv::resize(picture, source, size, 0, 0, cv::INTER_AREA);
    map = map * scale(double(picture.cols) / size.width, double(picture.rows) / size.height);
  }
  cv::Mat warped;
  cv::warpAffine(source, warped, on_pixel_centres(map), geometry.size, cv::INTER_LINEAR,
                 cv::BORDER_CONSTANT, cv::Scalar::all(kPadding));
  return warped;
}

Motion warp_motion(const Motion& motion, const Geometry& geometry) {
  if (motion.empty()) return {};
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  Motion warped;
  cv::warpAffine(motion.displacement, warped.displacement, on_pixel_centres(geometry.map),
                 geometry.size, cv::INTER_NEAREST, cv::BORDER_CONSTANT, cv::Scalar(nan, nan));
  cv::transform(warped.displacement, warped.displacement, geometry.map.get_minor<2, 2>(0, 0));
  forget_what_was_outside(warped);
  return warped;
}

Label warp_label(const Label& label, const Geometry& geometry, const LabelSpec& spec) {
  return std::visit(Warp{geometry, spec}, label);
}

Label unwarp_label(const Label& label, const Geometry& geometry, cv::Size picture) {
  return std::visit(Unwarp{geometry.map.inv(), picture}, label);
}

Sample warp(const Sample& sample, const Geometry& geometry, const LabelSpecs& specs) {
  Sample warped;
  warped.origin = sample.origin;
  for (const auto& frame : sample.frames) {
    auto& to = warped.frames.emplace_back();
    to.picture = warp_picture(frame.picture, geometry);
    to.motion = warp_motion(frame.motion, geometry);
    for (const auto& [task, label] : frame.labels) {
      const auto spec = specs.find(task);
      if (spec == specs.end()) continue;
      to.labels.emplace(task, warp_label(label, geometry, spec->second));
    }
  }
  return warped;
}

}  // namespace manyfold::data
