#include "data/synthetic/looks.h"

#include <algorithm>

#include "data/synthetic/course.h"

namespace manyfold::data::synthetic {
namespace {

float near(float middle, float deviation, Random& random) {
  return middle + deviation * std::clamp(random.normal(), -2.2f, 2.2f);
}

FaceShape choose_shape(Random& r) {
  FaceShape s;
  s.width = near(1, 0.05f, r), s.chin = near(1, 0.05f, r), s.skull = near(1, 0.04f, r);
  s.jaw_square = near(0, 0.5f, r);
  s.eye_gap = near(1, 0.035f, r), s.eye_size = near(1, 0.09f, r), s.eye_slant = near(0, 0.6f, r);
  s.brow_lift = near(0, 0.035f, r), s.brow_arch = near(1, 0.4f, r);
  s.nose_length = near(1, 0.07f, r), s.nose_width = near(1, 0.13f, r),
  s.nose_height = near(1, 0.15f, r);
  s.mouth_width = near(1, 0.09f, r), s.mouth_drop = near(0, 0.03f, r), s.lips = near(1, 0.25f, r);
  return s;
}

FaceLook choose_face(Random& r, bool long_hair) {
  FaceLook f;
  f.skin = skin_colour(r);
  f.lips =
      mix(scaled(f.skin, r.uniform(0.6f, 0.95f)),
          from_hsv(r.uniform(-0.05f, 0.03f) + 1, r.uniform(0.4f, 0.8f), r.uniform(0.4f, 0.85f)),
          r.uniform(0.2f, 0.6f));
  f.iris = from_hsv(r.chance(0.65f) ? r.uniform(0.03f, 0.09f) : r.uniform(0.2f, 0.6f),
                    r.uniform(0.2f, 0.6f), r.uniform(0.1f, 0.6f));
  f.hair = hair_colour(r);
  f.brows = r.uniform(0.15f, 1);
  f.make_up = r.chance(0.3f) ? r.uniform(0, 1) : 0;
  f.blush = r.uniform(0, 1), f.blotches = r.uniform(0, 0.8f),
  f.age = r.uniform(0, 1) * r.uniform(0, 1);
  if (!long_hair || r.chance(0.1f)) {
    f.stubble = r.chance(0.5f) ? r.uniform(0, 1) : 0;
    f.beard = r.chance(0.3f) ? r.uniform(0.2f, 1) : 0;
    f.moustache = r.chance(0.25f) ? r.uniform(0.2f, 1) : f.beard * r.uniform(0.6f, 1);
  }
  f.seed = seed_from(r);
  return f;
}

void choose_hair(HeadLook& h, bool long_hair, Random& r) {
  h.hair_volume = r.chance(0.1f) ? 0 : r.uniform(0.05f, 0.28f);
  if (r.chance(0.08f)) h.hair_volume = r.uniform(0.3f, 0.7f);
  h.hairline = r.chance(0.25f) ? r.uniform(-0.75f, -0.4f) : r.uniform(-1.3f, -0.8f);
  h.hair_sides = r.uniform(-0.5f, 0.45f);
  h.hair_length = long_hair ? r.uniform(1.2f, 4.5f) : r.uniform(0.3f, 0.9f);
  h.hair_down_front = r.chance(0.6f);
  h.hair_gaps = r.chance(0.3f) ? r.uniform(0.1f, 0.4f) : 0;
  h.hair_waves = r.uniform(0, 0.4f);
}

void choose_worn(HeadLook& h, const SceneOptions& o, Random& r) {
  if (r.chance(float(o.glasses_share)))
    h.glasses = r.chance(0.75f) ? Glasses::clear : Glasses::dark;
  h.glasses_size = r.uniform(0.85f, 1.2f), h.glasses_round = r.uniform(0, 1);
  h.glasses_thickness = r.uniform(0.015f, 0.045f);
  h.glasses_colour = r.chance(0.6f) ? scaled({60, 50, 45}, r.uniform(0.1f, 1)) : any_colour(r);
  if (r.chance(float(o.hat_share))) h.hat = Hat(1 + r.below(4));
  h.hat_line = r.uniform(-1.0f, -0.5f);
  h.hat_colour = any_colour(r);
  h.mask = r.chance(float(o.mask_share));
  h.mask_top = r.uniform(0.1f, 0.45f);
  const Colour kMasks[] = {{235, 238, 240}, {150, 195, 220}, {120, 180, 175}, {25, 25, 28}};
  h.mask_colour = r.chance(0.8f) ? kMasks[r.below(4)] : any_colour(r);
  h.seed = seed_from(r);
}

}  // namespace

BodyLook choose_body_look(const Colour& skin, Random& r) {
  BodyLook b;
  b.skin = skin;
  b.top = any_colour(r), b.bottom = any_colour(r), b.shoes = any_colour(r), b.under = any_colour(r);
  b.build = near(1, 0.11f, r), b.shoulders = near(0.98f, 0.06f, r), b.neck = near(1, 0.08f, r);
  b.long_sleeves = r.chance(0.6f), b.collar = r.chance(0.4f);
  b.top_end = r.uniform(9.8f, 12.6f), b.leg_length = near(1, 0.05f, r);
  b.legs = r.chance(0.6f) ? Legs::trousers : r.chance(0.5f) ? Legs::skirt : Legs::shorts;
  b.skirt_end = r.uniform(14.5f, 23);
  b.hand_size = near(2.9f, 0.14f, r);
  b.hands.skin = scaled(skin, r.uniform(0.9f, 1.08f));
  b.hands.nails = r.chance(0.15f) ? any_colour(r) : mix(skin, {230, 180, 170}, 0.5f);
  b.seed = seed_from(r);
  return b;
}

void choose_looks(PersonDescription& p, const SceneOptions& options, Random& r) {
  const bool long_hair = r.chance(0.45f);
  p.shape = choose_shape(r);
  p.head_look.face = choose_face(r, long_hair);
  choose_hair(p.head_look, long_hair, r);
  choose_worn(p.head_look, options, r);
  p.body_look = choose_body_look(p.head_look.face.skin, r);
}

Expression choose_expression(Random& r) {
  Expression e;
  e.mouth_open = r.chance(0.45f) ? r.uniform(0, 1) * r.uniform(0, 1) : 0;
  e.smile = near(0.2f, 0.45f, r);
  e.eyes_open = r.chance(0.06f) ? 0 : r.uniform(0.5f, 1.25f);
  e.brow_raise = near(0, 0.5f, r);
  e.gaze = {r.uniform(-1, 1), r.uniform(-1, 1)};
  return e;
}

Light choose_light(float harshness, Random& r) {
  Light light;
  const float azimuth = radians(r.uniform(-100, 100)), height = radians(r.uniform(-10, 70));
  light.towards = {std::sin(azimuth) * std::cos(height), -std::sin(height),
                   std::cos(azimuth) * std::cos(height)};
  const float hard = r.uniform(0.1f, 0.35f + 0.5f * harshness), bright = r.uniform(0.85f, 1.2f);
  const auto tint = [&](float amount) {
    const float warm = amount * harshness * r.uniform(-1, 1);
    return cv::Vec3f(1 + warm, 1, 1 - warm);
  };
  const float soft = std::max(0.2f, 1.05f - hard);
  light.lamp = tint(0.12f) * (hard * bright * 1.25f);
  light.from_above = tint(0.08f) * (soft * bright);
  light.from_below = tint(0.08f) * (soft * bright * r.uniform(0.5f, 0.95f));
  return light;
}

Lens choose_lens(cv::Size size, float harshness, Random& r) {
  Lens lens;
  const float pixel = 0.5f * (size.width + size.height) / 160;
  lens.defocus =
      pixel * (r.chance(0.3f) ? harshness * r.uniform(0.5f, 1.6f) : harshness * r.uniform(0, 0.6f));
  if (r.chance(0.12f * harshness))
    lens.motion = pixel * r.uniform(2, 6), lens.motion_degrees = r.uniform(0, 180);
  if (r.chance(0.25f * harshness)) lens.shrink = r.uniform(0.4f, 0.95f);
  const float exposure = 1 + harshness * near(0, 0.13f, r), warm = harshness * near(0, 0.07f, r),
              green = harshness * near(0, 0.025f, r);
  lens.gain = {exposure * (1 + warm), exposure * (1 + green), exposure * (1 - warm)};
  lens.gamma = std::exp(harshness * near(0, 0.22f, r));
  lens.contrast = std::exp(harshness * near(0, 0.13f, r));
  lens.saturation = std::clamp(1 + harshness * near(0, 0.25f, r), 0.f, 1.8f);
  if (r.chance(0.06f * harshness)) lens.saturation = 0;
  lens.haze = r.chance(0.2f * harshness) ? r.uniform(0, 0.25f) : 0;
  lens.vignette = r.chance(0.35f) ? harshness * r.uniform(0.1f, 0.4f) : 0;
  lens.noise = harshness * (r.chance(0.5f) ? r.uniform(0, 4) : r.uniform(2, 9));
  if (r.chance(0.4f * harshness)) lens.block_quality = 20 + static_cast<int>(r.below(65));
  lens.seed = seed_from(r);
  return lens;
}

}  // namespace manyfold::data::synthetic
