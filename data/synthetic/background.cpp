#include "data/synthetic/background.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "data/synthetic/geometry.h"
#include "data/synthetic/paint.h"

namespace manyfold::data::synthetic {
namespace {

using Points = std::vector<cv::Point2f>;

/// Draws in units of the picture's height, x up to `wide_`.
class BackgroundPainter {
 public:
  BackgroundPainter(cv::Size size, uint64_t seed)
      : random_(seed, Random::scene, 7),
        picture_(size, CV_8UC3),
        wide_(size.width / float(size.height)),
        pen_(picture_, float(size.height), {0, 0}) {}

  cv::Mat paint(Background::Kind kind) {
    gradient();
    switch (kind) {
      case Background::kTexture:
        texture();
        break;
      case Background::kRoom:
        room();
        break;
      case Background::kBlobs:
        blobs();
        break;
      case Background::kOutdoors:
        outdoors();
        break;
      case Background::kClutter:
        clutter();
        break;
      default:
        break;
    }
    if (random_.chance(0.33f)) skin_shapes();
    if (random_.chance(0.7f))
      modulate(picture_, clouds(random_, picture_.size(), 2 + random_.below(6), 3),
               random_.uniform(0.05f, 0.5f));
    return picture_;
  }

 private:
  float uniform(float low, float high) { return random_.uniform(low, high); }
  cv::Point2f place() { return {uniform(0, wide_), uniform(0, 1)}; }
  void box(float x, float y, float w, float h, const Colour& c) {
    pen_.polygon({{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}}, c);
  }

  void gradient() {
    const Colour a = any_colour(random_),
                 b = random_.chance(0.6f) ? scaled(a, uniform(0.5f, 1.4f)) : any_colour(random_);
    const bool round = random_.chance(0.4f);
    const float degrees = uniform(0, 360), dx = std::cos(radians(degrees)),
                dy = std::sin(radians(degrees));
    const cv::Point2f centre = place();
    const float per = 1.f / picture_.rows;
    for (int y = 0; y < picture_.rows; ++y) {
      auto* p = picture_.ptr<cv::Vec3b>(y);
      for (int x = 0; x < picture_.cols; ++x) {
        const float u = x * per - centre.x, v = y * per - centre.y;
        const float t = clamp01(round ? std::sqrt(u * u + v * v) : 0.5f + u * dx + v * dy);
        for (int c = 0; c < 3; ++c) p[x][c] = static_cast<uint8_t>(a[c] + (b[c] - a[c]) * t);
      }
    }
  }

  void texture() {
    if (random_.chance(0.4f)) {
      modulate(picture_, clouds(random_, picture_.size(), 3 + random_.below(20), 4),
               uniform(0.4f, 1.2f));
      return;
    }
    const cv::Mat tile =
        cloth(random_, Pattern(random_.below(int(Pattern::count))), any_colour(random_));
    const float degrees = uniform(0, 90), zoom = uniform(0.3f, 2);
    const float c = zoom * std::cos(radians(degrees)), s = zoom * std::sin(radians(degrees));
    for (int y = 0; y < picture_.rows; ++y) {
      auto* p = picture_.ptr<cv::Vec3b>(y);
      for (int x = 0; x < picture_.cols; ++x) {
        const auto& t =
            tile.at<cv::Vec4b>(int(1024 + s * x + c * y) & 63, int(1024 + c * x - s * y) & 63);
        p[x] = {t[0], t[1], t[2]};
      }
    }
  }

  void window(float x, float y, float w, float h) {
    const Colour frame = any_colour(random_);
    box(x - 0.02f, y - 0.02f, w + 0.04f, h + 0.04f, frame);
    box(x, y, w, h, from_hsv(uniform(0.5f, 0.65f), uniform(0, 0.4f), uniform(0.6f, 1)));
    const int panes = 1 + random_.below(4);
    for (int i = 1; i < panes; ++i) box(x + w * i / panes - 0.01f, y, 0.02f, h, frame);
    if (random_.chance(0.5f)) box(x, y + h * 0.5f - 0.01f, w, 0.02f, frame);
  }

  void shelf(float x, float y, float w) {
    const Colour wood = any_colour(random_);
    for (float at = x; at < x + w;) {
      const float thick = uniform(0.02f, 0.07f), tall = uniform(0.06f, 0.16f);
      if (random_.chance(0.85f)) box(at, y - tall, thick * 0.92f, tall, any_colour(random_));
      at += thick;
    }
    box(x - 0.02f, y, w + 0.04f, 0.02f, wood);
  }

