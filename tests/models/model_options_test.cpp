#include "models/model_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/config/reader.h"
#include "common/config/yaml_reader.h"
#include "common/error.h"
#include "tests/errors.h"

namespace manyfold::models {
namespace {

using ::testing::HasSubstr;

ModelOptions read(const std::string& yaml) {
  return config::read<ModelOptions>(config::parse_yaml(yaml, "model.yaml"));
}
std::string mistake(const std::string& yaml) {
  return error_of([&] { read(yaml); });
}

TEST(ModelOptions, NameTheNearestSizes) {
  EXPECT_EQ(input_size_problem({160, 96}), "");
  EXPECT_THAT(input_size_problem({100, 160}), HasSubstr("instead of 100 use 96 or 128"));
  EXPECT_THAT(input_size_problem({160, 31}), HasSubstr("instead of 31 use 32"));
  EXPECT_THAT(input_size_problem({160, -5}), HasSubstr("instead of -5 use 32"));
}

TEST(ModelOptions, RefuseASizeThatLeavesOneCell) {
  EXPECT_THAT(input_size_problem({32, 32}), HasSubstr("one side must be at least 64"));
  EXPECT_EQ(input_size_problem({32, 64}), "");
  EXPECT_EQ(input_size_problem({64, 32}), "");
}

TEST(ModelOptions, MakeTheEncoderTheyName) {
  ModelOptions options;
  options.encoder = "edge_200k";
  EXPECT_EQ(options.make_encoder()->features().back().stride, 32);
}

TEST(ModelOptions, RefuseAnUnknownEncoderWithTheNearest) {
  ModelOptions options;
  options.encoder = "edge_420";
  try {
    options.make_encoder();
    FAIL();
  } catch (const ConfigError& e) {
    EXPECT_THAT(e.what(), HasSubstr("unknown encoder 'edge_420'; did you mean 'edge_420k'?"));
  }
}

TEST(ModelOptions, MakeAMemoryWhenAsked) {
  ModelOptions options;
  const auto maps = options.make_encoder()->features();
  EXPECT_FALSE(options.make_temporal(maps));

  options = read("temporal: {type: convgru, strides: [32], channels: 0.25, kernel: 1}");
  EXPECT_EQ(options.temporal.kernel, 1);
  const auto temporal = options.make_temporal(maps);
  ASSERT_TRUE(temporal);
  ASSERT_EQ(temporal->states().size(), 1u);
  EXPECT_EQ(temporal->states()[0].stride, 32);
  EXPECT_EQ(temporal->states()[0].channels, 40);  // a quarter of 152, to a multiple of 8
}

TEST(ModelOptions, RefuseAMemoryThatCannotBe) {
  EXPECT_EQ(mistake("temporal: {kernel: 4}"),
            "model.yaml:1: temporal.kernel = 4, must be 1, 3 or 5");
  EXPECT_EQ(mistake("temporal: {channels: 0.0}"),
            "model.yaml:1: temporal.channels = 0.0, must be in (0, 1]");
  EXPECT_EQ(mistake("temporal: {type: convgr}"),
            "model.yaml:1: temporal.type = 'convgr', which is unknown; did you mean 'convgru'? "
            "known: convgru, none");
  ModelOptions options;
  options.temporal.type = "convgr";
  EXPECT_THAT(error_of([&] {
                options.make_temporal({{8, 16}});
              }),
              HasSubstr("unknown temporal layer 'convgr'; did you mean 'convgru'?"));
}

}  // namespace
}  // namespace manyfold::models
