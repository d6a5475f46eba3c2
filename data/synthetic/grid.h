#pragma once

#include <vector>

#include "data/synthetic/canvas.h"

namespace manyfold::data::synthetic {

/// A surface as rows x columns of points.
struct Grid {
  struct Knot {
    Vec3 at;
    float u = 0, v = 0;  // texels of the material
  };
  Grid(int rows, int columns) : rows(rows), columns(columns), knots(size_t(rows) * columns) {}
  Knot& operator()(int row, int column) { return knots[size_t(row) * columns + column]; }
  const Knot& operator()(int row, int column) const {
    return knots[size_t(row) * columns + column];
  }

  int rows, columns;
  std::vector<Knot> knots;
  /// The last column meets the first.
  bool closed = false;
};

/// Draws the grid, smooth. Rows go down and columns to the right for somebody who looks at its
/// front; `both_sides` also draws what faces away (open shells).
void draw(Canvas& canvas, const Grid& grid, const Placement& placement, const Material& material,
          bool both_sides = false);

/// A cross-section of a body: an ellipse (squareness 0) to a rounded box (1).
struct Ring {
  Vec3 centre;
  float half_width, front, back;  // extents along x, +z and -z
  float squareness = 0;
};
/// A skin over rings, from the top ring down; texels per eye distance in `repeat`.
Grid loft(const std::vector<Ring>& rings, int columns, float repeat);

}  // namespace manyfold::data::synthetic
