#pragma once

#include <gtest/gtest.h>

#include <cmath>

#include "models/encoders.h"
#include "models/heads.h"
#include "train/loop.h"

namespace manyfold::train {

inline models::MultiTaskModel small_model() {
  torch::manual_seed(1);
  const auto encoder = models::encoders().at("edge_200k")(models::Stem::conv);
  models::HeadOptions options;
  options.classes = 3;
  return models::MultiTaskModel(
      encoder, std::vector<std::pair<std::string, std::shared_ptr<models::Head>>>{
                   {"sign", models::heads().at("classification")(encoder->features(), options)}});
}

/// Pictures and classes that depend on the step alone.
inline data::Batch batch_of(int64_t step) {
  const auto generator = at::detail::createCPUGenerator(static_cast<uint64_t>(step) + 7);
  data::Batch batch;
  batch.pictures = torch::randint(0, 256, {4, 1, 3, 32, 32}, generator, torch::kByte);
  batch.labels["sign"].present = torch::ones({4}, torch::kBool);
  batch.labels["sign"].index = torch::randint(0, 3, {4}, generator, torch::kLong);
  batch.origins.resize(4);
  batch.step = step;
  return batch;
}

/// A loop over the batches above that keeps what it was told.
struct LoopFixture {
  explicit LoopFixture(LoopOptions options = {}, int64_t nan_from = -1,
                       torch::Device device = torch::kCPU, std::optional<GradScaler> scaler = {})
      : model(small_model()) {
    model->to(device);
    options.schedule.warmup_steps = 2;
    LoopHooks hooks;
    hooks.batch = batch_of;
    hooks.objective = [this, nan_from](const data::Batch& batch, int64_t) -> TaskTerms {
      auto features = model->encode(batch.pictures.flatten(0, 1));
      // Dropout: what LibTorch draws must be repeated by a resumed run as well.
      for (auto& feature : features) feature = torch::dropout(feature, 0.2, true);
      auto loss = torch::nll_loss(model->head("sign", features).at(0).log_softmax(1),
                                  batch.labels.at("sign").index);
      if (nan_from >= 0 && batch.step >= nan_from) loss = loss * std::nan("");
      if (gradients_fit) {
        loss.register_hook([this](const torch::Tensor& gradient) {
          return gradients_fit(gradient.item<double>()) ? gradient : gradient * INFINITY;
        });
      }
      return {{"sign", {{"nll", loss}}}};
    };
    hooks.logged = [this](const StepRecord& record) { records.push_back(record); };
    hooks.skipped = [this](const StepRecord& record, const data::Batch& batch) {
      skipped_at.push_back(record.step);
      EXPECT_EQ(batch.step, record.step);
      at_skip = loop->snapshot();
      for (auto* state : {&at_skip.weights, &at_skip.average, &at_skip.optimizer}) {
        for (auto& [name, tensor] : *state) tensor = tensor.detach().clone();
      }
    };
    hooks.evaluate = [this](int64_t steps) {
      evaluated.push_back(steps);
      return scores.empty() ? 0 : scores.at(evaluated.size() - 1);
    };
    hooks.save = [this](const Checkpoint& checkpoint, bool best) {
      if (best) best_at.push_back(checkpoint.step);
      if (!best) saved_at.push_back(checkpoint.step);
    };
    hooks.stop = [this] { return stop_after >= 0 && loop->steps_done() >= stop_after; };
    loop = std::make_unique<Loop>(options, 5, model, std::map<std::string, double>{{"sign", 1.0}},
                                  std::move(hooks), scaler);
  }

  models::MultiTaskModel model;
  std::unique_ptr<Loop> loop;
  std::vector<StepRecord> records;
  std::vector<int64_t> evaluated, best_at, saved_at, skipped_at;
  Checkpoint at_skip;                         // the last snapshot that `skipped` took
  std::function<bool(double)> gradients_fit;  // by the gradient of the loss, which is its scale
  std::vector<double> scores;
  int64_t stop_after = -1;
};

inline LoopOptions options_for(int64_t steps) {
  LoopOptions options;
  options.steps = steps;
  options.evaluate_every = 0;
  options.checkpoint_every = 0;
  return options;
}

inline void expect_equal(const models::StateDict& a, const models::StateDict& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, tensor] : a) EXPECT_TRUE(torch::equal(tensor, b.at(name))) << name;
}

}  // namespace manyfold::train
