#include <gmock/gmock.h>

#include "common/config/reader.h"
#include "common/config/yaml_reader.h"
#include "common/error.h"
#include "data/data_options.h"
#include "tests/data/fixture.h"

namespace manyfold::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

DataOptions read(const std::string& yaml) {
  return config::read<DataOptions>(config::parse_yaml(yaml, "data.yaml"));
}

std::string mistake(const std::string& yaml) {
  return message_of<ConfigError>([&] { read(yaml); });
}

TEST(DataConfig, ReadsSourcesOfEveryType) {
  const auto options = read(R"(
size: [96, 160]
batch: 48
mix: {real: 0.3, synthetic: 0.7}
augment: {geometric: {rotate: 5}, photometric: {noise: 0}}
sources:
  fashion: {type: coco, root: /sets/fashion, split: val, labels: {segmentation: {from: mask}}}
  hands:
    type: coco
    root: /sets/hands
    view: crop
    margin: 0.5
    group: real
    weight: 2
    augment: {photometric: 0.5}
    labels:
      gesture:
        from: category
        classes: {fingers_0: fist, mixed: null}
  digits: {type: folders, root: /sets/digits, labels: {gesture: {from: folder}}}
  scenes: {type: synthetic, size: 500, picture_size: [80, 96], labels: {faces: {from: boxes, landmarks: true}}}
  photos: {type: pictures, root: /sets/photos}
)");
  EXPECT_EQ(options.network_size(), cv::Size(160, 96));
  EXPECT_EQ(options.batch, 48);
  EXPECT_EQ(options.augment.geometric.rotate, 5);
  EXPECT_EQ(options.augment.photometric.noise, 0);
  ASSERT_EQ(options.sources.size(), 5u);
  EXPECT_EQ(options.sources[0].second.coco.split, "val");
  EXPECT_EQ(options.sources[0].second.mix_group(), "real");
  const auto& hands = options.sources[1].second;
  EXPECT_EQ(hands.coco.view, "crop");
  EXPECT_EQ(hands.coco.margin, 0.5);
  EXPECT_EQ(hands.weight, 2);
  EXPECT_EQ(hands.augment.photometric, 0.5);
  EXPECT_EQ(hands.augment.geometric, 1);
  EXPECT_EQ(hands.labels.at(0).second.classes.at("fingers_0"), "fist");
  EXPECT_EQ(hands.labels.at(0).second.classes.at("mixed"), "");
  EXPECT_EQ(options.sources[2].second.folders.root, "/sets/digits");
  EXPECT_EQ(options.sources[4].second.pictures.root, "/sets/photos");
  EXPECT_EQ(options.sources[4].second.mix_group(), "real");
  const auto& scenes = options.sources[3].second;
  EXPECT_EQ(scenes.mix_group(), "synthetic");
  EXPECT_EQ(scenes.synthetic.size, 500);
  EXPECT_EQ(scenes.synthetic.scenes.picture_size.height, 80);
  EXPECT_EQ(scenes.synthetic.scenes.picture_size.width, 96);
  EXPECT_TRUE(scenes.labels.at(0).second.landmarks);
}

TEST(DataConfig, SaysWhereAMistakeIs) {
  EXPECT_THAT(mistake("sources:\n  a: {type: cocoa}\n"),
              HasSubstr("data.yaml:2: sources.a.type = 'cocoa', which is unknown; did you mean"));
  EXPECT_THAT(mistake("sources:\n  a: {type: coco}\n"), HasSubstr("sources.a.root must be given"));
  EXPECT_THAT(mistake("sources:\n  a: {type: folders, root: x, view: crop}\n"),
              HasSubstr("sources.a.view = 'crop', which is an unknown key"));
  EXPECT_THAT(mistake("sources: {a: {type: folders, root: x, labels: {g: {classes: {}}}}}"),
              HasSubstr("sources.a.labels.g.from must be given"));
  EXPECT_THAT(mistake("size: [96]"),
              HasSubstr("size = [96], must be [height, width], or one int for a square"));
  EXPECT_THAT(mistake("sources:\n  a: {type: folders, root: x, weight: 2000000000}\n"),
              HasSubstr("sources.a.weight = 2000000000"));
  EXPECT_THAT(mistake("sources:\n  a: {type: pictures, root: x, split: val}\n"),
              HasSubstr("sources.a.split = 'val', which is an unknown key"));
  EXPECT_THAT(mistake("labelled: 2"), HasSubstr("labelled = 2"));
  EXPECT_THAT(mistake("augment: {views: -1}"), HasSubstr("augment.views = -1"));
  EXPECT_THAT(mistake("max_bad_share: 2"), HasSubstr("max_bad_share = 2"));
}

}  // namespace
}  // namespace manyfold::data
