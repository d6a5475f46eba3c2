// Models with memory in the arithmetic of devices: int8 and fp16_device, along clips.

#include <gtest/gtest.h>

#include <algorithm>

#include "graph/round_half.h"
#include "tests/train/remembering.h"
#include "tests/train/tasks/options.h"
#include "train/precision.h"
#include "train/qat.h"
#include "train/supervised.h"

namespace manyfold::train {
namespace {

using torch::Tensor;

constexpr int kSide = 16;
constexpr const char* kState = "state_in_stride2";

/// Clips that change slowly: uint8 [n, frames, 3, 16, 16].
Tensor clips(int64_t n, int64_t frames) {
  const auto place = torch::arange(3 * kSide * kSide, torch::kFloat).view({3, kSide, kSide});
  std::vector<Tensor> all;
  for (int64_t clip = 0; clip < n; ++clip) {
    for (int64_t t = 0; t < frames; ++t) {
      const auto phase = 0.04 * static_cast<double>(t) + static_cast<double>(clip);
      all.push_back(((place * 0.021 + phase).sin() * 110 + 128).to(torch::kByte));
    }
  }
  return torch::stack(all).view({n, frames, 3, kSide, kSide});
}

struct Int8 {
  Int8() {
    tasks.emplace_back("sign", config::read<TaskOptions>(config::parse_yaml(
                                   "{type: classification, classes: [a, b, c]}", "task.yaml")));
    quantise::QuantiseOptions options;
    options.observer = "minmax";
    quantised = make_quantised(model, tasks, {kSide, kSide}, options);
  }
  void calibrate() { quantised->calibrate({inputs_along(quantised->float_graph(), clips(4, 16))}); }
  data::Batch batch(int64_t count, int64_t frames) const {
    data::Batch batch;
    batch.pictures = clips(count, frames);
    batch.labels["sign"].present = torch::ones({count * frames}, torch::kBool);
    batch.labels["sign"].index = torch::arange(count * frames).remainder(3);
    batch.origins.resize(static_cast<size_t>(count));
    return batch;
  }
  /// Of the rounded copy of the state that the gates read.
  const quantise::ActivationQuantiser& of_state() const {
    const auto& tensors = quantised->plan().tensors;
    const auto copy = std::find_if(tensors.begin(), tensors.end(), [](const auto& tensor) {
      return tensor.name.find("alias") != std::string::npos;
    });
    TORCH_CHECK(copy != tensors.end(), "no copy of the state");
    return quantised->quantisers().of(*copy);
  }