  void room() {
    const float floor = uniform(0.6f, 1.1f), corner = uniform(-0.3f, wide_ + 0.3f),
                slope = uniform(-0.25f, 0.25f);
    const Colour wall = any_colour(random_);
    pen_.polygon({{0, 0}, {corner, 0}, {corner, floor}, {0, floor + slope}}, wall);
    pen_.polygon({{corner, 0}, {wide_, 0}, {wide_, floor - slope}, {corner, floor}},
                 scaled(wall, uniform(0.6f, 1.3f)));
    pen_.polygon({{0, floor + slope}, {corner, floor}, {wide_, floor - slope}, {wide_, 2}, {0, 2}},
                 any_colour(random_));
    const int things = 1 + random_.below(6);
    for (int i = 0; i < things; ++i) {
      const float x = uniform(-0.2f, wide_), y = uniform(0, 0.6f), w = uniform(0.1f, 0.5f),
                  h = uniform(0.1f, 0.5f);
      switch (random_.below(6)) {
        case 0:
          window(x, y, w, h);
          break;
        case 1:
          shelf(x, y + 0.15f, w);
          break;
        case 2:  // a picture in its frame
          box(x, y, w, h, any_colour(random_));
          box(x + 0.02f, y + 0.02f, w - 0.04f, h - 0.04f, any_colour(random_));
          break;
        case 3:  // a door
          box(x, 0.1f, 0.35f, floor - 0.1f, any_colour(random_));
          pen_.ellipse({x + 0.3f, 0.5f}, 0.015f, 0.015f, any_colour(random_));
          break;
        case 4:  // a lamp
          pen_.ellipse({x, y * 0.5f}, 0.5f * w, 0.4f * w, from_hsv(0.12f, uniform(0, 0.4f), 1));
          break;
        default:  // a piece of furniture
          box(x, floor - 0.5f * h, 1.5f * w, h + 0.3f, any_colour(random_));
          pen_.line({{x, floor}, {x + 1.5f * w, floor}}, 0.012f, any_colour(random_));
      }
    }
  }

  void blobs() {
    const int count = 4 + random_.below(22);
    for (int i = 0; i < count; ++i) {
      const float r = uniform(0.03f, 0.35f);
      pen_.ellipse(place(), r, r * uniform(0.4f, 1.2f), any_colour(random_), uniform(0, 180));
    }
  }

  void houses(float horizon) {
    for (float x = uniform(-0.2f, 0.1f); x < wide_;) {
      const float w = uniform(0.12f, 0.45f), top = horizon - uniform(0.1f, 0.7f);
      const Colour wall = from_hsv(uniform(0, 0.14f), uniform(0, 0.4f), uniform(0.3f, 0.95f));
      box(x, top, w, horizon - top + 0.02f, wall);
      const float pitch = uniform(0.05f, 0.12f);
      const Colour glass = scaled(wall, uniform(0.3f, 0.7f));
      for (float wy = top + 0.03f; wy < horizon - 0.05f; wy += pitch) {
        for (float wx = x + 0.02f; wx < x + w - 0.03f; wx += pitch)
          box(wx, wy, pitch * 0.5f, pitch * 0.6f, glass);
      }
      x += w + (random_.chance(0.4f) ? uniform(0, 0.3f) : 0);
    }
  }

