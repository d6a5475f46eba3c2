#include "data/synthetic/head_draw.h"

#include <algorithm>
#include <functional>

namespace manyfold::data::synthetic {
namespace {

/// A shell over part of a head: from the crown down to `low(degrees)`, `thickness(degrees, t)`
/// outside of the skin, where t is 0 at the crown and 1 at the rim.
struct Shell {
  float from = -180, to = 180;  // degrees
  std::function<float(float)> high, low;
  std::function<float(float, float)> thickness;
  float waves = 0;
  uint64_t seed = 0;
};

Grid shell_over(const Head& head, const Shell& shell, int rows, int columns) {
  Grid grid(rows, columns);
  grid.closed = shell.to - shell.from >= 360;
  Random random(shell.seed, Random::scene, 2);
  const float middle = 0.35f * head.top();
  for (int c = 0; c < columns; ++c) {
    const float degrees = mix(shell.from, shell.to, c / (columns - 1.f));
    const float high = shell.high ? shell.high(degrees) : head.top(), low = shell.low(degrees);
    const auto around = Head::sin_cos(degrees);
    for (int r = 0; r < rows; ++r) {
      const float t = r / (rows - 1.f);
      // Denser near the crown, where the skin is flat.
      const float y = mix(high, low, shell.high ? t : t * (0.35f + 0.65f * t));
      Vec3 p = head.skin_at(head.row(std::clamp(y, head.top(), 0.45f)), around);
      if (shell.high) p = head.skin_at(head.row(std::min(y, head.chin() - 0.02f)), around);
      p.y = y;
      const Vec3 centre(0, std::clamp(y, middle, 0.f), shell.high ? -0.2f : -0.25f);
      Vec3 out = unit(p - centre);
      if (y > 0) out.y = 0;
      const float uneven = 1 + shell.waves * random.uniform(-1, 1);
      grid(r, c).at = p + out * (shell.thickness(degrees, t) * uneven);
      grid(r, c).u = degrees * 0.36f;
      grid(r, c).v = y * 16;
    }
  }
  return grid;
}

class HeadPainter {
 public:
  HeadPainter(Canvas& canvas, const Head& head, const HeadLook& look, const Placement& placement,
              float pixels)
      : canvas_(canvas),
        head_(head),
        look_(look),
        place_(placement),
        pixels_(pixels),
        fine_(pixels > 22),
        random_(look.seed, Random::scene, 3) {}

  void draw_all() {
    skin();
    ears();
    if (look_.hair_volume >= 0.02f) hair();
    if (look_.face.beard > 0.6f) beard();
    if (look_.mask) mask();
    if (look_.glasses != Glasses::none) glasses();
    if (look_.hat != Hat::none) hat();
  }

 private:
  void skin() {
    Material paint;
    const float scale = std::clamp(pixels_ * 0.8f, 9.f, 46.f);
    paint.texture = paint_face(head_, look_.face, scale);
    paint.wrap = false;
    paint.gloss = 0.12f;
    // As fine as it can be seen.
    const int rows = fine_ ? 38 : pixels_ > 10 ? 26 : 18;
    const int columns = fine_ ? 48 : pixels_ > 10 ? 32 : 24, back = columns / 4;
    Grid grid(rows, columns + 1);
    grid.closed = true;
    std::vector<Head::SinCos> around;
    std::vector<float> degrees;
    for (int c = 0; c <= columns; ++c) {
      // Most columns lie on the front.
      const float half = 0.5f * columns, off = (c - half);
      const float front = half - 0.5f * back;
      const float d = std::abs(off) <= front
                          ? 90 * off / front
                          : std::copysign(90 + 90 * (std::abs(off) - front) / (0.5f * back), off);
      degrees.push_back(d);
      around.push_back(Head::sin_cos(d));
    }
    for (int r = 0; r < rows; ++r) {
      const float t = r / (rows - 1.f);
      const float y =
          mix(head_.top(), head_.chin(), 0.35f * t + 0.65f * (0.5f - 0.5f * std::cos(kPi * t)));
      const auto row = head_.row(y);
      for (int c = 0; c <= columns; ++c) {
        auto& knot = grid(r, c);
        knot.at = head_.skin_at(row, around[c]);
        // The back continues the sides outwards, so that it carries no face.
        const float past = std::max(0.f, std::abs(degrees[c]) - 90) / 90;
        knot.u = (knot.at.x * (past > 0 ? 0 : 1) +
                  (past > 0 ? std::copysign(row.half_width + 0.6f * past, degrees[c]) : 0) -
                  kPaintLeft) *
                 scale;
        knot.v = (y - kPaintTop) * scale;
      }
    }
    draw(canvas_, grid, place_, paint);
  }

