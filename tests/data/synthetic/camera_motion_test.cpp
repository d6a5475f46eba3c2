#include "data/synthetic/camera_motion.h"

#include <gtest/gtest.h>

namespace manyfold::data::synthetic {
namespace {

// What is drawn is said by the order of the draws, which no compiler may choose: a period, an
// amplitude, and what names the stream.
TEST(LightMotion, IsDrawnInOneOrder) {
  ClipOptions options;
  options.light_share = 1;
  Random drawn(3, Random::scene), expected(3, Random::scene);
  const auto motion = choose_light_motion(0.5f, options, drawn);
  const auto amplitude = [&](float most) {
    expected.uniform();
    const float amplitude = expected.uniform(0, most);
    expected(), expected();
    return amplitude;
  };
  expected.uniform();  // whether the light moves
  EXPECT_FLOAT_EQ(motion.yaw.amplitude(), amplitude(40));
  EXPECT_FLOAT_EQ(motion.pitch.amplitude(), amplitude(20));
  EXPECT_FLOAT_EQ(motion.exposure.amplitude(), 0.5f * amplitude(0.15f));
  EXPECT_FLOAT_EQ(motion.warmth.amplitude(), 0.5f * amplitude(0.05f));
  EXPECT_EQ(drawn(), expected());
}

TEST(CameraMotion, OfAPanIsDrawnInOneOrder) {
  ClipOptions options;
  options.static_camera_share = 0;
  options.pan_share = 1;
  Random drawn(4, Random::scene), expected(4, Random::scene);
  const auto motion = choose_camera_motion({200, 100}, options, drawn);
  expected.uniform();  // which kind
  const float shake = expected.uniform(0.01f, 0.04f) * 100;
  for (int wander = 0; wander < 2; ++wander) expected.uniform(), expected(), expected();
  EXPECT_FLOAT_EQ(motion.y.amplitude(), shake);
  expected.uniform();
  EXPECT_FLOAT_EQ(motion.roll.amplitude(), expected.uniform(0.3f, 1.5f));
  expected(), expected(), expected.uniform();
  EXPECT_FLOAT_EQ(motion.x.amplitude(), expected.uniform(0.2f, 0.5f) * 200);
}

}  // namespace
}  // namespace manyfold::data::synthetic
