// Models with memory, as modules and as graphs: along clips, in training and as predictors.

#include <gtest/gtest.h>

#include "models/encoders.h"
#include "models/heads.h"
#include "tests/train/remembering.h"
#include "tests/train/tasks/options.h"
#include "train/clip_memory.h"
#include "train/consistency.h"
#include "train/forward.h"
#include "train/loop.h"
#include "train/supervised.h"

namespace manyfold::train {
namespace {

using torch::Tensor;

Tensor clips(int64_t n, int64_t frames) {
  torch::manual_seed(4);
  return torch::randint(0, 256, {n, frames, 3, 16, 16}, torch::kByte);
}

Tensor scores_of(const Forward& forward, const Tensor& pictures, models::State* state = nullptr) {
  const torch::NoGradGuard no_grad;
  const auto seen = look_at(forward, pictures, state ? *state : models::State());
  if (state) *state = seen.state;
  return forward.head("sign", seen.features, {}).at(0);
}

TEST(Remember, AClipAtOnceIsItsFramesOneByOne) {
  auto model = remembering();
  const auto forward = forward_of(model);
  const auto pictures = clips(3, 5);
  const auto whole = scores_of(forward, pictures).view({3, 5, 3});
  models::State state;
  for (int64_t t = 0; t < 5; ++t) {
    const auto one = scores_of(forward, pictures.narrow(1, t, 1), &state);
    EXPECT_TRUE(torch::allclose(one, whole.select(1, t), 1e-5, 1e-6)) << t;
  }
  const auto alone = scores_of(forward, pictures.narrow(1, 4, 1));
  EXPECT_GT((alone - whole.select(1, 4)).abs().max().item<double>(), 1e-3) << "it remembers";
}

TEST(Remember, AGraphDoesAsTheModuleAtOtherSizesOfBatch) {
  auto model = remembering();
  const auto replay =
      std::make_shared<const graph::Replay>(trace_model(model, {16, 16}, graph::Mode::eval));
  ASSERT_EQ(replay->graph().inputs().size(), 2u);
  EXPECT_EQ(replay->graph().inputs()[1]->name, "state_in_stride2");
  EXPECT_EQ(outputs_of(replay->graph(), "sign"), std::vector<std::string>{"sign"});
  const auto module = forward_of(model), graph = forward_of(replay);
  models::State left, right;
  for (int part = 0; part < 2; ++part) {
    const auto pictures = clips(3, 4);
    EXPECT_TRUE(torch::allclose(scores_of(module, pictures, &left),
                                scores_of(graph, pictures, &right), 1e-5, 1e-6));
    ASSERT_EQ(left.size(), 1u);
    EXPECT_TRUE(torch::allclose(left[0], right.at(0), 1e-5, 1e-6));
  }
}

/// A shipped encoder, two heads that read different maps, and a memory of a part of two of them.
models::MultiTaskModel shipped() {
  torch::manual_seed(2);
  const auto encoder = models::encoders().at("edge_200k")(models::Stem::conv);
  models::HeadOptions heads;
  heads.classes = 3;
  heads.landmarks = 5;
  models::TemporalOptions options;
  options.channels = 0.25;
  options.kernel = 1;
  std::vector<std::pair<std::string, std::shared_ptr<models::Head>>> made;
  for (const auto* kind : {"classification", "detector"})
    made.emplace_back(kind, models::heads().at(kind)(encoder->features(), heads));
  models::MultiTaskModel model(encoder, made,
                               std::make_shared<models::Temporal>(encoder->features(), options));
  model->eval();
  return model;
}

TEST(Remember, AGraphDoesAsTheModuleForHeadsOfSomeRows) {
  auto model = shipped();
  const auto module = forward_of(model);
  const auto graph = forward_of(
      std::make_shared<const graph::Replay>(trace_model(model, {64, 64}, graph::Mode::eval)));
  torch::manual_seed(9);
  const auto pictures = torch::randint(0, 256, {2, 3, 3, 64, 64}, torch::kByte);
  const torch::NoGradGuard no_grad;
  const auto left = look_at(module, pictures), right = look_at(graph, pictures);
  for (size_t i = 0; i < left.state.size(); ++i)
    EXPECT_TRUE(torch::allclose(left.state[i], right.state.at(i), 1e-4, 1e-5));
  for (const auto& rows : {std::optional<Tensor>(), std::optional<Tensor>(torch::tensor({1, 4}))}) {
    for (const auto* task : {"classification", "detector"}) {
      const auto a = module.head(task, left.features, rows).at(0);
      const auto b = graph.head(task, right.features, rows).at(0);
      ASSERT_EQ(a.sizes(), b.sizes()) << task;
      EXPECT_TRUE(torch::allclose(a, b, 1e-4, 1e-4)) << task;
    }
  }
}

TEST(Remember, APredictorCarriesTheState) {
  auto model = remembering();
  const auto predict = predictor(model);
  const auto pictures = clips(2, 6);
  const auto whole = predict.along(pictures, {});
  const auto first = predict.along(pictures.narrow(1, 0, 2), {});
  const auto rest = predict.along(pictures.narrow(1, 2, 4), first.state);
  EXPECT_TRUE(torch::allclose(whole.outputs.at("sign").at(0).view({2, 6, 3}).narrow(1, 2, 4),
                              rest.outputs.at("sign").at(0).view({2, 4, 3}), 1e-5, 1e-6));
  EXPECT_TRUE(torch::allclose(whole.state.at(0), rest.state.at(0), 1e-5, 1e-6));
  const auto stills = predict(pictures.select(1, 3)).at("sign").at(0);
  EXPECT_TRUE(
      torch::allclose(stills, predict.along(pictures.narrow(1, 3, 1), {}).outputs.at("sign")[0]));
}

Tasks one_task(const std::string& name, const std::string& yaml) {
  return {{name, config::read<TaskOptions>(config::parse_yaml(yaml, "task.yaml"))}};
}

Tasks sign_task() { return one_task("sign", "{type: classification, classes: [a, b, c]}"); }

data::Batch batch_of(const Tensor& pictures, bool continues) {
  data::Batch batch;
  batch.pictures = pictures;
  batch.continues = continues;
  batch.origins.resize(static_cast<size_t>(pictures.size(0)));
  const auto rows = pictures.size(0) * pictures.size(1);
  batch.labels["sign"].present = torch::ones({rows}, torch::kBool);
  batch.labels["sign"].index = torch::arange(rows) % 3;
  return batch;
}

TEST(Remember, TrainingGoesOnFromWhatWasLeftWithoutItsGradient) {
  auto model = remembering();
  const auto tasks = sign_task();
  const auto pictures = clips(2, 6);
  ClipMemory memory(model->temporal()->states(), 2, 16, 16);
  const auto loss = [&](const data::Batch& batch) {
    auto state = memory.before(batch);
    const auto terms = supervised_terms(forward_of(model), tasks, batch, {}, &state);
    memory.keep(state);
    return terms.at(0).second.at(0).value;
  };
  loss(batch_of(pictures.narrow(1, 0, 3), false));
  const auto going_on = loss(batch_of(pictures.narrow(1, 3, 3), true));
  models::State state;
  scores_of(forward_of(model), pictures.narrow(1, 0, 3), &state);
  const auto expected = supervised_terms(forward_of(model), tasks,
                                         batch_of(pictures.narrow(1, 3, 3), true), {}, &state);
  EXPECT_NEAR(going_on.item<double>(), expected.at(0).second.at(0).value.item<double>(), 1e-6);
  going_on.backward();  // the first part's graph is gone, and not needed
  EXPECT_GT(model->temporal()->parameters().at(0).grad().norm().item<double>(), 0);
  const auto anew = loss(batch_of(pictures.narrow(1, 3, 3), false));
  EXPECT_GT(std::abs(anew.item<double>() - going_on.item<double>()), 1e-6);
}

/// A loop over clips that are two steps long each, which goes on from `memory`.
struct ClipLoop {
  explicit ClipLoop(int64_t stop_after = -1)
      : model(remembering()),
        memory(std::make_shared<ClipMemory>(model->temporal()->states(), 2, 16, 16)) {
    LoopOptions options;
    options.steps = 6;
    options.evaluate_every = options.checkpoint_every = 0;
    LoopHooks hooks;
    hooks.batch = [](int64_t step) {
      torch::manual_seed(static_cast<uint64_t>(step) + 50);
      return batch_of(torch::randint(0, 256, {2, 3, 3, 16, 16}, torch::kByte), step % 2 == 1);
    };
    hooks.objective = [this](const data::Batch& batch, int64_t) {
      auto state = memory->before(batch);
      auto terms = supervised_terms(forward_of(model), tasks, batch, {}, &state);
      memory->keep(state);
      return terms;
    };
    hooks.beside = memory;
    hooks.logged = [](const StepRecord&) {};
    hooks.save = [](const Checkpoint&, bool) {};
    hooks.stop = [this, stop_after] { return stop_after >= 0 && loop->steps_done() >= stop_after; };
    loop = std::make_unique<Loop>(options, 5, model, std::map<std::string, double>{{"sign", 1.0}},
                                  std::move(hooks));
  }