  void ears() {
    const Material skin = plain(mix(look_.face.skin, {190, 80, 70}, 0.12f), 0.05f);
    for (const float side : {-1.f, 1.f}) {
      const float wide = head_.half_width(0.2f);
      canvas_.cone(place_({side * (wide + 0.06f), 0.0f, -0.22f}), 0.15f,
                   place_({side * (wide + 0.0f), 0.40f, -0.1f}), 0.09f, skin);
    }
  }

  void hair() {
    const bool longer = look_.hair_length > 1;
    Material material;
    material.texture = strands(random_, look_.face.hair, 0.3f, look_.hair_gaps);
    Shell shell;
    shell.seed = look_.seed;
    shell.waves = look_.hair_waves;
    const float front = look_.hairline, sides = look_.hair_sides, back = look_.hair_length;
    const float curtain = look_.hair_down_front ? 58 : 78;
    shell.low = [=](float degrees) {
      const float d = std::abs(degrees);
      if (longer) return d < curtain ? mix(front, -0.15f, smoothstep(20, curtain, d)) : back;
      const float at_ear = mix(front, sides, smoothstep(35, 75, d));
      return mix(at_ear, back, smoothstep(100, 135, d));
    };
    const float volume = look_.hair_volume;
    shell.thickness = [=](float degrees, float t) {
      const float rim = std::abs(degrees) < 80 ? 1 - 0.75f * t * t : 1 - 0.3f * t;
      return volume * rim * (longer && t > 0.6f ? 1.4f : 1);
    };
    if (look_.hat == Hat::beanie || look_.hat == Hat::cap || look_.hat == Hat::brim) {
      const auto all = shell.low;
      const float line = look_.hat_line;
      if (!longer && sides < line + 0.2f) return;
      shell.thickness = [](float, float) { return 0.06f; };
      shell.low = [=](float d) { return std::max(all(d), line); };
    }
    draw(canvas_, shell_over(head_, shell, fine_ ? 18 : 10, fine_ ? 49 : 29), place_, material,
         true);
  }

  void beard() {
    Material material;
    material.texture = strands(random_, look_.face.hair, 0.35f, 0.25f);
    const float grown = 0.3f * (look_.face.beard - 0.5f), mouth = head_.flat()[57].y;
    Shell shell;
    shell.seed = look_.seed;
    shell.from = -85, shell.to = 85;
    shell.high = [=](float d) {
      return mix(mouth + 0.16f, 0.75f, smoothstep(22, 60, std::abs(d)));
    };
    shell.low = [this](float) { return head_.chin() - 0.03f; };
    shell.thickness = [=](float, float t) { return 0.02f + grown * t; };
    shell.waves = 0.5f;
    draw(canvas_, shell_over(head_, shell, 8, 25), place_, material, true);
  }

  void mask() {
    Material material;
    material.texture = cloth(random_, random_.chance(0.75f) ? Pattern::plain : Pattern::letters,
                             look_.mask_colour);
    const float top = look_.mask_top, tip = head_.flat()[30].y;
    Shell shell;
    shell.from = -68, shell.to = 68;
    shell.high = [=](float d) { return top + 0.25f * smoothstep(10, 60, std::abs(d)); };
    shell.low = [this](float d) {
      return head_.chin() - 0.02f - 0.5f * smoothstep(25, 68, std::abs(d));
    };
    shell.thickness = [=](float d, float t) {
      // It spans from the nose to the cheeks.
      const float y = mix(top, head_.chin(), t),
                  tent = smoothstep(5, 30, std::abs(d)) * (1 - smoothstep(35, 68, std::abs(d)));
      return 0.09f + 0.22f * tent * (1 - smoothstep(0.1f, 0.7f, std::abs(y - tip)));
    };
    Grid grid = shell_over(head_, shell, 12, 25);
    for (auto& knot : grid.knots) knot.u *= 3;
    draw(canvas_, grid, place_, material, true);
    for (const float side : {-1.f, 1.f}) {
      const float wide = head_.half_width(0.3f) + 0.04f;
      const auto& corner = grid(3, side < 0 ? 0 : grid.columns - 1).at;
      canvas_.cone(place_(corner), 0.03f, place_({side * wide, 0.1f, -0.1f}), 0.03f,
                   plain(look_.mask_colour));
    }
  }

