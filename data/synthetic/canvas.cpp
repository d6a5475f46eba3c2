#include "data/synthetic/canvas.h"

#include <algorithm>
#include <cstring>
#include <opencv2/imgproc.hpp>

namespace manyfold::data::synthetic {
namespace {

constexpr float kNowhere = 1e9f;

uint8_t to_byte(float value) { return static_cast<uint8_t>(std::min(value, 255.f)); }

int floor_of(float x) {  // std::floor is a call on plain x86-64
  const int i = static_cast<int>(x);
  return i - (x < static_cast<float>(i));
}

struct Box {
  int left, top, right, bottom;  // right and bottom excluded
};
/// The samples between these edges that the canvas has.
Box clipped(float left, float top, float right, float bottom, const cv::Mat& m) {
  const float width = float(m.cols), height = float(m.rows);
  return {-floor_of(-std::clamp(left, 0.f, width)), -floor_of(-std::clamp(top, 0.f, height)),
          floor_of(std::clamp(right, -1.f, width - 1)) + 1,
          floor_of(std::clamp(bottom, -1.f, height - 1)) + 1};
}

/// A value over a triangle, by the weights of its second and third corner.
struct Slope {
  float start, to_b, to_c;
  float operator()(float wb, float wc) const { return start + wb * to_b + wc * to_c; }
};

/// The direction of what lies along a cone, and across it.
cv::Point2f direction(const cv::Point2f& along) {
  const float span = std::sqrt(along.dot(along));
  return span > 1e-3f ? along * (1 / span) : cv::Point2f(0, 1);
}
cv::Point2f across_of(const cv::Point2f& way) { return {-way.y, way.x}; }

/// Reads a material's texture.
class Texels {
 public:
  explicit Texels(const Material& m)
      : data_(m.texture.ptr<cv::Vec4b>()),
        columns_(m.texture.cols),
        rows_(m.texture.rows),
        stride_(m.texture.step1() / 4),
        wrap_(m.wrap) {}

  const cv::Vec4b& at(float u, float v) const {
    int x = floor_of(u), y = floor_of(v);
    if (wrap_) {
      x &= columns_ - 1;
      y &= rows_ - 1;
    } else {
      x = std::clamp(x, 0, columns_ - 1);
      y = std::clamp(y, 0, rows_ - 1);
    }
    return data_[y * stride_ + x];
  }

