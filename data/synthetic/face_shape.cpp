#include "data/synthetic/face_shape.h"

#include <algorithm>
#include <cmath>

namespace manyfold::data::synthetic {
namespace {

/// A smooth curve through nine values at 0, 1/8 .. 1.
float curve(const std::array<float, 9>& values, float t) {
  const float x = clamp01(t) * 8;
  const int i = std::min(7, static_cast<int>(x));
  const float f = x - i;
  const float p0 = values[std::max(0, i - 1)], p1 = values[i], p2 = values[i + 1],
              p3 = values[std::min(8, i + 2)];
  return p1 +
         0.5f * f * (p2 - p0 + f * (2 * p0 - 5 * p1 + 4 * p2 - p3 + f * (3 * (p1 - p2) + p3 - p0)));
}

// Proportions of a head from the eyes (0) to the chin (1).
constexpr std::array<float, 9> kJaw = {1, .985f, .955f, .92f, .87f, .80f, .69f, .48f, 0};
constexpr std::array<float, 9> kSide = {0, .03f, .07f, .13f, .22f, .36f, .62f, .95f, 1.25f};
constexpr std::array<float, 9> kFront = {1.32f, 1.33f, 1.38f, 1.42f, 1.44f,
                                         1.43f, 1.38f, 1.40f, 1.26f};
constexpr std::array<float, 9> kBack = {-1.75f, -1.7f, -1.5f, -1.1f, -.65f, -.25f, .1f, .6f, 1.2f};
constexpr std::array<float, 9> kJawPoints = {.01f, .17f, .335f, .49f, .645f, .785f, .885f, .96f, 1};

/// A round hill of height 1 at the origin, 0 from distance 1 on.
float hill(float x, float y) {
  const float d = 1 - x * x - y * y;
  return d > 0 ? d * d : 0;
}

}  // namespace

Head::Head(const FaceShape& shape, const Expression& e) : shape_(shape), expression_(e) {
  top_ = -1.78f * shape.skull;
  const float drop = 0.42f * e.mouth_open;
  chin_ = 1.8f * shape.chin + drop;
  const auto mirror = [&](int left, int right, float x, float y) {
    flat_[left] = {-x, y};
    flat_[right] = {x, y};
  };
  for (int k = 0; k < 9; ++k) {
    const float y = kJawPoints[k] * chin_;
    mirror(k, 16 - k, k == 8 ? 0 : row(y).half_width, y);
  }

  const float brow = shape.brow_lift - 0.1f * e.brow_raise, arch = 0.1f * shape.brow_arch;
  const float frown = e.brow_raise < 0 ? 0.08f * e.brow_raise : 0;  // pulls the inner ends
  const float gap = 0.5f * shape.eye_gap;
  mirror(17, 26, gap + 0.41f, -0.25f + brow);
  mirror(18, 25, gap + 0.27f, -0.26f + brow - 0.8f * arch);
  mirror(19, 24, gap + 0.10f, -0.27f + brow - arch);
  mirror(20, 23, gap - 0.06f, -0.28f + brow - 0.7f * arch);
  mirror(21, 22, gap - 0.22f + frown, -0.30f + brow - frown);

  const float tip = 0.57f * shape.nose_length, base = tip + 0.15f, wing = 0.19f * shape.nose_width;
  for (int k = 0; k < 4; ++k) flat_[27 + k] = {0, 0.01f + (tip - 0.01f) * k / 3};
  flat_[33] = {0, base};
  mirror(32, 34, 0.55f * wing, base - 0.02f);
  mirror(31, 35, wing, base - 0.05f);

  const float wide = 0.19f * shape.eye_size, lid = 0.085f * shape.eye_size * e.eyes_open;
  const float low = 0.045f * shape.eye_size * (0.4f + 0.6f * std::min(1.f, e.eyes_open));
  const float slant = 0.04f * shape.eye_slant;
  mirror(36, 45, gap + wide, -slant);
  mirror(37, 44, gap + 0.36f * wide,
         low - 0.5f * slant - low - lid + (e.eyes_open < 0.15f ? low : 0));
  mirror(38, 43, gap - 0.36f * wide, 0.4f * slant - lid + (e.eyes_open < 0.15f ? low : 0));
  mirror(39, 42, gap - wide, 0.01f + slant);
  mirror(40, 47, gap - 0.36f * wide, low + 0.4f * slant);
  mirror(41, 46, gap + 0.36f * wide, low - 0.5f * slant);

  // Lips: the middle line, and how far each lip reaches up or down from it.
  const float line = base + 0.31f + shape.mouth_drop, open = 0.5f * e.mouth_open;
  const float corner = 0.39f * shape.mouth_width * (1 + 0.2f * e.smile - 0.18f * e.mouth_open);
  const float lift = 0.1f * e.smile, corner_y = line + 0.35f * open - lift + 0.02f;
  const float upper = 0.1f * shape.lips * (1 - 0.25f * std::max(0.f, e.smile));
  const float lower = 0.13f * shape.lips * (1 - 0.15f * std::max(0.f, e.smile));
  const float above = line - 0.05f * open, below = line + 0.95f * open;
  const float sag = 0.25f * lift;
  mirror(48, 54, corner, corner_y);
  mirror(49, 53, 0.66f * corner, above - 0.65f * upper - 0.35f * lift);
  mirror(50, 52, 0.25f * corner, above - upper);
  flat_[51] = {0, above - 0.85f * upper};
  mirror(59, 55, 0.66f * corner, mix(below, corner_y, 0.35f) + 0.75f * lower - sag);
  mirror(58, 56, 0.32f * corner, below + lower);
  flat_[57] = {0, below + 1.06f * lower};
  mirror(60, 64, 0.92f * corner, corner_y);
  mirror(61, 63, 0.3f * corner, above - 0.1f * sag);
  flat_[62] = {0, above + 0.01f};
  mirror(67, 65, 0.3f * corner, below + 0.005f);
  flat_[66] = {0, below + 0.015f};
}

Head::Row Head::row(float y) const {
  Row r{y, 0, 0, 0, 0};
  const float wide = 1.14f * shape_.width;
  if (y < 0) {
    const float up = std::min(1.f, y / top_), up2 = up * up;
    const float round = std::sqrt(std::max(0.f, 1 - up2 * std::sqrt(up)));
    r.half_width = wide * round * (1 + 0.1f * up * (1 - up2));
    r.side = -0.15f * smoothstep(0, 0.5f, up);
    r.front = r.side + (1.32f - r.side + 0.3f * up * (1 - up)) * std::sqrt(1 - up2 * up);
    r.back = r.side - (1.75f + r.side) * round;
  } else {
    const float down = std::min(1.f, y / chin_);
    const float square = 4 * down * down * (1 - down);
    r.half_width = wide * curve(kJaw, down) * (1 + 0.12f * shape_.jaw_square * square);
    r.side = curve(kSide, down);
    r.front = curve(kFront, down);
    r.back = curve(kBack, down);
  }
  return r;
}

Head::SinCos Head::sin_cos(float degrees) {
  const float s = std::sin(radians(degrees)), c = std::cos(radians(degrees));
  return {s, c, std::sqrt(std::max(0.f, 1 - std::pow(std::abs(s), 2.3f)))};
}

Vec3 Head::skin_at(const Row& row, const SinCos& around) const {
  const float x = row.half_width * around.sin;
  if (around.cos < 0) return {x, row.y, row.side + (row.side - row.back) * around.cos};
  return {x, row.y,
          row.side + (row.front - row.side) * around.arch +
              relief(x, row.y) * smoothstep(0, 0.4f, around.arch)};
}

float Head::relief(float x, float y) const {
  const float side = std::abs(x), gap = 0.5f * shape_.eye_gap;
  const float base = flat_[33].y, tip = flat_[30].y;
  float z = 0;
  z -= 0.20f * hill((side - gap) / 0.38f, y / 0.26f);                   // eye sockets
  z += 0.09f * hill((side - gap) / 0.22f, y / 0.17f);                   // eyeballs
  z += 0.08f * hill((side - gap + 0.05f) / 0.5f, (y + 0.36f) / 0.22f);  // brows
  z += 0.10f * hill((side - 0.68f) / 0.42f, (y - 0.55f) / 0.5f);        // cheeks
  z += (0.07f + 0.06f * std::max(0.f, expression_.smile)) *
       hill((side - 0.5f) / 0.3f, (y - 0.62f) / 0.3f);
  z += 0.10f * hill(side / 0.35f, (y - chin_ + 0.22f) / 0.26f);  // chin
  const float mouth = 0.5f * (flat_[62].y + flat_[66].y);
  z += 0.10f * hill(side / 0.5f, (y - mouth) / 0.42f);                // teeth behind lips
  z += 0.05f * hill(side / 0.36f, (y - flat_[51].y - 0.03f) / 0.1f);  // lips
  z += 0.07f * hill(side / 0.3f, (y - flat_[57].y + 0.05f) / 0.1f);
  z -= 0.05f * hill(side / 0.3f, (y - flat_[57].y - 0.12f) / 0.12f);
  if (y > -0.3f && y < base + 0.06f) {
    // The ridge of the nose rises to the tip and ends below it.
    const float rise = mix(0.10f, 0.46f * shape_.nose_height, clamp01(y / tip));
    const float ridge =
        smoothstep(-0.3f, 0.05f, y) * (1 - smoothstep(tip + 0.02f, base + 0.06f, y));
    const float half = mix(0.15f, 0.25f * shape_.nose_width, smoothstep(0.1f, tip, y));
    z += rise * ridge * hill(side / half, 0);
    z += 0.20f * hill((side - 0.8f * flat_[35].x) / 0.13f, (y - base + 0.1f) / 0.16f);  // wings
  }
  return z;
}

Vec3 Head::on_skin(const cv::Point2f& flat) const {
  const Row r = row(flat.y);
  const float s = std::clamp(flat.x / std::max(r.half_width, 1e-3f), -1.f, 1.f);
  const float arch = std::sqrt(std::max(0.f, 1 - std::pow(std::abs(s), 2.3f)));
  return skin_at(r, {s, std::sqrt(std::max(0.f, 1 - s * s)), arch});
}

SeenPoints see_points(const Head& head, const Placement& placement, const Camera& camera) {
  SeenPoints seen;
  const auto normal = [&](const cv::Point2f& flat) {
    const auto at = [&](float dx, float dy) {
      return placement(head.on_skin({flat.x + dx, flat.y + dy}));
    };
    return unit((at(0.03f, 0) - at(-0.03f, 0)).cross(at(0, 0.03f) - at(0, -0.03f)));
  };
  const Vec3 across = placement.turn * Vec3(1, 0, 0);
  for (int k = 0; k < 68; ++k) {
    const cv::Point2f flat = head.flat()[k];
    Vec3 at = placement(head.on_skin(flat));
    bool towards = true;
    if (k < 17 && k != 8) {
      // Walk from the side of the head over the cheek, up to what stands out furthest.
      const float sign = k < 8 ? -1 : 1;
      if (sign * across.dot(unit(at)) > 0) {
        const auto row = head.row(flat.y);
        float best = -1e9f;
        for (float degrees = 90; degrees >= 26; degrees -= 4) {
          const Vec3 p = placement(head.skin_at(row, Head::sin_cos(sign * degrees)));
          const float reach = sign * (p.x * across.x + p.y * across.y) / -p.z;
          if (reach > best) best = reach, at = p;
        }
      }
    } else if (k != 8) {
      towards = normal(flat).dot(at) < 0.1f * length(at);
    }
    seen.surface[k] = at;
    seen.at[k] = camera.see(at).at;
    seen.faces_camera[k] = towards;
  }
  return seen;
}

}  // namespace manyfold::data::synthetic
