// Configs that runs of earlier versions left in their checkpoints and packages.

#include "cli/job/saved_job.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "common/config/json_writer.h"
#include "common/config/reader.h"
#include "common/config/yaml_reader.h"

namespace manyfold::cli {
namespace {

using nlohmann::json;

config::Value brought_up(const std::string& yaml) {
  auto config = config::parse_yaml(yaml, "config.yaml");
  bring_up_to_date(config);
  return config;
}

json as_json(const config::Value& config) { return json::parse(config::to_json(config)); }

/// A job with faces as it was written before detectors could have several grids.
const char* const kOld = R"(
model: {input_size: [64, 64], encoder: edge_200k}
tasks:
  faces:
    type: faces
    weight: 1
    landmarks: 5
    threshold: 0.4
    stride: 16
    ssld: {anchors: [0.1, 0.1, 0.2, 0.2], landmark_weight: 12}
)";

TEST(SavedJob, CallsTheKeysOfAnOldDetectorAsTheyAreCalledNow) {
  const auto config = brought_up(kOld);
  EXPECT_EQ(as_json(config), json::parse(R"({
      "model": {"input_size": [64, 64], "encoder": "edge_200k"},
      "tasks": {"faces": {
          "type": "faces", "weight": 1, "landmarks": 5, "threshold": 0.4,
          "detector": {"anchors": [0.1, 0.1, 0.2, 0.2], "landmark_weight": 12,
                       "strides": [16]}}}})"));
  // And the task knows them.
  const auto faces =
      config::read<train::TaskOptions>(*config.find("tasks")->find("faces")).task->describe();
  EXPECT_EQ(faces.at("strides"), json({16}));
  EXPECT_EQ(faces.at("anchors").size(), 4u);
  EXPECT_EQ(faces.at("threshold"), 0.4);
}

TEST(SavedJob, FindsAnOldStrideWithoutADetectorToo) {
  EXPECT_EQ(
      as_json(brought_up("tasks: {faces: {type: faces, stride: 16}}")),
      json::parse(R"({"tasks": {"faces": {"type": "faces", "detector": {"strides": [16]}}}})"));
}

// A stride of another task was never the detector's: it is for the reader to refuse.
TEST(SavedJob, LeavesConfigsOfTodayAndOtherTasksAsTheyAre) {
  for (const auto* yaml : {"tasks: {faces: {type: faces, detector: {strides: [8, 16], anchors: "
                           "[0.1, 0.1, 0.4, 0.4]}}}",
                           "tasks: {sign: {type: classification, classes: [a, b], stride: 8}}",
                           "tasks: {}", "train: {}", "null"}) {
    EXPECT_EQ(as_json(brought_up(yaml)), as_json(config::parse_yaml(yaml, "config.yaml"))) << yaml;
  }
}

}  // namespace
}  // namespace manyfold::cli
