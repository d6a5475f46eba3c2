#include "data/sources/label_rule.h"

#include <gmock/gmock.h>

#include "common/error.h"
#include "tests/data/fixture.h"

namespace manyfold::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const LabelKinds kKinds = {{"boxes", LabelSpec::Kind::objects},
                           {"category", LabelSpec::Kind::class_index},
                           {"mask", LabelSpec::Kind::mask}};

LabelRule rule(const LabelOptions& options, const LabelSpec& spec,
               const std::vector<std::string>& categories) {
  return make_rule("source hands", "gesture", options, spec, kKinds, categories);
}

std::string refusal(const LabelOptions& options, const LabelSpec& spec,
                    const std::vector<std::string>& categories) {
  return message_of<ConfigError>([&] { rule(options, spec, categories); });
}

LabelOptions from(const std::string& word) {
  LabelOptions options;
  options.from = word;
  return options;
}

TEST(LabelRule, CategoriesMeanTheClassOfTheirName) {
  const auto made = rule(from("category"), class_spec({"none", "fist", "palm"}), {"palm", "fist"});
  EXPECT_THAT(made.class_of, ElementsAre(2, 1));
}

TEST(LabelRule, ClassesRenameAndNullLeavesOut) {
  auto options = from("category");
  options.classes = {{"fingers_0", "fist"}, {"fingers_3", ""}};
  const auto made = rule(options, class_spec({"none", "fist"}), {"fingers_0", "fingers_3"});
  EXPECT_THAT(made.class_of, ElementsAre(1, LabelRule::kSkip));
}

TEST(LabelRule, ListedCategoriesAreTheOnlyOnes) {
  auto options = from("boxes");
  options.categories = {"person"};
  const auto made = rule(options, object_spec({"body"}), {"dog", "person"});
  EXPECT_THAT(made.class_of, ElementsAre(LabelRule::kSkip, 0));  // the one there is
}

TEST(LabelRule, ACategoryThatLeadsNowhereIsRefused) {
  const auto text = refusal(from("category"), class_spec({"none", "fist"}), {"fists"});
  EXPECT_THAT(text, HasSubstr("source hands.labels.gesture: category 'fists' of the set leads to "
                              "no class of the task; did you mean 'fist'?"));
  EXPECT_THAT(text, HasSubstr("give `classes: {fists: <class>}`, or null to leave it out"));
}

TEST(LabelRule, NamesThatDoNotExistAreRefused) {
  auto options = from("category");
  options.classes = {{"fist", "fits"}};
  EXPECT_THAT(
      refusal(options, class_spec({"none", "fist"}), {"fist"}),
      HasSubstr("labels.gesture.classes.fist: the task has no class 'fits'; did you mean 'fist'"));
  options.classes = {{"fits", "fist"}};
  EXPECT_THAT(refusal(options, class_spec({"none", "fist"}), {"fist"}),
              HasSubstr("labels.gesture.classes: the set has no category 'fits'"));
  options.classes.clear();
  options.categories = {"fits"};
  EXPECT_THAT(refusal(options, class_spec({"none", "fist"}), {"fist"}),
              HasSubstr("labels.gesture.categories: the set has no category 'fits'"));
}

TEST(LabelRule, ATaskOfAnotherKindIsRefused) {
  EXPECT_EQ(refusal(from("boxes"), class_spec({"none"}), {}),
            "source hands.labels.gesture.from = boxes gives objects, and the task learns from one "
            "class for a picture");
  EXPECT_THAT(refusal(from("folder"), class_spec({"none"}), {}),
              HasSubstr("from = folder, which this type of source cannot give"));
}

TEST(LabelRule, KeysThatItsFromDoesNotReadAreRefused) {
  auto mask = from("mask"), boxes = from("boxes"), category = from("category");
  mask.classes = {{"person", "person"}};
  EXPECT_EQ(refusal(mask, mask_spec(), {"person"}),
            "source hands.labels.gesture.classes is given, and `from: mask` does not read it; it "
            "reads values");
  mask = from("mask");
  mask.landmarks = true;
  EXPECT_THAT(refusal(mask, mask_spec(), {}), HasSubstr("landmarks is given"));
  boxes.values = {{"0", "person"}};
  EXPECT_EQ(refusal(boxes, object_spec({"person"}), {"person"}),
            "source hands.labels.gesture.values is given, and `from: boxes` does not read it; it "
            "reads categories, classes, landmarks");
  boxes = from("boxes");
  boxes.empty = "person";
  EXPECT_THAT(refusal(boxes, object_spec({"person"}), {"person"}), HasSubstr("empty is given"));
  category.empty = "none";
  EXPECT_EQ(rule(category, class_spec({"none", "fist"}), {"fist"}).empty, 0);
}

TEST(LabelRule, MaskValuesHaveADefaultForTwoClasses) {
  const auto made = rule(from("mask"), mask_spec(), {});
  EXPECT_EQ(made.value_of[0], 0);
  EXPECT_EQ(made.value_of[128], Mask::kIgnore);
  EXPECT_EQ(made.value_of[255], 1);
  EXPECT_EQ(made.value_of[1], LabelRule::kUnknownValue);
}

TEST(LabelRule, MaskValuesMayBeNamed) {
  auto options = from("mask");
  options.values = {{"0", "background"}, {"7", "person"}, {"9", "ignore"}};
  const auto made = rule(options, mask_spec(), {});
  EXPECT_EQ(made.value_of[7], 1);
  EXPECT_EQ(made.value_of[9], Mask::kIgnore);
  EXPECT_EQ(made.value_of[255], LabelRule::kUnknownValue);
  options.values = {{"256", "person"}};
  EXPECT_THAT(refusal(options, mask_spec(), {}), HasSubstr("'256' is not a grey value"));
  options.values = {{"1", "persn"}};
  EXPECT_THAT(refusal(options, mask_spec(), {}), HasSubstr("did you mean 'person'"));
}

TEST(LabelRule, LandmarksAreLeftOutWhereTheTaskHasNone) {
  auto options = from("boxes");
  options.landmarks = true;
  EXPECT_TRUE(rule(options, object_spec({"face"}, 5), {"face"}).landmarks);
  EXPECT_FALSE(rule(options, object_spec({"face"}), {"face"}).landmarks);
}

}  // namespace
}  // namespace manyfold::data
