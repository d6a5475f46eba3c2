#include "data/synthetic/face_paint.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>

namespace manyfold::data::synthetic {
namespace {

using Points = std::vector<cv::Point2f>;

class FacePainter {
 public:
  FacePainter(const Head& head, const FaceLook& look, float scale)
      : head_(head),
        look_(look),
        flat_(head.flat()),
        scale_(scale),
        random_(look.seed, Random::scene, 1),
        size_(cvRound(kPaintWidth * scale), cvRound(kPaintHeight * scale)) {}

  cv::Mat paint() {
    paint_tones();
    Pen pen(picture_, scale_, {kPaintLeft, kPaintTop});
    lines(pen);
    nostrils(pen);
    for (const bool right : {false, true}) {
      eye(pen, right);
      brow(pen, right);
    }
    mouth(pen);
    return picture_;
  }

 private:
  cv::Point2f mean(int first, int last) const {
    cv::Point2f sum;
    for (int k = first; k <= last; ++k) sum += flat_[k];
    return sum * (1.f / (last - first + 1));
  }
  Points points(std::initializer_list<int> which) const {
    Points out;
    for (const int k : which) out.push_back(flat_[k]);
    return out;
  }
  Colour shade(float factor) const { return scaled(look_.skin, factor); }

  /// What is soft (cheeks, sockets, beard), painted small and blown up.
  void paint_tones() {
    constexpr float kSoft = 11;
    cv::Mat soft(cvRound(kPaintHeight * kSoft), cvRound(kPaintWidth * kSoft), CV_8UC4,
                 cv::Scalar(look_.skin[0], look_.skin[1], look_.skin[2], 255));
    Pen pen(soft, kSoft, {kPaintLeft, kPaintTop});
    const Colour red = mix(look_.skin, {190, 70, 70}, 0.35f * look_.blush);
    const Colour socket = mix(shade(0.8f), {90, 50, 80}, 0.12f + 0.5f * look_.make_up);
    for (const int side : {-1, 1}) {
      pen.ellipse({side * 0.62f, 0.6f}, 0.28f, 0.22f, red);
      const auto eye = side < 0 ? mean(36, 41) : mean(42, 47);
      pen.ellipse(eye + cv::Point2f(-0.03f * side, -0.02f), 0.27f, 0.14f, socket);
    }
    pen.ellipse(flat_[30], 0.16f, 0.12f, red);
    pen.ellipse({0, flat_[57].y + 0.12f}, 0.2f, 0.05f, shade(0.86f));
    hairy_skin(pen);
    cv::GaussianBlur(soft, soft, {3, 3}, 0);
    cv::resize(soft, picture_, size_, 0, 0, cv::INTER_LINEAR);
    modulate(picture_, clouds(random_, size_, 6, 3), 0.06f + 0.14f * look_.blotches);
    if (std::max({look_.beard, look_.moustache, look_.stubble}) > 0.3f) grain();
  }

  void hairy_skin(Pen& pen) {
    const float stubble = 0.4f * look_.stubble;
    const float beard = std::max(stubble, 0.92f * look_.beard);
    const float lip = std::max(stubble, 0.92f * look_.moustache);
    const float chin = head_.chin(), wide = flat_[54].x;
    if (beard > 0.05f) {
      const Colour colour = mix(look_.skin, look_.hair, beard);
      Points area;
      for (int k = 0; k <= 16; ++k) area.push_back({flat_[k].x * 1.2f, flat_[k].y + 0.1f});
      const float cheek = mix(flat_[48].y, 0.75f, look_.beard);
      area.push_back({0.78f, cheek});
      area.push_back({wide + 0.1f, flat_[54].y - 0.05f});
      area.push_back({wide - 0.1f, flat_[57].y + 0.1f});
      area.push_back({0.1f - wide, flat_[57].y + 0.1f});
      area.push_back({-wide - 0.1f, flat_[48].y - 0.05f});
      area.push_back({-0.78f, cheek});
      pen.polygon(area, colour);
      pen.polygon({{-0.9f, chin}, {0.9f, chin}, {0.9f, chin + 0.5f}, {-0.9f, chin + 0.5f}}, colour);
    }
    if (lip > 0.05f) {
      const Colour colour = mix(look_.skin, look_.hair, lip);
      const float top = flat_[33].y + 0.06f;
      pen.polygon({{-0.18f, top},
                   {0.18f, top},
                   {wide + 0.08f, flat_[54].y + 0.04f},
                   {wide - 0.05f, flat_[54].y + 0.1f},
                   {0, flat_[51].y + 0.03f},
                   {0.05f - wide, flat_[48].y + 0.1f},
                   {-wide - 0.08f, flat_[48].y + 0.04f}},
                  colour);
    }
  }

