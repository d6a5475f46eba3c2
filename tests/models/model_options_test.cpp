#include "models/model_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/error.h"

namespace manyfold::models {
namespace {

using ::testing::HasSubstr;

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

}  // namespace
}  // namespace manyfold::models
