#include "data/synthetic/paint.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "data/synthetic/geometry.h"

namespace manyfold::data::synthetic {
namespace {

constexpr int kShift = 4;  // fractional bits of OpenCV's coordinates

cv::Scalar scalar(const Colour& c) { return {double(c[0]), double(c[1]), double(c[2]), 255}; }
uint8_t byte(float x) { return static_cast<uint8_t>(std::clamp(x, 0.f, 255.f)); }

}  // namespace

Colour mix(const Colour& a, const Colour& b, float t) {
  return {byte(mix(float(a[0]), float(b[0]), t)), byte(mix(float(a[1]), float(b[1]), t)),
          byte(mix(float(a[2]), float(b[2]), t))};
}

Colour scaled(const Colour& c, float f) { return {byte(c[0] * f), byte(c[1] * f), byte(c[2] * f)}; }

Colour from_hsv(float hue, float saturation, float value) {
  const auto channel = [&](float n) {
    const float k = std::fmod(n + hue * 6, 6.f);
    return byte(255 * value * (1 - saturation * std::max(0.f, std::min({k, 4 - k, 1.f}))));
  };
  return {channel(5), channel(3), channel(1)};
}

Colour any_colour(Random& random) {
  const float hue = random.uniform(), value = random.uniform(0.04f, 1);
  const float grey = random.uniform();
  const float saturation = grey < 0.35f ? random.uniform(0, 0.12f) : random.uniform(0.1f, 0.95f);
  return from_hsv(hue, saturation, value);
}

Colour skin_colour(Random& random) {
  // From deep to pale, with a reddish, olive or yellowish cast.
  const float tone = random.uniform();
  const float hue = random.uniform(0.025f, 0.085f);
  const float saturation = mix(0.56f, 0.2f, tone) + random.uniform(-0.1f, 0.12f);
  return from_hsv(hue, saturation, mix(0.34f, 0.98f, std::sqrt(tone)));
}

Colour hair_colour(Random& random) {
  const float kind = random.uniform();
  if (kind < 0.45f)
    return from_hsv(random.uniform(0.03f, 0.12f), random.uniform(0, 0.5f),
                    random.uniform(0.04f, 0.2f));
  if (kind < 0.68f)
    return from_hsv(random.uniform(0.03f, 0.09f), random.uniform(0.35f, 0.7f),
                    random.uniform(0.2f, 0.45f));
  if (kind < 0.82f)
    return from_hsv(random.uniform(0.08f, 0.13f), random.uniform(0.25f, 0.6f),
                    random.uniform(0.5f, 0.9f));
  if (kind < 0.95f) return from_hsv(0.1f, random.uniform(0, 0.12f), random.uniform(0.4f, 0.92f));
  return any_colour(random);
}

cv::Mat filled(int width, int height, const Colour& colour) {
  return cv::Mat(height, width, CV_8UC4, scalar(colour));
}

std::vector<cv::Point> Pen::fixed(const std::vector<cv::Point2f>& points) const {
  std::vector<cv::Point> out;
  out.reserve(points.size());
  for (const auto& p : points) {
    // Texel i covers [i, i + 1), while OpenCV has its centre at i.
    const cv::Point2f q = (p - origin_) * scale_ - cv::Point2f(0.5f, 0.5f);
    out.emplace_back(cvRound(q.x * (1 << kShift)), cvRound(q.y * (1 << kShift)));
  }
  return out;
}

void Pen::polygon(const std::vector<cv::Point2f>& corners, const Colour& colour) {
  cv::fillPoly(picture_, std::vector<std::vector<cv::Point>>{fixed(corners)}, scalar(colour),
               cv::LINE_AA, kShift);
}

void Pen::line(const std::vector<cv::Point2f>& points, float thickness, const Colour& colour) {
  const int width = std::max(1, cvRound(thickness * scale_));
  cv::polylines(picture_, std::vector<std::vector<cv::Point>>{fixed(points)}, false, scalar(colour),
                width, cv::LINE_AA, kShift);
}

void Pen::ellipse(cv::Point2f centre, float half_width, float half_height, const Colour& colour,
                  float degrees) {
  const auto at = fixed({centre}).front();
  const cv::Size size(cvRound(half_width * scale_ * (1 << kShift)),
                      cvRound(half_height * scale_ * (1 << kShift)));
  cv::ellipse(picture_, at, size, degrees, 0, 360, scalar(colour), cv::FILLED, cv::LINE_AA, kShift);
}

cv::Mat clouds(Random& random, cv::Size size, int cells, int octaves) {
  if (size.width > 64) {  // summed at half the resolution: there is nothing that fine in it
    cv::Mat large;
    const cv::Size half((size.width + 1) / 2, (size.height + 1) / 2);
    cv::resize(clouds(random, half, cells, octaves), large, size, 0, 0, cv::INTER_LINEAR);
    return large;
  }
  cv::Mat sum = cv::Mat::zeros(size, CV_32FC1), layer;
  float weight = 1, total = 0;
  for (int octave = 0; octave < octaves; ++octave) {
    const int columns = cells << octave;
    const int rows = std::max(2, columns * size.height / std::max(1, size.width));
    if (octave > 0 && columns > size.width) break;
    cv::Mat_<float> knots(rows, std::max(2, columns));
    for (auto& knot : knots) knot = random.uniform();
    cv::resize(knots, layer, size, 0, 0, octave == 0 ? cv::INTER_CUBIC : cv::INTER_LINEAR);
    cv::scaleAdd(layer, weight, sum, sum);
    total += weight;
    weight *= 0.55f;
  }
  return sum * (1 / total);
}

void modulate(cv::Mat& picture, const cv::Mat& field, float amount) {
  const int channels = picture.channels();
  const float slope = 2 * amount, least = 1 - amount;
  for (int y = 0; y < picture.rows; ++y) {
    uint8_t* p = picture.ptr(y);
    const float* f = field.ptr<float>(y);
    for (int x = 0; x < picture.cols; ++x, p += channels) {
      // Fixed point: the field is smooth and the result is eight bits.
      const int factor = std::max(0, static_cast<int>(256 * (least + slope * f[x])));
      for (int c = 0; c < 3; ++c) p[c] = static_cast<uint8_t>(std::min(255, p[c] * factor >> 8));
    }
  }
}

cv::Mat cloth(Random& random, Pattern pattern, const Colour& colour) {
  constexpr int kSide = 64;
  cv::Mat texture = filled(kSide, kSide, colour);
  const Colour other = any_colour(random);
  Pen pen(texture, kSide, {0, 0});
  const int count = 1 << (1 + random.below(3));
  const float share = random.uniform(0.2f, 0.6f);
  if (pattern == Pattern::stripes || pattern == Pattern::plaid) {
    const bool down = random.chance(0.4f) || pattern == Pattern::plaid;
    const bool across = !down || pattern == Pattern::plaid;
    const Colour woven = pattern == Pattern::plaid ? mix(colour, other, 0.5f) : other;
    for (int i = 0; i < count; ++i) {
      const float a = float(i) / count, b = a + share / count;
      if (down) pen.polygon({{a, 0}, {b, 0}, {b, 1}, {a, 1}}, woven);
      if (across) pen.polygon({{0, a}, {1, a}, {1, b}, {0, b}}, woven);
    }
    for (int i = 0; down && across && i < count; ++i) {
      for (int k = 0; k < count; ++k) {
        const float x = float(i) / count, y = float(k) / count, d = share / count;
        pen.polygon({{x, y}, {x + d, y}, {x + d, y + d}, {x, y + d}}, other);
      }
    }
  } else if (pattern == Pattern::dots) {
    for (int i = 0; i < count * count; ++i) {
      const float x = (i % count + 0.5f) / count, y = (i / count + 0.5f) / count;
      pen.ellipse({x, y}, 0.5f * share / count, 0.5f * share / count, other);
    }
  } else if (pattern == Pattern::letters) {
    for (int i = 0; i < 5; ++i) {
      const cv::Point2f a(random.uniform(0.2f, 0.8f), random.uniform(0.2f, 0.8f));
      pen.line({a, a + cv::Point2f(random.uniform(-.3f, .3f), random.uniform(-.3f, .3f))}, 0.05f,
               other);
    }
  }
  const bool rough = pattern == Pattern::noise;
  modulate(texture, clouds(random, texture.size(), rough ? 16 : 4, 3), rough ? 0.9f : 0.25f);
  return texture;
}

cv::Mat strands(Random& random, const Colour& colour, float contrast, float gaps) {
  constexpr int kSide = 64;
  cv::Mat texture = filled(kSide, kSide, colour);
  std::array<float, kSide> tone;
  float smooth = 0;
  for (auto& t : tone) {
    smooth = 0.6f * smooth + 0.4f * random.uniform(-1, 1);
    t = 1 + contrast * (1.4f * smooth + 0.5f * random.uniform(-1, 1));
  }
  const cv::Mat bend = clouds(random, texture.size(), 4, 2);
  for (int y = 0; y < kSide; ++y) {
    auto* p = texture.ptr<cv::Vec4b>(y);
    const float* b = bend.ptr<float>(y);
    for (int x = 0; x < kSide; ++x) {
      const int from = static_cast<int>(x + 14 * b[x]) & (kSide - 1);
      for (int c = 0; c < 3; ++c) p[x][c] = byte(p[x][c] * tone[from] * (0.75f + 0.5f * b[x]));
      if (tone[from] < 1 - contrast * (1.05f - gaps)) p[x][3] = gaps > 0 ? 0 : 255;
    }
  }
  return texture;
}

}  // namespace manyfold::data::synthetic
