#include "distill/native_teacher.h"

#include "models/encoders.h"
#include "tests/distill/fixture.h"

namespace manyfold::distill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using torch::Tensor;

using Yaml = std::vector<std::pair<std::string, std::string>>;

models::MultiTaskModel model_of(const train::Tasks& tasks, bool remembers = false) {
  torch::manual_seed(1);
  const auto encoder = models::encoders().at("edge_200k")(models::Stem::conv);
  std::vector<std::pair<std::string, std::shared_ptr<models::Head>>> heads;
  for (const auto& [name, options] : tasks)
    heads.emplace_back(name, options.task->make_head(encoder->features()));
  if (!remembers) return models::MultiTaskModel(encoder, heads);
  const auto memory = models::temporal_layers().at("convgru")(encoder->features(), {});
  const torch::NoGradGuard no_grad;
  for (auto& parameter : memory->parameters()) parameter.normal_(0, 0.2);  // a new one is a bypass
  return models::MultiTaskModel(encoder, heads, memory);
}

/// A model of these tasks with pictures of 64 x 64 pixels.
NativeModel native(const Yaml& yaml, models::MultiTaskModel* made = nullptr,
                   bool remembers = false) {
  NativeModel native;
  native.tasks = job_tasks(yaml);
  native.size = {64, 64};
  native.hash = "h";
  native.strides = {4, 8, 16, 32};
  auto model = model_of(native.tasks, remembers);
  if (made) *made = model;
  native.run = run_with_maps(model);
  return native;
}

const Yaml kStudent = {{"person", "{type: segmentation}"},
                       {"sign", "{type: classification, classes: [fist, palm]}"}};

TEST(NativeTeacher, GivesTheModelsOwnOutputsAndMaps) {
  models::MultiTaskModel model{nullptr};
  auto given = native(kStudent, &model);
  const auto teacher =
      native_teacher(setup_of(job_tasks(kStudent), "{model: run}"), given, {8, 32});
  const auto pictures = some_pictures(2);
  const auto answer = teacher->answer(pictures);
  const torch::NoGradGuard no_grad;
  const auto expected = model->forward(pictures);
  EXPECT_TRUE(torch::allclose(answer.outputs.at("person").at(0), expected.at("person").at(0)));
  EXPECT_TRUE(torch::allclose(answer.outputs.at("sign").at(0), expected.at("sign").at(0)));
  EXPECT_TRUE(answer.features.at(32).equal(model->encode(pictures).back()));
  EXPECT_EQ(answer.features.size(), 2u);
  EXPECT_EQ(teacher->features()[0].channels, 48);
}

TEST(NativeTeacher, FindsClassesByName) {
  models::MultiTaskModel model{nullptr};
  auto given = native({{"person", "{type: segmentation, classes: [other, dog, person]}"},
                       {"sign", "{type: classification, classes: [palm, three, fist]}"}},
                      &model);
  const auto teacher = native_teacher(setup_of(job_tasks(kStudent), "{model: run}"), given, {});
  const auto pictures = some_pictures(2);
  const auto answer = teacher->answer(pictures);
  const torch::NoGradGuard no_grad;
  const auto expected = model->forward(pictures);
  // Person or not: the background is all that is not a person.
  const auto person = expected.at("person").at(0).softmax(1).select(1, 2);
  EXPECT_TRUE(torch::allclose(answer.outputs.at("person").at(0).select(1, 0).sigmoid(), person,
                              1e-4, 1e-5));
  const auto& signs = expected.at("sign").at(0);
  EXPECT_TRUE(torch::allclose(answer.outputs.at("sign").at(0),
                              torch::stack({signs.select(1, 2), signs.select(1, 0)}, 1)));
}

TEST(NativeTeacher, OfAnotherSizeGetsResizedPictures) {
  auto given = native(kStudent);
  given.size = {96, 128};
  const auto teacher = native_teacher(setup_of(job_tasks(kStudent), "{model: run}"), given, {32});
  const auto answer = teacher->answer(some_pictures(1));
  EXPECT_THAT(answer.outputs.at("person").at(0).sizes().vec(), ElementsAre(1, 1, 64, 64));
  EXPECT_THAT(answer.features.at(32).sizes().vec(), ElementsAre(1, 88, 3, 4));
}

TEST(NativeTeacher, OfWhichOnlyOutputsAreKnownHasNoMaps) {
  auto given = native(kStudent);
  given.strides.clear();
  given.run = run_outputs([](const Tensor& pictures) {
    return models::Outputs{{"sign", {torch::ones({pictures.size(0), 2})}}};
  });
  const auto teacher =
      native_teacher(setup_of(job_tasks(kStudent), "{model: run, tasks: [sign]}"), given, {32});
  EXPECT_TRUE(teacher->features().empty());
  EXPECT_THAT(teacher->tasks(), ElementsAre("sign"));
}

