#include "losses/ssld_options.h"

#include <gmock/gmock.h>

#include "common/config/reader.h"
#include "common/config/yaml_reader.h"
#include "common/error.h"

namespace manyfold::losses {
namespace {

using testing::HasSubstr;

SsldOptions read(const std::string& yaml) {
  return config::read<SsldOptions>(config::parse_yaml(yaml, "faces.yaml"));
}

TEST(SsldOptions, ReadTheirWords) {
  const auto options = read(
      "points: anchor\nsize_term: sqrt\ntarget: one\nconfidence: squared\npoint_term: squared\n");
  EXPECT_EQ(options.points, SsldOptions::Points::anchor);
  EXPECT_EQ(options.size_term, SsldOptions::SizeTerm::sqrt);
  EXPECT_EQ(options.target, SsldOptions::Target::one);
  EXPECT_EQ(options.confidence, SsldOptions::Confidence::squared);
  EXPECT_EQ(options.point_term, SsldOptions::PointTerm::squared);
}

TEST(SsldOptions, KeepTheirDefaults) {
  const auto options = read("{}");
  EXPECT_EQ(options.points, SsldOptions{}.points);
  EXPECT_EQ(options.confidence, SsldOptions{}.confidence);
}

TEST(SsldOptions, RefuseHalfAnAnchor) {
  try {
    read("anchors: [0.1, 0.1, 0.2]");
    FAIL();
  } catch (const ConfigError& e) {
    EXPECT_THAT(e.what(), HasSubstr("anchors = [0.1, 0.1, 0.2], must be pairs of width, height"));
  }
}

}  // namespace
}  // namespace manyfold::losses
