#include "models/encoders.h"

#include "models/encoders/stdc_encoder.h"
#include "testing.h"

namespace manyfold::models {
namespace {

// The name promises the number: at most 2 % away.
TEST(Encoders, HaveTheParametersTheirNamesPromise) {
  const std::map<std::string, double> promised = {
      {"edge_200k", 200e3}, {"edge_2m4", 2.4e6}, {"edge_420k", 420e3}};
  ASSERT_EQ(encoders().size(), promised.size());
  for (const auto& [name, factory] : encoders()) {
    for (const auto stem : {Stem::conv, Stem::space_to_depth}) {
      const auto count = static_cast<double>(parameter_count(*factory(stem)));
      EXPECT_NEAR(count / promised.at(name), 1, 0.02) << name << " has " << count;
    }
  }
}

TEST(Encoders, GiveTheMapsTheyAnnounceAtAnyMultipleOf32) {
  const torch::NoGradGuard no_grad;
  for (const auto& [name, factory] : encoders()) {
    for (const auto stem : {Stem::conv, Stem::space_to_depth}) {
      const auto encoder = factory(stem);
      encoder->eval();
      for (const auto& [h, w] : {std::pair<int64_t, int64_t>{32, 32}, {64, 160}, {96, 32}}) {
        const auto maps = encoder->forward(torch::zeros({2, 3, h, w}));
        const auto infos = encoder->features();
        ASSERT_EQ(maps.size(), infos.size());
        for (size_t i = 0; i < maps.size(); ++i) {
          EXPECT_EQ(maps[i].sizes(), torch::IntArrayRef({2, infos[i].channels, h / infos[i].stride,
                                                         w / infos[i].stride}))
              << name << " map " << i;
        }
      }
    }
  }
}

TEST(Encoders, RefuseSizesThatCannotBeHalvedFiveTimes) {
  EXPECT_THROW(encoders().at("edge_200k")(Stem::conv)->forward(torch::zeros({1, 3, 64, 100})),
               c10::Error);
}

TEST(Encoders, CloneToIndependentCopies) {
  const auto x = torch::randn({1, 3, 32, 64});
  for (const auto& [name, factory] : encoders()) {
    const auto encoder = std::dynamic_pointer_cast<StdcEncoderImpl>(factory(Stem::conv));
    expect_independent_clone(*encoder, x);
  }
}

}  // namespace
}  // namespace manyfold::models
