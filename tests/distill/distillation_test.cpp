#include "distill/distillation.h"

#include <cmath>

#include "losses/channel_wise.h"
#include "losses/imitation.h"
#include "tests/distill/fixture.h"

namespace manyfold::distill {
namespace {

using testing::HasSubstr;
using torch::Tensor;

const std::vector<std::pair<std::string, std::string>> kTwoTasks = {
    {"person", "{type: segmentation}"}, {"sign", "{type: classification, classes: [a, b, c]}"}};
const std::vector<models::FeatureInfo> kEncoder = {{2, 8}, {4, 16}};

DistillOptions options_of(const std::string& yaml) {
  return config::read<DistillOptions>(config::parse_yaml(yaml, "job.yaml"));
}

/// One teacher called t with these losses.
DistillOptions with_losses(const std::string& losses) {
  return options_of("{teachers: {t: {model: m}}, losses: " + losses + "}");
}

/// Says one number everywhere for `sign`'s class 0 and for `person`, and has maps.
std::shared_ptr<FakeTeacher> teacher(double number, std::string name = "fake") {
  const auto say = [number](const Tensor& pictures) {
    const auto n = pictures.size(0);
    torch::manual_seed(7);
    Answer answer;
    auto scores = torch::zeros({n, 3});
    scores.select(1, 0).fill_(number);
    answer.outputs["sign"] = {scores};
    answer.outputs["person"] = {torch::full({n, 1, 8, 8}, number)};
    answer.features[8] = torch::randn({n, 3, 8, 8});
    answer.features[16] = torch::randn({n, 5, 4, 4});
    return answer;
  };
  return std::make_shared<FakeTeacher>(say, std::vector<models::FeatureInfo>{{3, 8}, {5, 16}},
                                       std::move(name));
}

/// Four pictures; the first and the third are labelled for `sign`, all for `person`.
data::Batch batch() {
  data::Batch batch;
  batch.pictures = some_pictures(4).unsqueeze(1);
  batch.labels["sign"].present = torch::tensor({true, false, true, false});
  batch.labels["person"].present = torch::ones({4}, torch::kBool);
  batch.origins.resize(4);
  return batch;
}

Distillation distillation(const DistillOptions& options,
                          std::vector<std::shared_ptr<Teacher>> teachers) {
  torch::manual_seed(1);
  return {options, job_tasks(kTwoTasks), std::move(teachers), kEncoder, 100};
}

const train::Lesson& only_lesson(const train::Lessons& lessons, const std::string& task) {
  const auto& all = lessons.by_task.at(task);
  EXPECT_EQ(all.size(), 1u);
  return all.at(0);
}

TEST(Distillation, OutputsAreImitatedAtTheTemperature) {
  const auto from = teacher(2);
  const auto all = distillation(
      with_losses("{imitation: {type: outputs, temperature: 4, weight: 3, tasks: [sign]}}"),
      {from});
  const auto lessons = all.lessons(batch(), 0);
  EXPECT_EQ(from->calls, 1);
  EXPECT_EQ(lessons.by_task.count("person"), 0u);
  const auto& lesson = only_lesson(lessons, "sign");
  EXPECT_EQ(lesson.term, "imitation");
  EXPECT_EQ(lesson.weight, 3);
  EXPECT_FALSE(lesson.rows);
  const auto student = torch::zeros({4, 3}, torch::requires_grad());
  const auto taught = torch::tensor({2.0F, 0.0F, 0.0F}).expand({4, 3});
  const auto loss = lesson.loss({student});
  EXPECT_NEAR(loss.item<double>(), losses::imitate_scores(student, taught, 4).item<double>(), 1e-6);
  loss.backward();
  EXPECT_GT(student.grad().abs().sum().item<double>(), 0);
}

TEST(Distillation, RowsAreThoseOfTheBatch) {
  const auto say = [](const Tensor& pictures) {  // each row another score
    Answer answer;
    answer.outputs["sign"] = {torch::arange(pictures.size(0)).to(torch::kFloat).unsqueeze(1) *
                              torch::tensor({1.0F, 0.0F, 0.0F})};
    return answer;
  };
  const auto scores = say(some_pictures(4)).outputs.at("sign").at(0);
  const auto expect_rows = [&](const std::string& rows, const std::vector<int64_t>& expected) {
    const auto all = distillation(with_losses("{a: {type: outputs, " + rows + "}}"),
                                  {std::make_shared<FakeTeacher>(say)});
    auto given = batch();
    given.origins = {{"hands", "0"}, {"hands", "1"}, {"streets", "2"}, {"streets", "3"}};
    const auto lessons = all.lessons(given, 0);
    const auto& lesson = only_lesson(lessons, "sign");
    ASSERT_EQ(lesson.rows.has_value(), expected.size() < 4) << rows;
    const auto chosen = torch::tensor(expected);
    EXPECT_TRUE(!lesson.rows || lesson.rows->equal(chosen)) << rows;
    EXPECT_NEAR(lesson.loss({scores.index_select(0, chosen)}).item<double>(), 0, 1e-7) << rows;
    EXPECT_GT(lesson.loss({scores.index_select(0, chosen).flip(0)}).item<double>(), 0.01) << rows;
  };
  expect_rows("rows: all", {0, 1, 2, 3});
  expect_rows("rows: labelled", {0, 2});
  expect_rows("rows: unlabelled", {1, 3});
  expect_rows("sources: [streets]", {2, 3});
  expect_rows("sources: [streets, hands]", {0, 1, 2, 3});
}

TEST(Distillation, WithoutAPictureThatCountsThereIsNoLesson) {
  const auto all = distillation(
      with_losses("{a: {type: outputs, rows: unlabelled, tasks: [person]}}"), {teacher(1)});
  EXPECT_EQ(all.lessons(batch(), 0).by_task.count("person"), 0u);
}

// One says p = 0.8 of `person`, the other, with three times the weight, 0.4: 0.5 in the mean.
TEST(Distillation, SeveralTeachersMeanTheirProbabilities) {
  const auto options = options_of(
      "{teachers: {a: {model: m}, b: {model: m, weight: 3}}, losses: {i: {type: outputs}}}");
  const auto all =
      distillation(options, {teacher(std::log(4.0), "a"), teacher(std::log(0.4 / 0.6), "b")});
  const auto lessons = all.lessons(batch(), 0);
  const auto& lesson = only_lesson(lessons, "person");
  EXPECT_NEAR(lesson.loss({torch::zeros({4, 1, 8, 8})}).item<double>(), 0, 1e-6);
  EXPECT_GT(lesson.loss({torch::ones({4, 1, 8, 8})}).item<double>(), 0.1);
}

TEST(Distillation, ChannelsAreOfTasksWithMaps) {
  const auto all = distillation(with_losses("{c: {type: channels}}"), {teacher(1)});
  const auto lessons = all.lessons(batch(), 0);
  EXPECT_EQ(lessons.by_task.count("sign"), 0u);
  torch::manual_seed(2);
  const auto student = torch::randn({4, 1, 8, 8});
  EXPECT_NEAR(only_lesson(lessons, "person").loss({student}).item<double>(),
              losses::imitate_channels(student, torch::ones_like(student), 1).item<double>(), 1e-6);
}

TEST(Distillation, AsksNobodyWhileNothingCounts) {
  const auto from = teacher(1);
  const auto all = distillation(
      with_losses(
          "{i: {type: outputs, weight: 2, start: 0.2, ramp: 0.4, stop: 0.9, tasks: [sign]}}"),
      {from});
  const auto weight = [&](int64_t step) {
    const auto lessons = all.lessons(batch(), step);
    return lessons.by_task.empty() ? 0 : only_lesson(lessons, "sign").weight;
  };
  EXPECT_EQ(weight(0), 0);
  EXPECT_EQ(weight(19), 0);
  EXPECT_EQ(weight(20), 0);
  EXPECT_EQ(weight(95), 0);
  EXPECT_EQ(weight(90), 0);
  EXPECT_EQ(from->calls, 0);
  EXPECT_NEAR(weight(40), 1, 1e-9);  // half the ramp
  EXPECT_NEAR(weight(60), 2, 1e-9);
  EXPECT_NEAR(weight(89), 2, 1e-9);
  EXPECT_EQ(from->calls, 3);
}

TEST(Distillation, HintsLearnAnAdapterForEachMap) {
  const auto all = distillation(
      with_losses("{h: {type: hint, strides: [8, 16]}, a: {type: attention, strides: [16]}, r: "
                  "{type: relations}}"),
      {teacher(1)});
  ASSERT_TRUE(all.adapters());
  const auto parameters = all.adapters()->named_parameters();
  EXPECT_EQ(parameters["h@fake@8.weight"].sizes().vec(), (std::vector<int64_t>{3, 2, 1, 1}));
  EXPECT_EQ(parameters["h@fake@16.weight"].sizes().vec(), (std::vector<int64_t>{5, 4, 1, 1}));
  const auto lessons = all.lessons(batch(), 0);
  ASSERT_EQ(lessons.features.size(), 3u);
  torch::manual_seed(3);
  // The student's maps may have other sizes than the teacher's.
  const std::vector<Tensor> features = {torch::randn({4, 2, 16, 16}, torch::requires_grad()),
                                        torch::randn({4, 4, 8, 8}, torch::requires_grad())};
  for (const auto& lesson : lessons.features) {
    const auto loss = lesson.loss(features);
    EXPECT_GT(loss.item<double>(), 0) << lesson.term;
    loss.backward();
  }
  EXPECT_GT(parameters["h@fake@16.weight"].grad().abs().sum().item<double>(), 0);
  EXPECT_GT(features[1].grad().abs().sum().item<double>(), 0);
}

// Of zeros every hint is the mean square of the teacher's map minus the adapter's bias of 0.
TEST(Distillation, AHintIsTheMeanOverItsMaps) {
  const auto all = distillation(with_losses("{h: {type: hint, strides: [8, 16]}}"), {teacher(1)});
  const torch::NoGradGuard no_grad;
  for (auto& parameter : all.adapters()->parameters()) parameter.zero_();
  const auto maps = teacher(1)->answer(batch().pictures.flatten(0, 1)).features;
  const auto expected = (maps.at(8).square().mean() + maps.at(16).square().mean()) / 2;
  const auto lessons = all.lessons(batch(), 0);
  const auto loss =
      lessons.features.at(0).loss({torch::zeros({4, 2, 8, 8}), torch::zeros({4, 4, 4, 4})});
  EXPECT_NEAR(loss.item<double>(), expected.item<double>(), 1e-5);
}

TEST(Distillation, HasNoAdaptersWithoutHints) {
  EXPECT_FALSE(distillation(with_losses("{i: {type: outputs}}"), {teacher(1)}).adapters());
}

std::string refusal(const std::string& losses, std::shared_ptr<Teacher> from = teacher(1)) {
  return error_of([&] { distillation(with_losses(losses), {std::move(from)}); });
}

TEST(Distillation, RefusesLossesThatNobodyServes) {
  EXPECT_THAT(refusal("{i: {type: outputs, tasks: [signs]}}"),
              HasSubstr("distill.losses.i.tasks names 'signs', which is no task of this job; did "
                        "you mean 'sign'?"));
  EXPECT_THAT(refusal("{c: {type: channels, tasks: [sign]}}"),
              HasSubstr("cannot teach 'sign': it has no map of classes"));
  EXPECT_THAT(refusal("{h: {type: hint, strides: [4]}}"),
              HasSubstr("names 4, and the encoder's maps are at 8, 16"));
  const auto deaf = std::make_shared<FakeTeacher>([](const Tensor& pictures) {
    return Answer{{{"sign", {torch::zeros({pictures.size(0), 3})}}}, {}};
  });
  EXPECT_THAT(refusal("{i: {type: outputs, tasks: [person]}}", deaf),
              HasSubstr("cannot teach 'person': no teacher answers it"));
  EXPECT_THAT(refusal("{h: {type: hint, strides: [8]}}", deaf),
              HasSubstr("no teacher gives a feature map at stride 8"));
  EXPECT_THAT(refusal("{r: {type: relations}}", deaf), HasSubstr("no teacher gives a feature map"));
}

}  // namespace
}  // namespace manyfold::distill
