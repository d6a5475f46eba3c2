#pragma once

#include <cstdint>

#include "data/synthetic/face_shape.h"
#include "data/synthetic/paint.h"

namespace manyfold::data::synthetic {

/// Colours and growth of a face.
struct FaceLook {
  Colour skin{200, 160, 135}, lips{170, 90, 85}, iris{90, 60, 40}, hair{40, 30, 25};
  float brows = 0.5f;     // 0 none, 1 thick
  float stubble = 0;      // 0 shaved, 1 dark
  float beard = 0;        // 0 none, 1 full
  float moustache = 0;    // 0 none, 1 full
  float make_up = 0;      // around the eyes
  float blush = 0.3f;     // red of cheeks and nose
  float blotches = 0.3f;  // uneven skin
  float age = 0.2f;       // depth of lines
  uint64_t seed = 0;      // of blotches and hairs
};

/// The paint of a head, CV_8UC4: texel (u, v) is the place (u / scale - 1.5, v / scale - 2) of the
/// flat view.
constexpr float kPaintLeft = -1.5f, kPaintTop = -2, kPaintWidth = 3, kPaintHeight = 4.4f;
cv::Mat paint_face(const Head& head, const FaceLook& look, float scale);

}  // namespace manyfold::data::synthetic
