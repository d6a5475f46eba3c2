#include "pretrain/options.h"

#include <gmock/gmock.h>

#include "common/config/reader.h"
#include "common/config/yaml_reader.h"
#include "pretrain/objective.h"
#include "tests/errors.h"
#include "tests/pretrain/views.h"

namespace manyfold::pretrain {
namespace {

using testing::HasSubstr;

PretrainOptions options_of(const std::string& yaml) {
  return config::read<PretrainOptions>(config::parse_yaml(yaml, "pretrain.yaml"));
}

TEST(PretrainOptions, HaveTheKeysOfTheirMethod) {
  const auto dino = options_of("{method: dino, prototypes: 256, alarms: {patience: 50}}");
  EXPECT_EQ(dino.dino.prototypes, 256);
  EXPECT_EQ(dino.alarms.patience, 50);
  const auto barlow = options_of("{method: barlow_twins, out: 2048, off_diagonal: 0.01}");
  EXPECT_EQ(barlow.barlow_twins.out, 2048);
  EXPECT_EQ(barlow.barlow_twins.off_diagonal, 0.01);
}

TEST(PretrainOptions, RefuseKeysOfTheOther) {
  EXPECT_THAT(error_of([] { options_of("{method: barlow_twins, prototypes: 256}"); }),
              HasSubstr("prototypes"));
  EXPECT_THAT(error_of([] { options_of("{method: dyno}"); }), HasSubstr("dino"));
}

TEST(PretrainOptions, RefuseImpossibleNumbers) {
  EXPECT_THAT(error_of([] { options_of("{method: dino, teacher_temperature: 0}"); }),
              HasSubstr("teacher_temperature"));
  EXPECT_THAT(error_of([] { options_of("{method: dino, centre_momentum: 1}"); }),
              HasSubstr("centre_momentum"));
  EXPECT_THAT(error_of([] { options_of("{method: dino, teacher_norm: none}"); }),
              HasSubstr("teacher_norm"));
}

TEST(MakeStudent, NamesTheMethodsItKnows) {
  PretrainOptions options;
  options.method = "barlow";
  EXPECT_THAT(error_of([&] { student_of(options, 0); }), HasSubstr("barlow_twins"));
}

TEST(MakeStudent, HasOneHead) {
  EXPECT_EQ(student_of(small("dino"), 0)->tasks(), std::vector<std::string>{"projection"});
}

}  // namespace
}  // namespace manyfold::pretrain
