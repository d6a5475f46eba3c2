#include "train/supervised.h"

#include "models/encoders.h"
#include "models/weights.h"
#include "tests/train/tasks/options.h"

namespace manyfold::train {
namespace {

struct Job {
  Tasks tasks;
  models::MultiTaskModel model{nullptr};

  Job() {
    torch::manual_seed(1);
    const auto encoder = models::encoders().at("edge_200k")(models::Stem::conv);
    std::vector<std::pair<std::string, std::shared_ptr<models::Head>>> heads;
    for (const auto& [name, yaml] :
         std::map<std::string, std::string>{{"sign", "{type: classification, classes: [a, b, c]}"},
                                            {"person", "{type: segmentation}"}}) {
      const auto options = config::read<TaskOptions>(config::parse_yaml(yaml, "task.yaml"));
      tasks.emplace_back(name, options);
      heads.emplace_back(name, options.task->make_head(encoder->features()));
    }
    model = models::MultiTaskModel(encoder, heads);
  }
};

/// `n` pictures; the first two are labelled for `sign`, nobody for `person`.
data::Batch batch_of(int64_t n) {
  torch::manual_seed(2);
  data::Batch batch;
  batch.pictures = torch::randint(0, 256, {5, 1, 3, 64, 64}, torch::kByte).slice(0, 0, n);
  batch.labels["sign"].present = torch::arange(n) < 2;
  batch.labels["sign"].index = torch::where(torch::arange(n) < 2, torch::arange(n), -1);
  batch.labels["person"].present = torch::zeros({n}, torch::kBool);
  batch.labels["person"].mask = torch::full({n, 64, 64}, 255, torch::kByte);
  batch.origins.resize(static_cast<size_t>(n));
  return batch;
}

TEST(Supervised, ATaskThatNobodyIsLabelledForIsNotRun) {
  Job job;
  auto before = models::state_dict(*job.model);
  for (auto& [name, tensor] : before) tensor = tensor.clone();
  const auto terms = supervised_terms(forward_of(job.model), job.tasks, batch_of(3));
  ASSERT_EQ(terms.size(), 1u);
  EXPECT_EQ(terms[0].first, "sign");
  for (const auto& [name, tensor] : models::state_dict(*job.model)) {
    if (name.find("person") == std::string::npos) continue;
    EXPECT_TRUE(torch::equal(tensor, before.at(name))) << name << ": statistics moved";
  }
}

TEST(Supervised, UnlabelledPicturesLeaveAHeadsGradientAsItIs) {
  Job job;
  job.model->eval();  // BatchNorm would mix pictures in the encoder
  const auto gradient = [&](int64_t pictures) {
    job.model->zero_grad();
    supervised_terms(forward_of(job.model), job.tasks, batch_of(pictures))
        .at(0)
        .second.at(0)
        .value.backward();
    std::vector<torch::Tensor> rows;
    for (const auto& parameter : job.model->parameters()) {
      if (parameter.grad().defined()) rows.push_back(parameter.grad().flatten().to(torch::kDouble));
    }
    return torch::cat(rows);
  };
  const auto alone = gradient(2), among = gradient(5);
  EXPECT_GT(alone.norm().item<double>(), 0);
  EXPECT_LE(((among - alone).norm() / alone.norm()).item<double>(), 1e-6);
}

TEST(Supervised, ATeacherIsImitatedOnTheLabelledRows) {
  Job job, other;
  job.model->eval();
  other.model->eval();
  const auto imitation = [&](const Job& teacher, int64_t pictures) {
    const auto forward = forward_of(teacher.model);
    const auto batch = batch_of(pictures);
    const auto lessons = imitation_lessons("imitation", forward, job.tasks, batch, 0.25, 2);
    const auto terms = supervised_terms(forward_of(job.model), job.tasks, batch, lessons);
    EXPECT_EQ(terms.size(), 1u) << "of tasks that somebody is labelled for";
    const auto& term = terms.at(0).second.back();
    EXPECT_EQ(term.name, "imitation");
    EXPECT_EQ(term.weight, 0.25);
    return term.value;
  };
  EXPECT_NEAR(imitation(other, 5).item<double>(), 0, 1e-6) << "both have the same weights";
  {
    const torch::NoGradGuard no_grad;
    other.model->named_parameters()["heads.sign.scores.bias"].add_(
        torch::tensor({1.0F, -1.0F, 0.0F}));
  }
  const auto among = imitation(other, 5);
  EXPECT_GT(among.item<double>(), 0.01);
  EXPECT_NEAR(imitation(other, 2).item<double>(), among.item<double>(), 1e-5);
  among.backward();
  for (const auto& parameter : other.model->parameters())
    EXPECT_FALSE(parameter.grad().defined()) << "the teacher learns nothing";
}

/// The mean of a head's first output over some rows, as a lesson.
Lesson mean_of_scores(const Rows& rows, int64_t expected_rows) {
  return {"mean", 0.5, rows, [=](const std::vector<torch::Tensor>& outputs) {
            EXPECT_EQ(outputs.at(0).size(0), expected_rows);
            return outputs.at(0).mean();
          }};
}

TEST(Supervised, ALessonOfOtherRowsRunsTheHeadOnThemAndLeavesTheLabelsTerm) {
  Job job;
  job.model->eval();
  const auto forward = forward_of(job.model);
  const auto plain = supervised_terms(forward, job.tasks, batch_of(5));
  const auto scores = job.model->head("sign", forward.encode(batch_of(5).pictures.flatten(0, 1)));
  const auto rows = torch::tensor({1, 4});
  for (const auto& first : {Rows(), Rows(torch::tensor({0, 2}))}) {
    Lessons lessons;
    lessons.by_task["sign"] = {mean_of_scores(first, first ? 2 : 5), mean_of_scores(rows, 2)};
    lessons.by_task["sign"][1].term = "of two";
    lessons.by_task["person"] = {mean_of_scores(rows, 2)};
    const auto taught = supervised_terms(forward, job.tasks, batch_of(5), lessons);
    ASSERT_EQ(taught.size(), 2u) << "person has no label, but a lesson";
    ASSERT_EQ(taught.at(0).second.size(), 1u);
    EXPECT_EQ(taught.at(0).second[0].name, "mean");
    const auto& sign = taught.at(1).second;
    ASSERT_EQ(sign.size(), 3u);
    EXPECT_NEAR(sign[0].value.item<double>(), plain.at(0).second.at(0).value.item<double>(), 1e-6);
    EXPECT_EQ(sign[1].weight, 0.5);
    EXPECT_NEAR(sign[2].value.item<double>(),
                scores.at(0).index_select(0, rows).mean().item<double>(), 1e-6);
  }
}

TEST(Supervised, LessonsOnFeaturesSeeEveryMapAndStandByThemselves) {
  Job job;
  Lessons lessons;
  lessons.features = {{"energy", 2, [](const std::vector<torch::Tensor>& features) {
                         EXPECT_EQ(features.size(), 4u);
                         return features.back().square().mean();
                       }}};
  const auto terms = supervised_terms(forward_of(job.model), job.tasks, batch_of(3), lessons);
  ASSERT_EQ(terms.size(), 2u);
  EXPECT_EQ(terms.at(1).first, kFeatureTerms);
  EXPECT_EQ(terms.at(1).second.at(0).weight, 2);
}

}  // namespace
}  // namespace manyfold::train