  /// Single hairs, as noise on the lower face.
  void grain() {
    const int first = std::max(0, cvRound((flat_[33].y - kPaintTop) * scale_));
    for (int y = first; y < size_.height; ++y) {
      auto* p = picture_.ptr<cv::Vec4b>(y);
      for (int x = 0; x < size_.width; x += 2) {
        const float factor = random_.uniform(0.75f, 1.2f);
        for (int c = 0; c < 3; ++c)
          p[x][c] = static_cast<uint8_t>(std::min(255.f, p[x][c] * factor));
      }
    }
  }

  void lines(Pen& pen) {
    const float depth = 0.3f * look_.age + 0.15f * std::max(0.f, head_.expression().smile);
    const Colour crease = shade(1 - depth);
    for (const int side : {-1, 1}) {
      const auto wing = flat_[side < 0 ? 31 : 35], corner = flat_[side < 0 ? 48 : 54];
      pen.line({wing + cv::Point2f(0.06f * side, -0.05f),
                (wing + corner) * 0.5f + cv::Point2f(0.12f * side, 0),
                corner + cv::Point2f(0.1f * side, 0.02f)},
               0.025f, crease);
      const auto eye = side < 0 ? mean(36, 41) : mean(42, 47);
      pen.line({eye + cv::Point2f(-0.17f * side, 0.12f), eye + cv::Point2f(0.02f * side, 0.17f),
                eye + cv::Point2f(0.18f * side, 0.13f)},
               0.02f, shade(1 - 0.6f * depth - 0.05f));
    }
    for (int k = 0; look_.age > 0.4f && k < 3; ++k) {
      const float y = -0.75f - 0.17f * k;
      pen.line({{-0.5f, y + 0.03f}, {0, y}, {0.5f, y + 0.03f}}, 0.02f, shade(1 - 0.2f * look_.age));
    }
  }

  void nostrils(Pen& pen) {
    const Colour dark = mix(shade(0.3f), {60, 20, 20}, 0.3f);
    for (const int k : {32, 34}) {
      const float side = k == 32 ? -1 : 1;
      pen.ellipse(flat_[k] + cv::Point2f(0.02f * side, -0.015f), 0.055f * head_.shape().nose_width,
                  0.03f, dark, 18 * side);
      const auto wing = flat_[k == 32 ? 31 : 35];
      pen.line({wing + cv::Point2f(-0.02f * side, 0.03f), wing + cv::Point2f(0.015f * side, -0.03f),
                wing + cv::Point2f(-0.01f * side, -0.12f)},
               0.025f, shade(0.72f));
    }
    pen.line({flat_[32] + cv::Point2f(0, 0.02f), flat_[33] + cv::Point2f(0, 0.01f),
              flat_[34] + cv::Point2f(0, 0.02f)},
             0.02f, shade(0.68f));
  }