  void glasses() {
    const Material frame = plain(look_.glasses_colour, 0.5f);
    const auto& flat = head_.flat();
    const float rim = look_.glasses_thickness;
    const float forward = head_.on_skin({0, -0.05f}).z + 0.06f;
    std::array<Vec3, 2> inner, outer;
    for (const bool right : {false, true}) {
      const float side = right ? 1 : -1;
      const cv::Point2f eye = right ? (flat[42] + flat[45]) * 0.5f : (flat[36] + flat[39]) * 0.5f;
      const float wide = 0.36f * look_.glasses_size,
                  tall = wide * mix(0.62f, 1, look_.glasses_round);
      constexpr int kSteps = 14;
      std::vector<Vec3> ring;
      for (int i = 0; i < kSteps; ++i) {
        const float a = 2 * kPi * i / kSteps, power = mix(0.55f, 1, look_.glasses_round);
        const float c = std::copysign(std::pow(std::abs(std::cos(a)), power), std::cos(a));
        const float s = std::copysign(std::pow(std::abs(std::sin(a)), power), std::sin(a));
        const float x = eye.x + side * 0.02f + wide * c;
        ring.push_back({x, eye.y + 0.05f + tall * s, forward - 0.22f * std::abs(x) * std::abs(x)});
      }
      if (look_.glasses == Glasses::dark) lens(ring);
      for (int i = 0; i < kSteps; ++i) {
        canvas_.cone(place_(ring[i]), rim, place_(ring[(i + 1) % kSteps]), rim, frame);
      }
      inner[right] = ring[right ? kSteps / 2 : 0] + Vec3(0, -0.08f, 0);
      outer[right] = ring[right ? 0 : kSteps / 2] + Vec3(0, -0.08f, 0);
      canvas_.cone(place_(outer[right]), rim,
                   place_({side * (head_.half_width(0) + 0.05f), -0.1f, -0.1f}), rim, frame);
    }
    canvas_.cone(place_(inner[0]), rim, place_(inner[1]), rim, frame);
  }

  void lens(const std::vector<Vec3>& ring) {
    const Material glass = plain(scaled(look_.glasses_colour, 0.7f), 0.9f);
    Grid grid(2, static_cast<int>(ring.size()) + 1);
    Vec3 centre;
    for (const auto& p : ring) centre += p * (1.f / ring.size());
    for (int c = 0; c < grid.columns; ++c) {
      grid(0, c).at = centre + Vec3(0, 0, 0.04f);
      grid(1, c).at = ring[c % ring.size()];
    }
    draw(canvas_, grid, place_, glass, true);
  }

  void hat() {
    Material material;
    material.texture =
        cloth(random_, Pattern(random_.below(int(Pattern::count))), look_.hat_colour);
    const bool hood = look_.hat == Hat::hood;
    const float line = look_.hat_line, thick = std::max(0.1f, 0.7f * look_.hair_volume);
    Shell shell;
    shell.seed = look_.seed;
    shell.low = [=](float degrees) {
      const float d = std::abs(degrees);
      if (hood) return d < 50 ? mix(line, -0.2f, smoothstep(15, 50, d)) : 2.4f;
      return mix(line, line + 0.35f, smoothstep(40, 140, d));
    };
    shell.thickness = [=](float, float t) {
      return hood ? 0.16f + 0.1f * t : thick + 0.1f * (1 - t);
    };
    const Grid crown = shell_over(head_, shell, 14, 41);
    draw(canvas_, crown, place_, material, true);
    if (look_.hat != Hat::cap && look_.hat != Hat::brim) return;
    const bool cap = look_.hat == Hat::cap;
    const float reach = cap ? 0.75f : 0.7f;
    Grid brim(2, crown.columns);
    for (int c = 0; c < crown.columns; ++c) {
      const Vec3 rim = crown(crown.rows - 1, c).at;
      const float degrees = mix(-180.f, 180.f, c / (crown.columns - 1.f));
      const float ahead = cap ? 1 - smoothstep(45, 80, std::abs(degrees)) : 1;
      const Vec3 out = unit({rim.x, 0, rim.z});
      brim(0, c).at = rim;
      brim(1, c).at = rim + (out + Vec3(0, 0.12f, 0)) * (reach * ahead);
      brim(0, c).v = 0, brim(1, c).v = 10;
      brim(0, c).u = brim(1, c).u = c * 3.f;
    }
    draw(canvas_, brim, place_, material, true);
  }

  Canvas& canvas_;
  const Head& head_;
  const HeadLook& look_;
  const Placement& place_;
  const float pixels_;
  const bool fine_;
  Random random_;
};

}  // namespace

void draw_head(Canvas& canvas, const Head& head, const HeadLook& look, const Placement& placement,
               float pixels) {
  HeadPainter(canvas, head, look, placement, pixels).draw_all();
}

std::vector<Vec3> head_corners(const Head& head, const HeadLook& look) {
  const float up = head.top() - std::max(look.hair_volume, look.hat == Hat::none ? 0 : 0.2f);
  const float aside = head.half_width(-0.3f) + std::max(0.1f, look.hair_volume);
  const float back = head.row(-0.3f).back - look.hair_volume, front = head.row(0).front;
  const float chin = head.chin();
  return {{0, up, -0.2f},     {-aside, 0, -0.2f},        {aside, 0, -0.2f},
          {0, -0.3f, back},   {0, -0.3f, front},         head.on_skin(head.flat()[30]),
          head.skin(0, chin), head.skin(0, 0.85f * chin)};
}

}  // namespace manyfold::data::synthetic
