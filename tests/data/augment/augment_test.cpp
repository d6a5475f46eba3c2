#include "data/augment/augment.h"

#include <gmock/gmock.h>

#include <cmath>

#include "common/error.h"
#include "tests/data/fixture.h"

namespace manyfold::data {
namespace {

GeometricOptions still() {
  GeometricOptions options;
  options.mirror = options.stretch = options.shift = options.rotate = 0;
  options.zoom_in = options.zoom_out = 1;
  return options;
}

Geometry draw(const GeometricOptions& options, uint64_t seed, double strength = 1) {
  Random random(seed, Random::augment);
  return draw_geometry(options, strength, {320, 240}, {160, 160}, Fit::letterbox, random);
}

TEST(DrawGeometry, WithoutAnyRangeIsThePlainFit) {
  const auto plain = fit({320, 240}, {160, 160});
  const auto drawn = draw(still(), 1);
  EXPECT_FALSE(drawn.mirrored);
  EXPECT_LT(cv::norm(cv::Mat(drawn.map), cv::Mat(plain.map), cv::NORM_INF), 1e-9);
}

TEST(DrawGeometry, MirroringSwapsTheSidesOfTheNetworksPicture) {
  auto options = still();
  options.mirror = 1;
  const auto drawn = draw(options, 1);
  EXPECT_TRUE(drawn.mirrored);
  const auto corner = apply(drawn.map, {0, 0});
  EXPECT_NEAR(corner.x, 160, 1e-4);
  EXPECT_NEAR(corner.y, 20, 1e-4);
}

TEST(DrawGeometry, DrawsStayInTheirRanges) {
  GeometricOptions options;
  for (uint64_t seed = 0; seed < 500; ++seed) {
    const auto map = draw(options, seed).map;
    const double area = std::abs(map(0, 0) * map(1, 1) - map(0, 1) * map(1, 0));
    const double zoom = std::sqrt(area) / 0.5;  // the letterbox's own scale
    EXPECT_GE(zoom, options.zoom_out - 1e-6);
    EXPECT_LE(zoom, options.zoom_in + 1e-6);
    const auto centre = apply(map, {160, 120});
    EXPECT_LE(std::abs(centre.x - 80), 16.001);
    EXPECT_LE(std::abs(centre.y - 80), 16.001);
    const double degrees = std::atan2(map(1, 0), std::abs(map(0, 0))) * 180 / CV_PI;
    EXPECT_LE(std::abs(degrees), options.rotate + 1e-6);
  }
}

TEST(DrawGeometry, StrengthZeroLeavesOnlyTheMirror) {
  auto options = GeometricOptions();
  options.mirror = 0;
  EXPECT_LT(cv::norm(cv::Mat(draw(options, 1, 0).map), cv::Mat(draw(still(), 1).map), cv::NORM_INF),
            1e-9);
}

TEST(Augment, IsAFunctionOfTheStream) {
  Sample sample;
  sample.frames = {{drawn_picture(320, 240)}};
  const auto once = [&](uint32_t slot) {
    Random random(1, Random::augment, 2, slot);
    return augment(sample, {}, {}, {160, 160}, Fit::letterbox, {}, random).frames[0].picture;
  };
  EXPECT_EQ(cv::norm(once(3), once(3), cv::NORM_INF), 0);
  EXPECT_GT(cv::norm(once(3), once(4), cv::NORM_INF), 0);
}

TEST(Augment, SwitchedOffItIsThePlainFit) {
  Sample sample;
  sample.frames = {{drawn_picture(320, 240)}};
  AugmentOptions options;
  options.enabled = false;
  Random random(1, Random::augment);
  const auto out = augment(sample, options, {}, {160, 160}, Fit::letterbox, {}, random);
  EXPECT_EQ(
      cv::norm(out.frames[0].picture,
               warp_picture(sample.frames[0].picture, fit({320, 240}, {160, 160})), cv::NORM_INF),
      0);
}

TEST(Augment, FramesOfAClipMoveTogether) {
  Sample clip;
  clip.frames = {{drawn_picture(64, 64)}, {drawn_picture(64, 64)}};
  AugmentOptions options;
  options.photometric.noise = 0;
  Random random(1, Random::augment);
  const auto out = augment(clip, options, {}, {64, 64}, Fit::letterbox, {}, random);
  EXPECT_EQ(cv::norm(out.frames[0].picture, out.frames[1].picture, cv::NORM_INF), 0);
}

TEST(NeededDetail, GrowsWithTheZoom) {
  AugmentOptions options;
  options.geometric.zoom_in = 1.5;
  options.geometric.stretch = 0;
  EXPECT_EQ(needed_detail(options, {}, {160, 96}, Fit::letterbox), 240);
  EXPECT_EQ(needed_detail(options, {0, 1}, {160, 96}, Fit::letterbox), 160);
  options.enabled = false;
  EXPECT_EQ(needed_detail(options, {}, {160, 96}, Fit::letterbox), 160);
  EXPECT_EQ(needed_detail({160, 96}, Fit::letterbox), 160);
}

TEST(NeededDetail, IsAllOfAPictureWhoseSidesAreScaledApart) {
  // 640x96 on 160x96: the longer side shrinks to a quarter, the shorter one must stay.
  EXPECT_EQ(needed_detail({160, 96}, Fit::stretch), 0);
  EXPECT_EQ(needed_detail({}, {}, {160, 96}, Fit::stretch), 0);
}

TEST(CheckMirroring, KeyPointsMustSayWhatTheyBecome) {
  auto spec = object_spec({"face"}, 2);
  EXPECT_THAT(message_of<ConfigError>([&] {
                check_mirroring({}, {{"faces", spec}});
              }),
              testing::HasSubstr("task faces does not say which of its 2 key points"));
  spec.mirrored_landmark = {1, 0};
  EXPECT_NO_THROW(check_mirroring({}, {{"faces", spec}}));
  AugmentOptions without;
  without.geometric.mirror = 0;
  EXPECT_NO_THROW(check_mirroring(without, {{"faces", object_spec({"face"}, 2)}}));
  AugmentOptions off;
  off.enabled = false;
  EXPECT_NO_THROW(check_mirroring(off, {{"faces", object_spec({"face"}, 2)}}));
}

}  // namespace
}  // namespace manyfold::data
