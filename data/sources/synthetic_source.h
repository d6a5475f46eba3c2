#pragma once

#include <string>
#include <utility>
#include <vector>

#include "data/sources/source_options.h"
#include "data/synthetic/clip.h"

namespace manyfold::data {

/// Scenes drawn by the program (data/synthetic), or clips of them, an endless set by number. What
/// one is labelled with, each frame of a clip by itself:
///
/// - mask: 0 = background, 255 = person, for `values`; every scene.
/// - boxes: the categories face (with 68 key points), head, body, and hand_none, hand_fist, ... for
///   hands by what they show. Faces of which less than 30 % of the key points show, and hands of
///   which less than half shows, are ignore objects; hands almost out of sight and objects whose
///   box lies wholly outside of the picture are left out.
/// - gesture: what the clearest hand shows, "none" without one; a scene where it cannot be told is
///   not labelled. Hands between two gestures are ignore objects.
class SyntheticSource : public Source {
 public:
  using LabelList = std::vector<std::pair<std::string, LabelOptions>>;

  SyntheticSource(const std::string& name, const SyntheticOptions& options, const LabelList& labels,
                  const LabelSpecs& specs);

  int64_t size() const override { return options_.size; }
  bool clips() const override { return options_.length > 1; }
  int64_t length(int64_t) const override { return options_.length; }
  Sample get(int64_t index, int64_t detail = 0) const override;
  Sample part(int64_t index, const FrameRange& range, int64_t detail = 0) const override;
  std::string sample_name(int64_t index) const override;

 private:
  synthetic::ClipDescription describe(int64_t index) const;
  Frame labelled(const synthetic::Scene& scene) const;

  SyntheticOptions options_;
  std::vector<LabelRule> rules_;
};

/// Everything that a scene can be labelled with, as tasks: segmentation, faces, heads, bodies,
/// hands, gesture. With `scene_labels`, a source that says all of it, to be written to files.
LabelSpecs scene_specs();
SyntheticSource::LabelList scene_labels();

}  // namespace manyfold::data