  models::MultiTaskModel model = remembering();
  Tasks tasks;
  std::shared_ptr<quantise::QuantisedModel> quantised;
};

struct Seen {
  Tensor scores;  // [rows, 3]
  Tensor state;
};

Seen seen_by(const Forward& forward, const Tensor& pictures) {
  const torch::NoGradGuard no_grad;
  const auto seen = look_at(forward, pictures);
  return {forward.head("sign", seen.features, {}).at(0), seen.state.at(0)};
}

Seen seen_by(const graph::Graph& graph, const Tensor& pictures) {
  return seen_by(forward_of(std::make_shared<const graph::Replay>(graph)), pictures);
}

TEST(InputsAlong, AreEveryFrameWithTheStateBeforeIt) {
  auto model = remembering();
  const auto graph = trace_model(model, {kSide, kSide});
  const auto pictures = clips(2, 3);
  const auto inputs = inputs_along(graph, pictures);
  EXPECT_TRUE(torch::equal(inputs.at("pictures"), pictures.flatten(0, 1)));
  const auto& states = inputs.at(kState);
  ASSERT_EQ(states.size(0), 6);
  for (int64_t t = 0; t < 3; ++t) {
    const auto here = states.slice(0, t, {}, 3);  // of both clips
    if (t == 0) {
      EXPECT_EQ(here.abs().max().item<float>(), 0);
      continue;
    }
    const torch::NoGradGuard no_grad;
    const auto before = look_at(forward_of(model), pictures.narrow(1, 0, t)).state.at(0);
    EXPECT_TRUE(torch::allclose(here, before, 1e-4, 1e-5)) << t;
  }
  TinyModel still;
  EXPECT_EQ(inputs_along(trace_model(still.model, {kSide, kSide}), pictures).size(), 1u);
}

TEST(Int8Memory, IsAmongTheFactsOfAGraph) {
  Int8 job;
  const auto facts = facts_of(job.tasks, job.quantised->float_graph());
  ASSERT_EQ(facts.states.size(), 1u);
  EXPECT_EQ(facts.states[0].input, kState);
  EXPECT_EQ(facts.states[0].output, "state_out_stride2");
  EXPECT_EQ(facts.states[0].bound, 1);
}

TEST(Int8Memory, DoesNotDriftOver300Frames) {
  Int8 job;
  job.calibrate();
  const auto pictures = clips(1, 300);
  const auto exact = seen_by(job.quantised->float_graph(), pictures);
  const auto rounded = seen_by(job.quantised->integer(), pictures);
  const auto gap = (exact.scores - rounded.scores).abs().mean(1);
  const auto early = gap.slice(0, 0, 50).mean().item<double>();
  const auto late = gap.slice(0, 250).mean().item<double>();
  RecordProperty("early", std::to_string(early));
  RecordProperty("late", std::to_string(late));
  EXPECT_GT(late, 0) << "it is rounded";
  EXPECT_LT(late, 1.5 * early);
  EXPECT_LT(late, 0.05 * exact.scores.abs().mean().item<double>());
  EXPECT_LT((exact.state - rounded.state).abs().mean().item<double>(), 0.01);
}

TEST(Int8Memory, LearnsAlongClips) {
  Int8 job;
  job.calibrate();
  QatSchedule schedule(job.model, job.quantised, {kSide, kSide}, {}, 10);
  job.model->train();
  const auto batch = job.batch(2, 4);
  auto terms = supervised_terms(schedule.training(0), job.tasks, batch);
  terms.at(0).second.at(0).value.backward();
  const auto recurrent = [&](const std::string& name) {
    for (const auto& entry : job.model->named_parameters()) {
      if (entry.key() == "temporal.stride2.gru." + name + ".0.weight")
        return entry.value().grad().slice(1, 8).abs().max().item<double>();  // what reads h
    }
    return -1.0;
  };
  EXPECT_GT(recurrent("ih"), 0);
  EXPECT_GT(recurrent("hh"), 0);
}

TEST(Int8Memory, StillsDoNotTakeItsRangeAway) {
  Int8 job;
  job.calibrate();
  quantise::QatOptions qat;
  qat.freeze_ranges = 1;
  qat.momentum = 0.5;
  QatSchedule schedule(job.model, job.quantised, {kSide, kSide}, qat, 40);
  job.model->train();
  const auto stills = job.batch(6, 1);
  for (int64_t step = 0; step < 40; ++step) {
    supervised_terms(schedule.training(step), job.tasks, stills);
    schedule.follow();
  }
  const auto range = job.of_state().range();
  EXPECT_LE(range.first, -1);
  EXPECT_GE(range.second, 1);
}

TEST(Int8Memory, ATeacherGoesOnFromTheStateOfItsPupil) {
  Int8 job;
  const auto teacher = forward_of(job.model);
  torch::manual_seed(4);
  const auto pictures = torch::randint(0, 256, {2, 6, 3, kSide, kSide}, torch::kByte);
  auto rest = job.batch(2, 3);
  rest.pictures = pictures.narrow(1, 3, 3);
  const torch::NoGradGuard no_grad;
  const auto whole = teacher.head("sign", look_at(teacher, pictures).features, {}).at(0);
  const auto later = whole.view({2, 6, 3}).narrow(1, 3, 3).flatten(0, 1);
  const auto loss_from = [&](const models::State& state) {
    const auto lessons = imitation_lessons("float_model", teacher, job.tasks, rest, 1, 1, state);
    return lessons.by_task.at("sign").at(0).loss({later}).item<double>();
  };
  EXPECT_NEAR(loss_from(look_at(teacher, pictures.narrow(1, 0, 3)).state), 0, 1e-6);
  EXPECT_GT(loss_from({}), 1e-5);
}

TEST(HalfMemory, EveryStateIsAHalfAndTheClipIsSeenAlike) {
  auto model = remembering();
  const auto pictures = clips(2, 40);
  const auto forward = forward_in(Precision::fp16_device, model, {kSide, kSide});
  ASSERT_TRUE(forward.training.remember && forward.evaluation.remember);
  const auto exact = seen_by(forward_of(model), pictures);
  const auto half = seen_by(forward.evaluation, pictures);
  EXPECT_TRUE(torch::equal(half.state, graph::round_half(half.state)));
  EXPECT_FALSE(torch::equal(half.state, exact.state));
  // 2^-11 for each of some roundings, which a memory that contracts forgets.
  EXPECT_LT((half.state - exact.state).abs().max().item<double>(), 5e-3);
  EXPECT_LT((half.scores - exact.scores).abs().max().item<double>(), 1e-2);
}

TEST(HalfMemory, LearnsAlongClips) {
  Int8 job;  // for its batch
  auto model = remembering();
  model->train();
  const auto forward = forward_in(Precision::fp16_device, model, {kSide, kSide});
  auto terms = supervised_terms(forward.training, job.tasks, job.batch(2, 4));
  terms.at(0).second.at(0).value.backward();
  for (const auto& parameter : model->temporal()->parameters()) {
    ASSERT_TRUE(parameter.grad().defined());
    EXPECT_GT(parameter.grad().abs().max().item<double>(), 0);
  }
}

}  // namespace
}  // namespace manyfold::train