 private:
  const cv::Vec4b* const data_;
  const int columns_, rows_;
  const size_t stride_;
  const bool wrap_;
};

// Fresh memory of this size costs more than drawing to it: a thread keeps what its last canvas had.
thread_local cv::Mat_<cv::Vec4b> spare_colour;
thread_local cv::Mat_<float> spare_distance;

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
      halfway_(light.halfway()),
      colour_(std::move(spare_colour)),
      distance_(std::move(spare_distance)) {
  colour_.create(height * kScale, width * kScale);
  distance_.create(height * kScale, width * kScale);
  std::fill(distance_.begin(), distance_.end(), kNowhere);
  std::memset(colour_.data, 0, colour_.total() * sizeof(cv::Vec4b));
  camera_.focal *= kScale;
  // A picture begins at 0; sample i, which is looked up by its number, spans [i, i + 1).
  camera_.centre = camera_.centre * kScale - cv::Point2f(0.5f, 0.5f);
}

Canvas::~Canvas() {
  spare_colour = std::move(colour_);
  spare_distance = std::move(distance_);
}

void Canvas::touch(int left, int top, int right, int bottom) {
  touched_ = touched_ | cv::Rect(left, top, right - left, bottom - top);
}

Corner Canvas::corner(const Vec3& point, const Vec3& normal, float u, float v, float gloss) {
  const auto [seen, before] = track(point);
  return {seen.at.x,
          seen.at.y,
          seen.distance,
          u,
          v,
          light_.on(normal, gloss, halfway_),
          {before.at.x, before.at.y, before.distance}};
}

void Canvas::triangle(const Corner& a, const Corner& b, const Corner& c, const Material& m) {
  const Box box = clipped(std::min({a.x, b.x, c.x}), std::min({a.y, b.y, c.y}),
                          std::max({a.x, b.x, c.x}), std::max({a.y, b.y, c.y}), distance_);
  if (box.left >= box.right || box.top >= box.bottom) return;
  const float area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
  if (std::abs(area) < 1e-6f) return;
  touch(box.left, box.top, box.right, box.bottom);
  const float per_area = 1 / area;
  // Weights of b and c grow linearly over the picture.
  const float b_dx = (c.y - a.y) * per_area, b_dy = -(c.x - a.x) * per_area;
  const float c_dx = -(b.y - a.y) * per_area, c_dy = (b.x - a.x) * per_area;
  constexpr float kEdge = -1e-4f;  // no gaps between neighbours
  const Texels texels(m);
  // What a triangle shows changes linearly, from its first corner on.
  const auto ahead = [&](float of_a, float of_b, float of_c) {
    return Slope{of_a, of_b - of_a, of_c - of_a};
  };
  const Slope distance_at = ahead(a.distance, b.distance, c.distance);
  const Slope u_at = ahead(a.u, b.u, c.u), v_at = ahead(a.v, b.v, c.v);
  const Slope lights[3] = {ahead(a.light[0], b.light[0], c.light[0]),
                           ahead(a.light[1], b.light[1], c.light[1]),
                           ahead(a.light[2], b.light[2], c.light[2])};
  const bool follows = !before_.empty();
  for (int y = box.top; y < box.bottom; ++y) {
    float wb = (box.left - a.x) * b_dx + (y - a.y) * b_dy;
    float wc = (box.left - a.x) * c_dx + (y - a.y) * c_dy;
    float* const distances = distance_[y];
    cv::Vec4b* const colours = colour_[y];
    bool entered = false;
    for (int x = box.left; x < box.right; ++x, wb += b_dx, wc += c_dx) {
      const float wa = 1 - wb - wc;
      if (wb < kEdge || wc < kEdge || wa < kEdge) {
        if (entered) break;
        continue;
      }
      entered = true;
      const float distance = distance_at(wb, wc);
      if (distance >= distances[x]) continue;
      const auto& t = texels.at(u_at(wb, wc), v_at(wb, wc));
      if (t[3] == 0) continue;
      distances[x] = distance;
      for (int k = 0; k < 3; ++k) colours[x][k] = to_byte(t[k] * lights[k](wb, wc));
      colours[x][3] = owner_;
      if (follows) before_(y, x) = a.before * wa + b.before * wb + c.before * wc;
    }
  }
}

void Canvas::cone(const Vec3& a, float radius_a, const Vec3& b, float radius_b, const Material& m,
                  float repeat) {
  const auto [from, from_before] = track(a);
  const auto [to, to_before] = track(b);
  const float ra = radius_a * from.scale, rb = radius_b * to.scale;
  const Box box = clipped(
      std::min(from.at.x - ra, to.at.x - rb), std::min(from.at.y - ra, to.at.y - rb),
      std::max(from.at.x + ra, to.at.x + rb), std::max(from.at.y + ra, to.at.y + rb), distance_);
  if (box.left >= box.right || box.top >= box.bottom) return;
  touch(box.left, box.top, box.right, box.bottom);
  const Texels texels(m);
  const cv::Point2f along = to.at - from.at;
  const float squared = along.dot(along), span = std::sqrt(squared);
  const float per_squared = squared > 1e-6f ? 1 / squared : 0;
  // Of the surface between the spheres: across it in the picture, and across it towards the camera.
  const float run = length(b - a), slope = run > 1e-6f ? (b.z - a.z) / run : 0;
  const float flat = std::sqrt(std::max(0.f, 1 - slope * slope));
  const cv::Point2f way = direction(along);
  const Vec3 towards{-way.x * slope, -way.y * slope, flat};
  // How far along the cone the slant of its sides moves the nearest point.
  const float lean = span > 1e-3f ? (rb - ra) / (span * std::max(span, 1.f)) : 0;
  const bool follows = !before_.empty();
  const cv::Point2f along_before = to_before.at - from_before.at,
                    way_before = direction(along_before);
  for (int y = box.top; y < box.bottom; ++y) {
    float* const distances = distance_[y];
    cv::Vec4b* const colours = colour_[y];
    for (int x = box.left; x < box.right; ++x) {
      const cv::Point2f p(x - from.at.x, y - from.at.y);
      const float side = way.x * p.y - way.y * p.x;
      const float t = clamp01(p.dot(along) * per_squared + std::abs(side) * lean);
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
      const auto& colour = texels.at(across * 0.5f * repeat * real * kPi, t * run * repeat);
      if (colour[3] == 0) continue;
      // Between the balls, `rise` is also how much the surface looks towards the camera.
      const Vec3 normal = t <= 0 || t >= 1
                              ? Vec3(off.x * per_radius, off.y * per_radius, rise)
                              : Vec3(-way.y * across, way.x * across, 0) + towards * rise;
      const cv::Vec3f light = light_.on(normal, m.gloss, halfway_);
      distances[x] = distance;
      for (int k = 0; k < 3; ++k) colours[x][k] = to_byte(colour[k] * light[k]);
      colours[x][3] = owner_;
      if (!follows) continue;
      // The texture turns and grows with the cone.
      const float grown = mix(from_before.scale / from.scale, to_before.scale / to.scale, t);
      const cv::Point2f turned = (way_before * off.dot(way) + across_of(way_before) * side) * grown;
      const cv::Point2f at = from_before.at + along_before * t + turned;
      before_(y, x) = {at.x, at.y, mix(from_before.distance, to_before.distance, t) - rise * real};
    }
  }
}

cv::Rect Canvas::touched_pixels() const {
  const int left = touched_.x / kScale, top = touched_.y / kScale;
  return {cv::Point(left, top), cv::Point((touched_.br().x + kScale - 1) / kScale,
                                          (touched_.br().y + kScale - 1) / kScale)};
}

void Canvas::darken_folds(float radius, float depth, float strength) {
  const cv::Rect pixels = touched_pixels();
  if (pixels.empty()) return;
  // At the resolution of the picture: folds are soft.
  cv::Mat_<float> near(pixels.size()), around;
  float furthest = 0;
  for (int y = 0; y < near.rows; ++y) {
    const float* const d = distance_[(y + pixels.y) * kScale] + pixels.x * kScale;
    float* const out = near[y];
    for (int x = 0; x < near.cols; ++x) {
      out[x] = d[x * kScale];
      if (out[x] < kNowhere) furthest = std::max(furthest, out[x]);
    }
  }
  cv::min(near, furthest + depth, near);
  const int side = std::max(3, 2 * static_cast<int>(radius) + 1);
  cv::blur(near, around, {side, side});
  for (int y = 0; y < kScale * near.rows; ++y) {
    cv::Vec4b* const colours = colour_[y + pixels.y * kScale] + pixels.x * kScale;
    const float* const here = near[y / kScale];
    const float* const mean = around[y / kScale];
    for (int x = 0; x < kScale * near.cols; ++x) {
      const float behind = here[x / kScale] - mean[x / kScale];
      if (behind <= 0 || colours[x][3] == 0) continue;
      const float keep = 1 - strength * std::min(1.f, behind / depth);
      for (int k = 0; k < 3; ++k) colours[x][k] = static_cast<uint8_t>(colours[x][k] * keep);
    }
  }
}

cv::Mat Canvas::blend_over(cv::Mat& picture) const {
  cv::Mat mask = cv::Mat::zeros(picture.size(), CV_8UC1);
  const cv::Rect pixels = touched_pixels();
  for (int y = pixels.y; y < pixels.br().y; ++y) {
    const cv::Vec4b* const rows[2] = {colour_[y * kScale], colour_[y * kScale + 1]};
    cv::Vec3b* const out = picture.ptr<cv::Vec3b>(y);
    uint8_t* const person = mask.ptr<uint8_t>(y);
    for (int x = pixels.x; x < pixels.br().x; ++x) {
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
  for (int y = touched_.y; y < touched_.br().y; ++y) {
    const cv::Vec4b* const colours = colour_[y];
    for (int x = touched_.x; x < touched_.br().x;) {
      const int from = x, owner = colours[x][3];
      while (x < touched_.br().x && colours[x][3] == owner) ++x;
      if (owner == 0 || owner > owners) continue;
      Extent& e = extents[owner - 1];
      e.left = std::min(e.left, from), e.right = std::max(e.right, x - 1);
      e.top = std::min(e.top, y), e.bottom = std::max(e.bottom, y);
      e.samples += x - from;
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
