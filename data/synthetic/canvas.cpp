#include "data/synthetic/canvas.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>

namespace manyfold::data::synthetic {
namespace {

constexpr float kNowhere = 1e9f;

uint8_t to_byte(float value) { return static_cast<uint8_t>(std::min(value, 255.f)); }

struct Box {
  int left, top, right, bottom;  // right and bottom excluded
};
Box clipped(float left, float top, float right, float bottom, const cv::Mat& m) {
  return {static_cast<int>(std::max(0.f, std::ceil(left))),
          static_cast<int>(std::max(0.f, std::ceil(top))),
          static_cast<int>(std::min<float>(m.cols, std::floor(right) + 1)),
          static_cast<int>(std::min<float>(m.rows, std::floor(bottom) + 1))};
}

const cv::Vec4b& texel(const Material& m, float u, float v) {
  int x = static_cast<int>(std::floor(u)), y = static_cast<int>(std::floor(v));
  if (m.wrap) {
    x &= m.texture.cols - 1;
    y &= m.texture.rows - 1;
  } else {
    x = std::clamp(x, 0, m.texture.cols - 1);
    y = std::clamp(y, 0, m.texture.rows - 1);
  }
  return m.texture.ptr<cv::Vec4b>(y)[x];
}

}  // namespace

Material plain(const cv::Vec3b& colour, float gloss) {
  Material m;
  m.texture = cv::Mat(1, 1, CV_8UC4, cv::Scalar(colour[0], colour[1], colour[2], 255));
  m.gloss = gloss;
  return m;
}

Canvas::Canvas(int width, int height, const Camera& camera, const Light& light)
    : camera_(camera),
      light_(light),
      colour_(height * kScale, width * kScale, cv::Vec4b(0, 0, 0, 0)),
      distance_(height * kScale, width * kScale, kNowhere) {
  camera_.focal *= kScale;
  // A picture begins at 0; sample i, which is looked up by its number, spans [i, i + 1).
  camera_.centre = camera_.centre * kScale - cv::Point2f(0.5f, 0.5f);
}

Corner Canvas::corner(const Vec3& point, const Vec3& normal, float u, float v, float gloss) const {
  const auto seen = camera_.see(point);
  return {seen.at.x, seen.at.y, seen.distance, u, v, light_.on(normal, gloss)};
}

void Canvas::triangle(const Corner& a, const Corner& b, const Corner& c, const Material& m) {
  const float area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
  if (std::abs(area) < 1e-6f) return;
  const Box box = clipped(std::min({a.x, b.x, c.x}), std::min({a.y, b.y, c.y}),
                          std::max({a.x, b.x, c.x}), std::max({a.y, b.y, c.y}), distance_);
  const float per_area = 1 / area;
  // Weights of b and c grow linearly over the picture.
  const float b_dx = (c.y - a.y) * per_area, b_dy = -(c.x - a.x) * per_area;
  const float c_dx = -(b.y - a.y) * per_area, c_dy = (b.x - a.x) * per_area;
  constexpr float kEdge = -1e-4f;  // no gaps between neighbours
  for (int y = box.top; y < box.bottom; ++y) {
    float wb = (box.left - a.x) * b_dx + (y - a.y) * b_dy;
    float wc = (box.left - a.x) * c_dx + (y - a.y) * c_dy;
    float* const distances = distance_[y];
    cv::Vec4b* const colours = colour_[y];
    for (int x = box.left; x < box.right; ++x, wb += b_dx, wc += c_dx) {
      const float wa = 1 - wb - wc;
      if (wa < kEdge || wb < kEdge || wc < kEdge) continue;
      const float distance = wa * a.distance + wb * b.distance + wc * c.distance;
      if (distance >= distances[x]) continue;
      const auto& t = texel(m, wa * a.u + wb * b.u + wc * c.u, wa * a.v + wb * b.v + wc * c.v);
      if (t[3] == 0) continue;
      distances[x] = distance;
      for (int k = 0; k < 3; ++k) {
        colours[x][k] = to_byte(t[k] * (wa * a.light[k] + wb * b.light[k] + wc * c.light[k]));
      }
      colours[x][3] = owner_;
    }
  }
}

void Canvas::cone(const Vec3& a, float radius_a, const Vec3& b, float radius_b, const Material& m,
                  float repeat) {
  const auto from = camera_.see(a), to = camera_.see(b);
  const float ra = radius_a * from.scale, rb = radius_b * to.scale;
  const Box box = clipped(
      std::min(from.at.x - ra, to.at.x - rb), std::min(from.at.y - ra, to.at.y - rb),
      std::max(from.at.x + ra, to.at.x + rb), std::max(from.at.y + ra, to.at.y + rb), distance_);
  const cv::Point2f along = to.at - from.at;
  const float squared = along.dot(along), span = std::sqrt(squared);
  const float per_squared = squared > 1e-6f ? 1 / squared : 0;
  // Of the surface between the spheres: across it in the picture, and across it towards the camera.
  const float run = length(b - a), slope = run > 1e-6f ? (b.z - a.z) / run : 0;
  const float flat = std::sqrt(std::max(0.f, 1 - slope * slope));
  const cv::Point2f way = span > 1e-3f ? along * (1 / span) : cv::Point2f(0, 1);
  const Vec3 towards{-way.x * slope, -way.y * slope, flat};
  // How far along the cone the tangent of its sides moves the nearest point.
  const float lean = span > 1e-3f ? (rb - ra) / span : 0;
  for (int y = box.top; y < box.bottom; ++y) {
    float* const distances = distance_[y];
    cv::Vec4b* const colours = colour_[y];
    for (int x = box.left; x < box.right; ++x) {
      const cv::Point2f p(x - from.at.x, y - from.at.y);
      const float side = way.x * p.y - way.y * p.x;
      const float t =
          clamp01((p.dot(along)) * per_squared + std::abs(side) * lean / std::max(span, 1.f));
      const float radius = ra + (rb - ra) * t;
      const cv::Point2f off = p - along * t;
      const float d2 = off.dot(off);
      if (d2 >= radius * radius) continue;
      const float per_radius = 1 / radius;
      const float rise = std::sqrt(1 - d2 * per_radius * per_radius);
      const float real = radius_a + (radius_b - radius_a) * t;
      const float distance = mix(from.distance, to.distance, t) - rise * real;
      if (distance >= distances[x]) continue;
      const float across = side * per_radius;
      const auto& colour = texel(m, across * 0.5f * repeat * real * kPi, t * run * repeat);
      if (colour[3] == 0) continue;
      Vec3 normal;
      if (t <= 0 || t >= 1) {
        normal = {off.x * per_radius, off.y * per_radius, rise};
      } else {
        const float q = std::min(1.f, std::abs(across)) * (across < 0 ? -1.f : 1.f);
        const float height = std::sqrt(std::max(0.f, 1 - q * q));
        normal = Vec3(-way.y * q, way.x * q, 0) + towards * height;
      }
      const cv::Vec3f light = light_.on(normal, m.gloss);
      distances[x] = distance;
      for (int k = 0; k < 3; ++k) colours[x][k] = to_byte(colour[k] * light[k]);
      colours[x][3] = owner_;
    }
  }
}

void Canvas::darken_folds(float radius, float depth, float strength) {
  // At the resolution of the picture: folds are soft.
  const cv::Size half(distance_.cols / kScale, distance_.rows / kScale);
  cv::Mat_<float> near(half), around;
  float furthest = 0;
  for (int y = 0; y < half.height; ++y) {
    const float* const d = distance_[y * kScale];
    for (int x = 0; x < half.width; ++x) {
      near(y, x) = d[x * kScale];
      if (d[x * kScale] < kNowhere) furthest = std::max(furthest, d[x * kScale]);
    }
  }
  cv::min(near, furthest + depth, near);
  const int side = std::max(3, 2 * static_cast<int>(radius) + 1);
  cv::blur(near, around, {side, side});
  for (int y = 0; y < colour_.rows; ++y) {
    cv::Vec4b* const colours = colour_[y];
    const float* const here = near[y / kScale];
    const float* const mean = around[y / kScale];
    for (int x = 0; x < colour_.cols; ++x) {
      const float behind = here[x / kScale] - mean[x / kScale];
      if (behind <= 0 || colours[x][3] == 0) continue;
      const float keep = 1 - strength * std::min(1.f, behind / depth);
      for (int k = 0; k < 3; ++k) colours[x][k] = static_cast<uint8_t>(colours[x][k] * keep);
    }
  }
}

cv::Mat Canvas::blend_over(cv::Mat& picture) const {
  cv::Mat mask = cv::Mat::zeros(picture.size(), CV_8UC1);
  for (int y = 0; y < picture.rows; ++y) {
    const cv::Vec4b* const rows[2] = {colour_[y * kScale], colour_[y * kScale + 1]};
    cv::Vec3b* const out = picture.ptr<cv::Vec3b>(y);
    uint8_t* const person = mask.ptr<uint8_t>(y);
    for (int x = 0; x < picture.cols; ++x) {
      int drawn = 0, people = 0, sum[3] = {0, 0, 0};
      for (int k = 0; k < 4; ++k) {
        const cv::Vec4b& s = rows[k >> 1][x * kScale + (k & 1)];
        if (s[3] == 0) continue;
        ++drawn;
        people += s[3] != kObject;
        for (int c = 0; c < 3; ++c) sum[c] += s[c];
      }
      if (drawn == 0) continue;
      for (int c = 0; c < 3; ++c) {
        out[x][c] = static_cast<uint8_t>((sum[c] + (4 - drawn) * out[x][c] + 2) / 4);
      }
      person[x] = people >= 2;
    }
  }
  return mask;
}

bool Canvas::visible(const Vec3& point, float slack) const {
  const auto seen = camera_.see(point);
  const int x = cvRound(seen.at.x), y = cvRound(seen.at.y);
  if (x < 0 || y < 0 || x >= distance_.cols || y >= distance_.rows) return false;
  // Beside a silhouette the sample itself may show something else: ask its neighbours too.
  float furthest = 0;
  for (int dy = -1; dy <= 1; ++dy) {
    for (int dx = -1; dx <= 1; ++dx) {
      const int nx = std::clamp(x + dx, 0, distance_.cols - 1);
      const int ny = std::clamp(y + dy, 0, distance_.rows - 1);
      furthest = std::max(furthest, distance_(ny, nx));
    }
  }
  return furthest > seen.distance - slack;
}

std::vector<Canvas::Shown> Canvas::shown(int owners) const {
  struct Extent {
    int left = 1 << 30, top = 1 << 30, right = -1, bottom = -1, samples = 0;
  };
  std::vector<Extent> extents(owners);
  for (int y = 0; y < colour_.rows; ++y) {
    for (int x = 0; x < colour_.cols; ++x) {
      const int owner = colour_(y, x)[3];
      if (owner == 0 || owner > owners) continue;
      Extent& e = extents[owner - 1];
      e.left = std::min(e.left, x), e.right = std::max(e.right, x);
      e.top = std::min(e.top, y), e.bottom = std::max(e.bottom, y);
      ++e.samples;
    }
  }
  std::vector<Shown> out;
  constexpr float kPixel = 1.f / kScale;
  for (const auto& e : extents) {
    out.emplace_back();
    if (e.samples == 0) continue;
    out.back().pixels = e.samples * kPixel * kPixel;
    out.back().box = {e.left * kPixel, e.top * kPixel, (e.right - e.left + 1) * kPixel,
                      (e.bottom - e.top + 1) * kPixel};
  }
  return out;
}

}  // namespace manyfold::data::synthetic
