#pragma once

#include "data/sources/source_options.h"
#include "tests/data/fixture.h"

namespace manyfold::data {

inline const LabelSpecs kGestures = {{"gesture", class_spec({"none", "fist", "palm"})}};

/// Six clips of what the program draws, or stills (a length of 1), labelled with gestures.
inline SourceOptions drawn_source(int64_t length) {
  SourceOptions options;
  options.type = "synthetic";
  options.synthetic.size = 6;
  options.synthetic.length = length;
  options.synthetic.scenes.picture_size = {64, 64};
  LabelOptions label;
  label.from = "gesture";
  label.classes = {};
  for (const auto* name : {"fist"}) label.categories.push_back(name);
  options.labels = {{"gesture", label}};
  return options;
}

/// Labels of a source that has masks of people.
inline decltype(SourceOptions::labels) masks() {
  LabelOptions mask;
  mask.from = "mask";
  return {{"person", mask}};
}

}  // namespace manyfold::data
