#include "data/synthetic/clip_options.h"

#include "common/config/reader.h"
#include "common/config/yaml_reader.h"
#include "common/error.h"
#include "tests/data/fixture.h"

namespace manyfold::data::synthetic {
namespace {

ClipOptions read(const std::string& yaml) {
  return config::read<ClipOptions>(config::parse_yaml(yaml, "clips.yaml"));
}

TEST(ClipOptions, RefusesSharesThatExceedOneTogether) {
  EXPECT_EQ(read("{pan_share: 0.5}").static_camera_share, 0.5);
  EXPECT_EQ(message_of<ConfigError>([&] { read("{static_camera_share: 0.7, pan_share: 0.4}"); }),
            "clips.yaml:1: static_camera_share = 0.7, and pan_share must not exceed 1 together");
}

}  // namespace
}  // namespace manyfold::data::synthetic
