#include "data/synthetic/grid.h"

#include <cmath>

namespace manyfold::data::synthetic {
namespace {

Vec3 cross(const Vec3& a, const Vec3& b) { return a.cross(b); }

/// Right x down is towards the camera.
Vec3 normal_at(const Grid& grid, const std::vector<Vec3>& at, int r, int c) {
  const int last = grid.columns - 1;
  const int up = std::max(0, r - 1), down = std::min(grid.rows - 1, r + 1);
  int left = c - 1, right = c + 1;
  if (left < 0) left = grid.closed ? last - 1 : 0;
  if (right > last) right = grid.closed ? 1 : last;
  const auto point = [&](int row, int column) { return at[size_t(row) * grid.columns + column]; };
  return unit(cross(point(r, right) - point(r, left), point(down, c) - point(up, c)));
}

float turning(const Corner& a, const Corner& b, const Corner& c) {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

}  // namespace

void draw(Canvas& canvas, const Grid& grid, const Placement& placement, const Material& material,
          bool both_sides) {
  std::vector<Vec3> at(grid.knots.size());
  for (size_t i = 0; i < at.size(); ++i) at[i] = placement(grid.knots[i].at);
  std::vector<Corner> corners(at.size());
  for (int r = 0; r < grid.rows; ++r) {
    for (int c = 0; c < grid.columns; ++c) {
      const size_t i = size_t(r) * grid.columns + c;
      Vec3 normal = normal_at(grid, at, r, c);
      if (both_sides && normal.dot(at[i]) > 0) normal = -normal;
      corners[i] = canvas.corner(at[i], normal, grid.knots[i].u, grid.knots[i].v, material.gloss);
    }
  }
  for (int r = 0; r + 1 < grid.rows; ++r) {
    for (int c = 0; c + 1 < grid.columns; ++c) {
      const Corner* const p = &corners[size_t(r) * grid.columns + c];
      const Corner* const q = p + grid.columns;
      // Clockwise in the picture, whose y goes down, is a positive turn.
      if (both_sides || turning(p[0], p[1], q[1]) > 0) {
        canvas.triangle(p[0], p[1], q[1], material);
      }
      if (both_sides || turning(p[0], q[1], q[0]) > 0) {
        canvas.triangle(p[0], q[1], q[0], material);
      }
    }
  }
}

Grid loft(const std::vector<Ring>& rings, int columns, float repeat) {
  Grid grid(static_cast<int>(rings.size()), columns);
  grid.closed = true;
  float down = 0;
  for (int r = 0; r < grid.rows; ++r) {
    const Ring& ring = rings[r];
    if (r > 0) down += length(ring.centre - rings[r - 1].centre);
    const float power = 1 - 0.6f * ring.squareness;
    for (int c = 0; c < columns; ++c) {
      // From the middle of the back over the left side of the picture, the front and the right.
      const float angle = kPi * (2.f * c / (columns - 1) - 1);
      const float s = std::sin(angle), t = std::cos(angle);
      const float across = std::copysign(std::pow(std::abs(s), power), s) * ring.half_width;
      const float ahead = std::copysign(std::pow(std::abs(t), power), t);
      grid(r, c).at = ring.centre + Vec3(across, 0, ahead * (ahead > 0 ? ring.front : ring.back));
      grid(r, c).u = angle * ring.half_width * repeat;
      grid(r, c).v = down * repeat;
    }
  }
  return grid;
}

}  // namespace manyfold::data::synthetic
