// What a training step of each shipped model costs, without optimiser and data: pictures of
// 160 x 160, batches of 32, each picture labelled for one of three tasks.
#include <benchmark/benchmark.h>
#include <torch/torch.h>

#include "losses/classification.h"
#include "losses/detector.h"
#include "losses/segmentation.h"
#include "models/encoders.h"
#include "models/heads.h"
#include "models/memory_format.h"
#include "models/multitask.h"

namespace manyfold {
namespace {

using torch::Tensor;

constexpr int64_t kBatch = 32, kSide = 160, kFaces = 8;

losses::DetectorLabels faces(int64_t n) {
  const auto corner = torch::rand({n, kFaces, 2}) * 0.8, size = torch::rand({n, kFaces, 2}) * 0.2;
  return {torch::ones({n}, torch::kBool),
          torch::full({n}, kFaces, torch::kLong),
          torch::cat({corner, corner + size + 0.01}, 2),
          torch::zeros({n, kFaces}, torch::kLong),
          torch::rand({n, kFaces, 68, 2}),
          torch::ones({n, kFaces, 68}, torch::kBool)};
}

models::MultiTaskModel make_model(const std::string& name, models::Stem stem) {
  const auto encoder = models::encoders().at(name)(stem);
  const auto features = encoder->features();
  models::HeadOptions hands;
  hands.classes = 10;
  models::MultiTaskModel model(encoder,
                               std::vector<std::pair<std::string, std::shared_ptr<models::Head>>>{
                                   {"person", models::heads().at("segmentation")(features, {})},
                                   {"hands", models::heads().at("classification")(features, hands)},
                                   {"faces", models::heads().at("detector")(features, {})}});
  models::set_channels_last(*model);
  return model;
}

Tensor random_pictures(int64_t n) {
  return torch::randint(0, 256, {n, 3, kSide, kSide}, torch::kUInt8)
      .contiguous(torch::MemoryFormat::ChannelsLast);
}

void training_step(benchmark::State& state, const std::string& name, models::Stem stem) {
  torch::manual_seed(0);
  at::globalContext().setFlushDenormal(true);
  auto model = make_model(name, stem);
  const auto pictures = random_pictures(kBatch);
  const int64_t third = kBatch / 3;
  const auto mask = torch::randint(0, 2, {third, kSide, kSide}, torch::kUInt8);
  const auto index = torch::randint(0, 10, {third}, torch::kLong);
  const auto labels = faces(kBatch - 2 * third);
  for (auto _ : state) {
    const auto features = model->encode(pictures);
    const auto rows = [&](int64_t from, int64_t to) {
      std::vector<Tensor> some;
      for (const auto& map : features) some.push_back(map.slice(0, from, to));
      return some;
    };
    auto loss =
        losses::pixel_cross_entropy(model->head("person", rows(0, third))[0], mask) +
        losses::class_cross_entropy(model->head("hands", rows(third, 2 * third))[0], index, 0.1);
    const auto raw = model->head("faces", rows(2 * third, kBatch));
    for (const auto& [term, value] : losses::detector_loss(raw, labels, {})) loss = loss + value;
    model->zero_grad();
    loss.backward();
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void BM_TrainingStep(benchmark::State& state, const std::string& name) {
  training_step(state, name, models::Stem::conv);
}
BENCHMARK_CAPTURE(BM_TrainingStep, edge_200k, "edge_200k")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_TrainingStep, edge_420k, "edge_420k")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_TrainingStep, edge_2m4, "edge_2m4")->Unit(benchmark::kMillisecond);

/// The encoder's share of the step.
void BM_EncoderStep(benchmark::State& state, const std::string& name) {
  torch::manual_seed(0);
  at::globalContext().setFlushDenormal(true);
  auto model = make_model(name, models::Stem::conv);
  const auto pictures = random_pictures(kBatch);
  for (auto _ : state) {
    const auto features = model->encode(pictures);
    model->zero_grad();
    features.back().sum().backward();
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK_CAPTURE(BM_EncoderStep, edge_200k, "edge_200k")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_EncoderStep, edge_420k, "edge_420k")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_EncoderStep, edge_2m4, "edge_2m4")->Unit(benchmark::kMillisecond);

void BM_TrainingStepSpaceToDepth(benchmark::State& state) {
  training_step(state, "edge_420k", models::Stem::space_to_depth);
}
BENCHMARK(BM_TrainingStepSpaceToDepth)->Unit(benchmark::kMillisecond);

/// One picture through everything, as a device would.
void BM_Forward(benchmark::State& state, const std::string& name) {
  torch::manual_seed(0);
  const torch::NoGradGuard no_grad;
  auto model = make_model(name, models::Stem::conv);
  model->eval();
  const auto pictures = random_pictures(1);
  for (auto _ : state) benchmark::DoNotOptimize(model->forward(pictures));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(BM_Forward, edge_200k, "edge_200k")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Forward, edge_420k, "edge_420k")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Forward, edge_2m4, "edge_2m4")->Unit(benchmark::kMillisecond);

losses::DetectorOptions heads_and_bodies() {
  losses::DetectorOptions options;
  options.classes = 2;
  options.landmarks = 0;
  options.strides = {8, 16, 32};
  options.anchors = {0.05, 0.06, 0.08, 0.1, 0.1, 0.2, 0.1, 0.2, 0.2,
                     0.2,  0.2,  0.4,  0.3, 0.6, 0.4, 0.4, 0.5, 0.8};
  options.size_term = losses::DetectorOptions::SizeTerm::ciou;
  return options;
}

void detector_loss(benchmark::State& state, const losses::DetectorOptions& options) {
  torch::manual_seed(0);
  auto labels = faces(kBatch);
  labels.landmarks = labels.landmarks.narrow(2, 0, options.landmarks);
  labels.visible = labels.visible.narrow(2, 0, options.landmarks);
  std::vector<Tensor> raw;
  for (const auto stride : options.strides) {
    raw.push_back(torch::randn({kBatch, options.anchors_per_level() * options.depth(),
                                kSide / stride, kSide / stride})
                      .contiguous(torch::MemoryFormat::ChannelsLast)
                      .set_requires_grad(true));
  }
  for (auto _ : state) {
    auto loss = torch::zeros({});
    for (const auto& [term, value] : losses::detector_loss(raw, labels, options))
      loss = loss + value;
    loss.backward();
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void BM_FacesLoss(benchmark::State& state) { detector_loss(state, {}); }
BENCHMARK(BM_FacesLoss)->Unit(benchmark::kMillisecond);

void BM_HeadsAndBodiesLoss(benchmark::State& state) { detector_loss(state, heads_and_bodies()); }
BENCHMARK(BM_HeadsAndBodiesLoss)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace manyfold
