#pragma once

#include "data/synthetic/face_paint.h"
#include "data/synthetic/grid.h"

namespace manyfold::data::synthetic {

enum class Glasses { none, clear, dark };
enum class Hat { none, beanie, cap, brim, hood };

/// What grows and sits on a head.
struct HeadLook {
  FaceLook face;
  float hair_volume = 0.15f;  // thickness; below 0.02 is bald
  float hairline = -0.95f;    // its height at the forehead
  float hair_length = 0.6f;   // the lowest height of hair at the back; above 1 falls on shoulders
  float hair_sides = 0.1f;    // the lowest height of hair at the ears
  float hair_gaps = 0;        // curls: holes at the rim
  float hair_waves = 0.05f;   // unevenness of its surface
  bool hair_down_front = false;  // long hair falls before the shoulders
  Glasses glasses = Glasses::none;
  float glasses_size = 1, glasses_round = 0.6f, glasses_thickness = 0.03f;
  Hat hat = Hat::none;
  float hat_line = -0.8f;
  bool mask = false;
  float mask_top = 0.3f;
  Colour glasses_colour{20, 20, 20}, hat_colour{60, 60, 80}, mask_colour{200, 215, 225};
  uint64_t seed = 0;  // of textures
};

/// Draws skin, ears, hair and what is worn. `pixels` is how many samples of the canvas an eye
/// distance takes.
void draw_head(Canvas& canvas, const Head& head, const HeadLook& look, const Placement& placement,
               float pixels);
/// The highest point of hair or hat, the lowest and the widest: corners of a box around the head.
std::vector<Vec3> head_corners(const Head& head, const HeadLook& look);

}  // namespace manyfold::data::synthetic
