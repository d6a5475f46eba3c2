#include "train/task.h"

#include <gmock/gmock.h>

namespace manyfold::train {
namespace {

using testing::HasSubstr;

TEST(TaskName, MayHoldLettersDigitsAndDashes) {
  for (const std::string name : {"faces", "seg_2", "left-hand"}) {
    EXPECT_EQ(task_name_problem(name), "") << name;
  }
}

TEST(TaskName, MayHoldNothingThatNamesArePutTogetherWith) {
  for (const std::string name : {"", "a.b", "a/b", "two words", "h\u00e4nde"}) {
    EXPECT_THAT(task_name_problem(name),
                HasSubstr("'" + name + "' cannot name a task: use letters, digits, _ and -"));
  }
}

TEST(TaskName, IsNotThatOfTheModelsInput) {
  EXPECT_THAT(task_name_problem("pictures"), HasSubstr("the exported model's input"));
}

}  // namespace
}  // namespace manyfold::train
