#include "distill/check.h"

#include "tests/distill/fixture.h"

namespace manyfold::distill {
namespace {

using testing::HasSubstr;
using torch::Tensor;

const std::vector<std::pair<std::string, std::string>> kTasks = {
    {"faces", "{type: faces, landmarks: 5}"}, {"person", "{type: segmentation}"}};

/// What is said of a teacher that answers so; the student's heads give [2, 45, 8, 8] and
/// [2, 1, 64, 64].
std::string said_of(const Tensor& faces, const Tensor& person) {
  FakeTeacher teacher([&](const Tensor&) {
    Answer answer;
    answer.outputs = {{"faces", {faces}}, {"person", {person}}};
    return answer;
  });
  const models::Outputs student = {{"faces", {torch::zeros({2, 45, 8, 8})}},
                                   {"person", {torch::zeros({2, 1, 64, 64})}}};
  return error_of([&] { check_teacher(teacher, job_tasks(kTasks), some_pictures(2), student); });
}

TEST(CheckTeacher, TakesTheStudentsShapes) {
  EXPECT_EQ(said_of(torch::zeros({2, 45, 8, 8}), torch::zeros({2, 1, 64, 64})), "no error");
}

TEST(CheckTeacher, SaysWhatDiffersAndTheWayOut) {
  const auto grid = said_of(torch::zeros({2, 45, 4, 4}), torch::zeros({2, 1, 64, 64}));
  EXPECT_THAT(grid, HasSubstr("teacher 'fake' answers task 'faces' with [2, 45, 4, 4], expected "
                              "[2, 45, 8, 8] as the student's head gives"));
  EXPECT_THAT(grid, HasSubstr("manyfold label"));
  EXPECT_THAT(said_of(torch::zeros({2, 45, 8, 8}), torch::zeros({2, 2, 64, 64})),
              HasSubstr("[2, 2, 64, 64], expected [2, 1, 64, 64]"));
}

}  // namespace
}  // namespace manyfold::distill