  models::MultiTaskModel model;
  Tasks tasks = sign_task();
  std::shared_ptr<ClipMemory> memory;
  std::unique_ptr<Loop> loop;
};

TEST(Remember, ARunStoppedBetweenTwoStepsOfAClipGoesOnBitForBit) {
  ClipLoop whole;
  whole.loop->run();
  for (const int64_t stop : {3, 4}) {  // within clips, and between two
    ClipLoop first(stop);
    first.loop->run();
    auto checkpoint = first.loop->snapshot();
    for (auto* part :
         {&checkpoint.weights, &checkpoint.objective, &checkpoint.optimizer, &checkpoint.average}) {
      for (auto& [name, tensor] : *part) tensor = tensor.detach().clone();
    }
    ASSERT_EQ(checkpoint.objective.size(), 1u);
    EXPECT_GT(checkpoint.objective.begin()->second.abs().max().item<double>(), 0);
    ClipLoop second;
    second.loop->restore(checkpoint);
    second.loop->run();
    const auto expected = whole.loop->snapshot().weights, found = second.loop->snapshot().weights;
    for (const auto& [name, tensor] : expected) EXPECT_TRUE(torch::equal(tensor, found.at(name)));
  }
}

// Probabilities of two frames: (1, 0, 0) and softmax of (ln 2, 0, 0) = (0.5, 0.25, 0.25); squared
// differences 0.25 + 0.0625 + 0.0625 = 0.375.
TEST(Consistency, OfClassesCountsWhereTheLabelStays) {
  const auto tasks = sign_task();
  ConsistencyOptions options;
  options.weight = 0.5;
  auto batch = batch_of(clips(1, 3), false);
  batch.labels["sign"].index = torch::tensor({1, 1, 2});
  const auto lessons = consistency_lessons(tasks, batch, options);
  const auto& lesson = lessons.by_task.at("sign").at(0);
  EXPECT_EQ(lesson.term, "consistency");
  EXPECT_EQ(lesson.weight, 0.5);
  EXPECT_FALSE(lesson.rows);
  const auto logits =
      torch::tensor({{50.0, 0.0, 0.0}, {std::log(2.0), 0.0, 0.0}, {0.0, 0.0, 50.0}});
  EXPECT_NEAR(lesson.loss({logits}).item<double>(), 0.375, 1e-5);
  EXPECT_TRUE(consistency_lessons(tasks, batch_of(clips(3, 1), false), options).by_task.empty());
  EXPECT_TRUE(consistency_lessons(tasks, batch, {}).by_task.empty());
}

// A mask that moves with the picture by one pixel to the right is consistent; one that stays is
// not.
TEST(Consistency, OfMasksFollowsTheMotion) {
  const auto tasks = one_task("person", "{type: segmentation}");
  ConsistencyOptions options;
  options.weight = 1;
  data::Batch batch;
  batch.origins.resize(1);
  torch::manual_seed(1);
  const auto first = torch::randint(0, 256, {1, 3, 8, 8}, torch::kByte);
  batch.pictures = torch::stack({first, first.roll(1, 3)}, 1);
  batch.motion = torch::zeros({2, 8, 8, 2});
  batch.motion.select(3, 0).fill_(-1);  // each pixel came from the left
  batch.motion[0].fill_(NAN);
  batch.motion[1].select(1, 0).fill_(NAN);
  batch.labels["person"].present = torch::zeros({2}, torch::kBool);
  const auto lessons = consistency_lessons(tasks, batch, options);
  const auto& loss = lessons.by_task.at("person").at(0).loss;
  const auto mask = 20 * torch::randint(0, 2, {1, 1, 8, 8}).to(torch::kFloat) - 10;
  EXPECT_NEAR(loss({torch::cat({mask, mask.roll(1, 3)})}).item<double>(), 0, 1e-5);
  EXPECT_GT(loss({torch::cat({mask, mask})}).item<double>(), 0.1);
}

}  // namespace
}  // namespace manyfold::train