  void eye(Pen& pen, bool right) {
    const int k = right ? 42 : 36;
    const auto& e = head_.expression();
    const auto& p = flat_;
    const Points rim = {p[k], p[k + 1], p[k + 2], p[k + 3], p[k + 4], p[k + 5]};
    const cv::Point2f centre = (p[k] + p[k + 3]) * 0.5f;
    const float wide = 0.5f * (p[k + 3].x - p[k].x);
    const Colour lid = shade(0.5f), lash = mix(look_.hair, {20, 15, 15}, 0.6f);
    const Colour crease = shade(0.68f - 0.2f * look_.make_up);
    // The fold above the lid.
    pen.line({p[k] + cv::Point2f(0, -0.05f), p[k + 1] + cv::Point2f(0, -0.07f),
              p[k + 2] + cv::Point2f(0, -0.07f), p[k + 3] + cv::Point2f(0, -0.04f)},
             0.02f, crease);
    const float opening = 0.5f * (p[k + 5].y + p[k + 4].y - p[k + 1].y - p[k + 2].y);
    if (opening > 0.02f) {
      pen.polygon(rim, {226, 218, 214});
      // The iris, clipped to the opening: a fan of its chord at every height.
      const cv::Point2f look =
          centre + cv::Point2f(0.45f * wide * e.gaze.x, 0.02f * e.gaze.y - 0.012f);
      iris(rim, look, 0.092f, look_.iris);
      iris(rim, look, 0.04f, {12, 10, 10});
      pen.ellipse(look + cv::Point2f(0.03f, -0.03f), 0.013f, 0.013f, {250, 250, 250});
    }
    pen.line({p[k], p[k + 1], p[k + 2], p[k + 3]}, 0.022f + 0.025f * look_.make_up, lash);
    pen.line({p[k + 3], p[k + 4], p[k + 5], p[k]}, 0.015f, opening > 0.02f ? lid : lash);
  }

  /// A disc where the eye is open.
  void iris(const Points& rim, cv::Point2f centre, float radius, const Colour& colour) {
    Points disc;
    for (int i = 0; i < 16; ++i) {
      const float a = 2 * kPi * i / 16;
      disc.push_back(centre + radius * cv::Point2f(std::cos(a), std::sin(a)));
    }
    Points inside;
    if (cv::intersectConvexConvex(disc, rim, inside) > 0 && inside.size() > 2) {
      Pen(picture_, scale_, {kPaintLeft, kPaintTop}).polygon(inside, colour);
    }
  }

  void brow(Pen& pen, bool right) {
    if (look_.brows <= 0.02f) return;
    const Colour colour = mix(look_.skin, look_.hair, std::min(1.f, 0.35f + 0.7f * look_.brows));
    const float thick = 0.03f + 0.09f * look_.brows;
    Points upper, lower;
    for (int i = 0; i < 5; ++i) {
      const int k = right ? 22 + i : 17 + i;
      const float inner = right ? 4.f - i : float(i);  // 4 at the nose
      const float half = 0.5f * thick * (inner < 1 ? 0.25f : 1) * (0.75f + 0.1f * inner);
      upper.push_back(flat_[k] + cv::Point2f(0, -half));
      lower.push_back(flat_[k] + cv::Point2f(0, half));
    }
    upper.insert(upper.end(), lower.rbegin(), lower.rend());
    pen.polygon(upper, colour);
  }

  void mouth(Pen& pen) {
    const auto& e = head_.expression();
    const Points outer = points({48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59});
    pen.polygon(outer, look_.lips);
    pen.polygon(points({48, 49, 50, 51, 52, 53, 54, 64, 63, 62, 61, 60}),
                scaled(look_.lips, 0.85f));
    const Points inner = points({60, 61, 62, 63, 64, 65, 66, 67});
    const float gap = flat_[66].y - flat_[62].y;
    if (gap > 0.05f) {
      pen.polygon(inner, {70, 25, 25});
      const float teeth = std::min(0.55f * gap, 0.16f);
      const auto under = [&](int k, float share) {
        return flat_[k] + cv::Point2f(0, teeth * share);
      };
      if (e.smile > -0.3f) {
        pen.polygon(
            {flat_[60] * 0.6f + flat_[61] * 0.4f, flat_[61], flat_[62], flat_[63],
             flat_[64] * 0.6f + flat_[63] * 0.4f, under(63, 0.9f), under(62, 1), under(61, 0.9f)},
            {228, 220, 208});
      }
    } else {
      pen.line({flat_[60], flat_[61], flat_[62], flat_[63], flat_[64]}, 0.03f,
               scaled(look_.lips, 0.5f));
    }
  }

  const Head& head_;
  const FaceLook& look_;
  const std::array<cv::Point2f, 68>& flat_;
  const float scale_;
  Random random_;
  const cv::Size size_;
  cv::Mat picture_;
};

}  // namespace

cv::Mat paint_face(const Head& head, const FaceLook& look, float scale) {
  return FacePainter(head, look, scale).paint();
}

}  // namespace manyfold::data::synthetic
