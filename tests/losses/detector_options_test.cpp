#include "losses/detector_options.h"

#include <gmock/gmock.h>

#include "common/config/reader.h"
#include "common/config/yaml_reader.h"
#include "tests/errors.h"

namespace manyfold::losses {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

DetectorOptions read(const std::string& yaml) {
  return config::read<DetectorOptions>(config::parse_yaml(yaml, "faces.yaml"));
}

TEST(DetectorOptions, ReadTheirWords) {
  const auto options = read(
      "points: anchor\nsize_term: sqrt\ntarget: one\nconfidence: squared\npoint_term: squared\n");
  EXPECT_EQ(options.points, DetectorOptions::Points::anchor);
  EXPECT_EQ(options.size_term, DetectorOptions::SizeTerm::sqrt);
  EXPECT_EQ(options.target, DetectorOptions::Target::one);
  EXPECT_EQ(options.confidence, DetectorOptions::Confidence::squared);
  EXPECT_EQ(options.point_term, DetectorOptions::PointTerm::squared);
}

TEST(DetectorOptions, KeepTheirDefaults) {
  const auto options = read("{}");
  EXPECT_EQ(options.points, DetectorOptions{}.points);
  EXPECT_EQ(options.confidence, DetectorOptions{}.confidence);
}

TEST(DetectorOptions, ShareAnchorsAmongTheStrides) {
  auto options = read("strides: [8, 16]\nanchors: [0.1, 0.2, 0.3, 0.4]\nsize_term: ciou\n");
  EXPECT_EQ(options.size_term, DetectorOptions::SizeTerm::ciou);
  EXPECT_EQ(options.anchor_count(), 2);
  EXPECT_EQ(options.anchors_per_level(), 1);
  EXPECT_THAT(options.anchors_of(0), ElementsAre(0.1, 0.2));
  EXPECT_THAT(options.anchors_of(1), ElementsAre(0.3, 0.4));
  options.classes = 2;
  options.landmarks = 5;
  EXPECT_EQ(options.depth(), 16);
}

TEST(DetectorOptions, RefuseAnchorsThatCannotBeShared) {
  EXPECT_THAT(error_of([] { read("anchors: [0.1, 0.1, 0.2]"); }),
              HasSubstr("anchors = [0.1, 0.1, 0.2], must be pairs of width, height"));
  EXPECT_THAT(error_of([] { read("strides: [8, 16]\nanchors: [0.1, 0.1]"); }),
              HasSubstr("anchors = [0.1, 0.1], must be pairs of width, height, equally many for "
                        "each of the strides; has 2 numbers (1 anchor) for 2 strides"));
  EXPECT_THAT(error_of([] { read("strides: [8]\nanchors: [0.1, 0.1, 0.2]"); }),
              HasSubstr("has 3 numbers for 1 stride"));
}

TEST(DetectorOptions, RefuseAnchorsInPixels) {
  EXPECT_THAT(error_of([] { read("anchors: [0.2, 0.3, 10, 13]"); }),
              HasSubstr("must be shares of the picture's sides, not pixels"));
  EXPECT_EQ(error_of([] { read("anchors: [2, 1.5]"); }), "no error");
}

TEST(DetectorOptions, RefuseStridesThatDoNotDouble) {
  EXPECT_THAT(error_of([] { read("strides: []"); }), HasSubstr("must name at least one"));
  EXPECT_THAT(error_of([] { read("strides: [8, 32]\nanchors: [0.1, 0.1, 0.2, 0.2]"); }),
              HasSubstr("strides = [8, 32], must double from each to the next"));
}

}  // namespace
}  // namespace manyfold::losses
