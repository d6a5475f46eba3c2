#include "distill/channels.h"

#include <gmock/gmock.h>

#include "tests/errors.h"

namespace manyfold::distill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<std::string> kClasses = {"background", "person", "animal"};

TEST(MapChannels, KeepsTheOrderWhenNothingIsSaid) {
  EXPECT_THAT(map_channels("it", kClasses, {}, 3, false),
              ElementsAre(ElementsAre(0), ElementsAre(1), ElementsAre(2)));
  EXPECT_THAT(map_channels("it", kClasses, {}, 2, true),
              ElementsAre(ElementsAre(kNone), ElementsAre(0), ElementsAre(1)));
}

TEST(MapChannels, ReadsNumbersRangesAndTheRest) {
  const auto mapping = std::map<std::string, std::string>{
      {"person", "15"}, {"animal", "1,4-6"}, {"background", "rest"}};
  const auto groups = map_channels("it", kClasses, mapping, 17, false);
  EXPECT_THAT(groups[0], ElementsAre(0, 2, 3, 7, 8, 9, 10, 11, 12, 13, 14, 16));
  EXPECT_THAT(groups[1], ElementsAre(15));
  EXPECT_THAT(groups[2], ElementsAre(1, 4, 5, 6));
  EXPECT_THAT(map_channels("it", {"background", "person"},
                           {{"person", "0"}, {"background", "rest"}}, 1, true)[0],
              ElementsAre(kNone));
}

std::string refusal(const std::map<std::string, std::string>& mapping, int64_t channels = 5) {
  return error_of([&] { map_channels("teacher 'big'", kClasses, mapping, channels, false); });
}

TEST(MapChannels, SaysWhatIsWrong) {
  EXPECT_EQ(refusal({}),
            "teacher 'big': has 5 channels, expected 3 for the task's 3 classes; say in `classes` "
            "which channels are which class");
  EXPECT_THAT(refusal({{"persom", "1"}}), HasSubstr("did you mean 'person'"));
  EXPECT_THAT(refusal({{"person", "1"}, {"background", "0"}}),
              HasSubstr("says nothing of 'animal'"));
  const auto with = [](const std::string& text) {
    return refusal({{"background", "rest"}, {"person", "1"}, {"animal", text}});
  };
  EXPECT_THAT(with("5"), HasSubstr("it has 5 channels, from 0 to 4"));
  EXPECT_THAT(with("x"), HasSubstr("'x' is no list"));
  EXPECT_THAT(with("3-2"), HasSubstr("'3-2' is no list"));
  EXPECT_THAT(with("0,,2"), HasSubstr("no list"));
  EXPECT_THAT(with(""), HasSubstr("names no channel"));
  EXPECT_THAT(with("0-2"), HasSubstr("channel 1 stands for 'person' and for 'animal'"));
  EXPECT_THAT(refusal({{"background", "rest"}, {"person", "0-1"}, {"animal", "2-4"}}),
              HasSubstr("nothing is left for 'background'"));
  EXPECT_THAT(refusal({{"background", "rest"}, {"person", "rest"}, {"animal", "2"}}),
              HasSubstr("nothing is left for 'person'"));
}

}  // namespace
}  // namespace manyfold::distill
