#include "models/heads.h"

#include "models/heads/class_head.h"
#include "models/heads/detector_head.h"
#include "models/heads/segmentation_head.h"

namespace manyfold::models {
namespace {

/// The width that the options chose, unless the caller gives one.
template <class Impl, class Options>
std::shared_ptr<Head> make(Options options, int64_t width) {
  if (width > 0) options.width(width);
  return std::make_shared<Impl>(options);
}

}  // namespace

const std::map<std::string, HeadFactory>& heads() {
  using Features = std::vector<FeatureInfo>;
  static const std::map<std::string, HeadFactory> table = {
      {"classification",
       [](const Features& f, const HeadOptions& o) {
         return make<ClassHeadImpl>(ClassHeadOptions(f, o.classes), o.width);
       }},
      {"detector",
       [](const Features& f, const HeadOptions& o) {
         return make<DetectorHeadImpl>(
             DetectorHeadOptions(f, o.landmarks, o.anchors).classes(o.classes).strides(o.strides),
             o.width);
       }},
      {"segmentation",
       [](const Features& f, const HeadOptions& o) {
         return make<SegmentationHeadImpl>(SegmentationHeadOptions(f, o.classes), o.width);
       }},
  };
  return table;
}

}  // namespace manyfold::models
