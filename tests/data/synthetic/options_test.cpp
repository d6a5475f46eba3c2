#include "data/synthetic/options.h"

#include "common/config/reader.h"
#include "common/config/yaml_reader.h"
#include "common/error.h"
#include "tests/data/fixture.h"

namespace manyfold::data::synthetic {
namespace {

SceneOptions read(const std::string& yaml) {
  return config::read<SceneOptions>(config::parse_yaml(yaml, "scenes.yaml"));
}
std::string mistake(const std::string& yaml) {
  return message_of<ConfigError>([&] { read(yaml); });
}

TEST(SceneOptions, DefaultsAreAllowed) { EXPECT_EQ(read("{}").max_people, 4); }

TEST(SceneOptions, RefusesSharesThatExceedOneTogether) {
  EXPECT_EQ(mistake("{hand_share: 0.7, empty_share: 0.5}"),
            "scenes.yaml:1: hand_share = 0.7, and empty_share must not exceed 1 together");
  EXPECT_EQ(mistake("{group_share: 0.9, full_body_share: 0.2}"),
            "scenes.yaml:1: group_share = 0.9, and full_body_share must not exceed 1 together");
}

TEST(SceneOptions, RefusesPicturesThatAreTooSmallOrPeopleThatAreTooMany) {
  EXPECT_EQ(mistake("{picture_size: [160, 8], max_people: 400}"),
            "scenes.yaml:1: picture_size[1] = 8, must be in [32, 1024]\n"
            "scenes.yaml:1: max_people = 400, must be in [1, 16]");
}

}  // namespace
}  // namespace manyfold::data::synthetic