TEST(NativeTeacher, WithAMemoryLooksAtEachPictureByItself) {
  models::MultiTaskModel model{nullptr};
  auto given = native(kStudent, &model, /*remembers=*/true);
  const auto teacher = native_teacher(setup_of(job_tasks(kStudent), "{model: run}"), given, {32});
  const auto pictures = some_pictures(3);
  const auto answer = teacher->answer(pictures);
  const torch::NoGradGuard no_grad;
  const auto difference = [&](const models::Outputs& found, int64_t row) {
    double most = 0;
    for (const auto* task : {"person", "sign"}) {
      const auto expected = answer.outputs.at(task).at(0).narrow(0, row, 1);
      most = std::max(most, (found.at(task).at(0) - expected).abs().max().item<double>());
    }
    return most;
  };
  for (const int64_t row : {2, 0, 1, 1}) {  // in any order, and again
    const auto picture = pictures.narrow(0, row, 1);
    EXPECT_LT(difference(teacher->answer(picture).outputs, row), 1e-3) << row;
    EXPECT_LT(difference(model->forward(picture, {}).outputs, row), 1e-3) << row;
  }
  EXPECT_TRUE(answer.features.at(32).equal(model->encode(pictures).back())) << "before the memory";
  // As frames of a clip they would be seen otherwise.
  const auto first = model->forward(pictures.narrow(0, 0, 1), {});
  EXPECT_GT(difference(model->forward(pictures.narrow(0, 1, 1), first.state).outputs, 1), 1e-2);
}

std::string refusal(const Yaml& student, const Yaml& teacher,
                    const std::string& yaml = "{model: run}") {
  return error_of([&] { native_teacher(setup_of(job_tasks(student), yaml), native(teacher), {}); });
}

TEST(NativeTeacher, NamesClassesThatItHasNot) {
  const auto said =
      refusal(kStudent, {{"sign", "{type: classification, classes: [fist, palms, ok]}"}});
  EXPECT_THAT(said, HasSubstr("teacher 'big' (run), task 'sign', has no class 'palm'; did you mean "
                              "'palms'?"));
  EXPECT_THAT(said, HasSubstr("leave the task out of `tasks`"));
}

TEST(NativeTeacher, SaysWhatDiffersBetweenDetectors) {
  const Yaml student = {{"faces", "{type: faces, landmarks: 5}"}};
  const auto other = [&](const std::string& yaml) { return refusal(student, {{"faces", yaml}}); };
  const auto points = other("{type: faces, landmarks: 68}");
  EXPECT_THAT(points, HasSubstr("task 'faces', has landmarks = 68, expected 5"));
  EXPECT_THAT(points, HasSubstr("manyfold label"));
  EXPECT_THAT(other("{type: faces, landmarks: 5, detector: {strides: [16]}}"),
              HasSubstr("has strides = [16], expected [8]"));
  EXPECT_THAT(other("{type: faces, landmarks: 5, detector: {anchors: [0.5, 0.5]}}"),
              HasSubstr("has anchors = [0.5,0.5], expected"));
}

TEST(NativeTeacher, NamesTasksThatTheJobHasNot) {
  const auto said = [](const std::string& yaml) { return refusal(kStudent, kStudent, yaml); };
  EXPECT_THAT(
      said("{model: run, tasks: [sign, persom]}"),
      HasSubstr("is to teach 'persom', which is no task of this job; did you mean 'person'?"));
  EXPECT_THAT(said("{model: run, outputs: {sing: {name: sign}}}"),
              HasSubstr("is to teach 'sing', which is no task of this job; did you mean 'sign'?"));
}

TEST(NativeTeacher, KnowsHowItTakesItsPictures) {
  const auto said = [](const std::string& yaml) { return refusal(kStudent, kStudent, yaml); };
  EXPECT_EQ(said("{model: run, input: {colour: bgr}}"),
            "distill.teachers.big.input is set, and run is a model of manyfold, which knows how it "
            "takes its pictures; leave it out");
  EXPECT_THAT(said("{model: run, features: {32: deep}}"),
              HasSubstr("distill.teachers.big.features is set"));
}

TEST(NativeTeacher, NamesTasksThatItHasNotOrOfAnotherKind) {
  EXPECT_THAT(refusal(kStudent, {{"people", "{type: segmentation}"}}),
              HasSubstr("has no task of this job; known: people; say in "
                        "distill.teachers.big.outputs.<task>.name"));
  EXPECT_THAT(
      refusal(kStudent, {{"people", "{type: segmentation}"}}, "{model: run, tasks: [person]}"),
      HasSubstr("has no task 'person'; known: people"));
  EXPECT_EQ(refusal(kStudent, {{"people", "{type: segmentation}"}},
                    "{model: run, outputs: {person: {name: people}}}"),
            "no error");
  EXPECT_THAT(refusal(kStudent, {{"sign", "{type: segmentation}"}}),
              HasSubstr("is of type segmentation, expected classification"));
}

}  // namespace
}  // namespace manyfold::distill