  void outdoors() {
    const float horizon = uniform(0.25f, 0.85f);
    box(0, 0, wide_, horizon, from_hsv(uniform(0.52f, 0.65f), uniform(0, 0.6f), uniform(0.5f, 1)));
    if (random_.chance(0.6f)) houses(horizon);
    const int trees = random_.below(6);
    for (int i = 0; i < trees; ++i) {
      const float x = uniform(0, wide_), r = uniform(0.05f, 0.25f);
      const Colour leaves =
          from_hsv(uniform(0.15f, 0.4f), uniform(0.2f, 0.8f), uniform(0.1f, 0.6f));
      box(x - 0.15f * r, horizon - r, 0.3f * r, r + 0.03f, scaled({110, 80, 55}, uniform(0.4f, 1)));
      for (int k = 0; k < 7; ++k) {
        pen_.ellipse({x + uniform(-r, r), horizon - r - uniform(0, 1.3f * r)},
                     uniform(0.3f, 0.8f) * r, uniform(0.3f, 0.7f) * r,
                     scaled(leaves, uniform(0.6f, 1.4f)));
      }
    }
    const bool grass = random_.chance(0.4f);
    box(0, horizon, wide_, 1,
        grass ? from_hsv(uniform(0.18f, 0.33f), uniform(0.3f, 0.7f), uniform(0.2f, 0.7f))
              : from_hsv(uniform(0, 1), uniform(0, 0.2f), uniform(0.2f, 0.85f)));
    if (!grass && random_.chance(0.5f)) {  // paving that runs to the horizon
      const cv::Point2f vanish(uniform(0, wide_), horizon);
      const Colour joint = scaled(from_hsv(0.1f, 0.05f, 0.6f), uniform(0.4f, 1.3f));
      for (int i = -8; i <= 8; ++i)
        pen_.line({vanish, {vanish.x + 0.35f * i, 1.2f}}, 0.005f, joint);
      for (float y = 0.02f; horizon + y < 1; y *= 1.5f)
        pen_.line({{0, horizon + y}, {wide_, horizon + y}}, 0.005f, joint);
    }
    modulate(picture_, clouds(random_, picture_.size(), 12 + random_.below(30), 3),
             uniform(0.1f, 0.6f));
  }

  void clutter() {
    const int count = 10 + random_.below(35);
    for (int i = 0; i < count; ++i) {
      const cv::Point2f at = place();
      const float r = uniform(0.02f, 0.3f), degrees = uniform(0, 360);
      const Colour c = any_colour(random_);
      const auto corner = [&](float a, float k) {
        return at +
               k * r * cv::Point2f(std::cos(radians(degrees + a)), std::sin(radians(degrees + a)));
      };
      switch (random_.below(4)) {
        case 0:
          pen_.line({corner(0, 1), corner(180, 1), corner(uniform(0, 360), 1.5f)},
                    uniform(0.005f, 0.05f), c);
          break;
        case 1:
          pen_.ellipse(at, r, r * uniform(0.3f, 1), c, degrees);
          break;
        case 2:
          pen_.polygon({corner(0, 1), corner(uniform(60, 160), 1), corner(uniform(200, 300), 1)},
                       c);
          break;
        default: {
          const float a = uniform(20, 160);
          pen_.polygon({corner(0, 1), corner(a, 1), corner(180, 1), corner(180 + a, 1)}, c);
        }
      }
    }
  }

  void skin_shapes() {
    const int count = 1 + random_.below(5);
    for (int i = 0; i < count; ++i) {
      const Colour c = skin_colour(random_);
      const float r = uniform(0.03f, 0.2f);
      if (random_.chance(0.5f)) {
        pen_.ellipse(place(), r, r * uniform(0.5f, 1.5f), c, uniform(0, 180));
      } else {
        pen_.line({place(), place()}, 0.4f * r, c);
      }
    }
  }

  Random random_;
  cv::Mat picture_;
  const float wide_;
  Pen pen_;
};

}  // namespace

cv::Mat paint_background(const Background& background, cv::Size size) {
  cv::Mat picture = BackgroundPainter(size, background.seed).paint(background.kind);
  if (background.defocus > 0.3f) cv::GaussianBlur(picture, picture, {}, background.defocus);
  return picture;
}

cv::Mat draw_background(const Background& background, cv::Size size) {
  if (background.painted.empty()) return paint_background(background, size);
  // A pixel's middle is at 0.5 here, and at 0 for OpenCV.
  cv::Matx23f place = background.place;
  for (const int k : {0, 1}) place(k, 2) += 0.5f * (place(k, 0) + place(k, 1) - 1);
  cv::Mat picture;
  cv::warpAffine(background.painted, picture, place, size, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  return picture;
}

cv::Matx23f motion(const Background& from, const Background& to) {
  cv::Matx23f back;
  cv::invertAffineTransform(from.place, back);
  const auto& a = to.place;
  cv::Matx23f both;
  for (const int r : {0, 1}) {
    for (const int c : {0, 1, 2}) both(r, c) = a(r, 0) * back(0, c) + a(r, 1) * back(1, c);
    both(r, 2) += a(r, 2);
  }
  return both;
}

}  // namespace manyfold::data::synthetic
