#include <torch/optim/adam.h>

#include "losses/classification.h"
#include "losses/detector.h"
#include "losses/segmentation.h"
#include "models/encoders.h"
#include "models/heads.h"
#include "models/multitask.h"
#include "testing.h"

namespace manyfold::models {
namespace {

using torch::Tensor;
using Raw = std::vector<Tensor>;
using Loss = std::function<Tensor(const Raw& raw)>;

constexpr int64_t kSide = 64;

losses::DetectorOptions faces_options() {
  losses::DetectorOptions options;
  options.landmarks = 5;
  return options;
}

/// Two classes at three strides, an anchor each.
losses::DetectorOptions people_options() {
  losses::DetectorOptions options;
  options.classes = 2;
  options.landmarks = 0;
  options.strides = {8, 16, 32};
  options.anchors = {0.06, 0.08, 0.15, 0.2, 0.3, 0.4};
  options.size_term = losses::DetectorOptions::SizeTerm::ciou;
  return options;
}

HeadOptions head_of(const losses::DetectorOptions& detector) {
  HeadOptions options;
  options.classes = detector.classes;
  options.landmarks = detector.landmarks;
  options.anchors = detector.anchors_per_level();
  options.strides = detector.strides;
  return options;
}

MultiTaskModel make_model(const std::string& encoder_name) {
  const auto encoder = encoders().at(encoder_name)(Stem::conv);
  const auto features = encoder->features();
  HeadOptions hands;
  hands.classes = 4;
  return MultiTaskModel(
      encoder, std::vector<std::pair<std::string, std::shared_ptr<Head>>>{
                   {"hands", heads().at("classification")(features, hands)},
                   {"person", heads().at("segmentation")(features, {})},
                   {"faces", heads().at("detector")(features, head_of(faces_options()))},
                   {"people", heads().at("detector")(features, head_of(people_options()))}});
}

Loss sum_of_terms(const losses::DetectorLabels& labels, const losses::DetectorOptions& options) {
  return [=](const Raw& raw) {
    auto sum = torch::zeros({});
    for (const auto& [name, term] : losses::detector_loss(raw, labels, options)) sum = sum + term;
    return sum;
  };
}

/// The losses of N pictures of which only the first `labelled` carry labels.
std::map<std::string, Loss> losses_of(int64_t n, int64_t labelled) {
  const auto index = torch::full({n}, -1, torch::kLong);
  auto mask = torch::full({n, kSide, kSide}, 255, torch::kByte);
  losses::DetectorLabels faces{
      torch::arange(n) < labelled,
      torch::full({n}, 2, torch::kLong),
      torch::tensor({{0.2f, 0.3f, 0.5f, 0.7f}, {0.6f, 0.6f, 0.65f, 0.68f}}).expand({n, 2, 4}),
      torch::zeros({n, 2}, torch::kLong),
      torch::tensor({0.25f, 0.4f}).expand({n, 2, 5, 2}),
      torch::ones({n, 2, 5}, torch::kBool)};
  auto people = faces;
  people.landmarks = torch::zeros({n, 2, 0, 2});
  people.visible = torch::zeros({n, 2, 0}, torch::kBool);
  people.object_class = torch::tensor({1, 0}).expand({n, 2});
  people.labelled = torch::ones({n, 2}, torch::kBool);
  people.labelled[1][0] = false;  // nobody looked for the first class in the second picture
  for (int64_t i = 0; i < labelled; ++i) {
    index[i] = i % 4;
    mask[i].fill_(0);
    mask[i].slice(0, 16, 48).slice(1, 8 * i, 8 * i + 24).fill_(1);
  }
  return {
      {"hands", [=](const Raw& raw) { return losses::class_cross_entropy(raw[0], index, 0.1); }},
      {"person",
       [=](const Raw& raw) {
         return losses::pixel_cross_entropy(raw[0], mask) + losses::dice_loss(raw[0], mask);
       }},
      {"faces", sum_of_terms(faces, faces_options())},
      {"people", sum_of_terms(people, people_options())}};
}

/// The gradient of one task's loss by every parameter of the model, in one row.
Tensor gradient(MultiTaskModel& model, const Tensor& pictures, const std::string& task,
                const Loss& loss) {
  model->zero_grad();
  loss(model->head(task, model->encode(pictures))).backward();
  std::vector<Tensor> rows;
  for (const auto& parameter : model->parameters()) {
    rows.push_back(parameter.grad().defined() ? parameter.grad().flatten().to(torch::kDouble)
                                              : torch::zeros({parameter.numel()}, torch::kDouble));
  }
  return torch::cat(rows);
}

TEST(PartialLabels, UnlabelledPicturesLeaveAHeadsGradientAsItIs) {
  torch::manual_seed(0);
  auto model = make_model("edge_200k");
  model->eval();  // BatchNorm would mix pictures
  const auto pictures = torch::randint(0, 256, {5, 3, kSide, kSide}, torch::kUInt8);
  const auto few = losses_of(2, 2), many = losses_of(5, 2);
  for (const auto& task : model->tasks()) {
    const auto alone = gradient(model, pictures.slice(0, 0, 2), task, few.at(task));
    const auto among = gradient(model, pictures, task, many.at(task));
    EXPECT_GT(alone.norm().item<double>(), 0) << task;
    EXPECT_LE(((among - alone).norm() / alone.norm()).item<double>(), 1e-6) << task;
  }
}

TEST(PartialLabels, OfNobodyGiveNoGradientAtAll) {
  torch::manual_seed(0);
  auto model = make_model("edge_200k");
  const auto pictures = torch::randint(0, 256, {2, 3, kSide, kSide}, torch::kUInt8);
  for (const auto& [task, loss] : losses_of(2, 0)) {
    EXPECT_EQ(gradient(model, pictures, task, loss).abs().max().item<double>(), 0) << task;
  }
}

// Every shipped combination learns its tasks on a batch by heart.
TEST(Models, OverfitOneBatch) {
  for (const auto& [name, factory] : encoders()) {
    torch::manual_seed(0);
    auto model = make_model(name);
    const auto pictures = torch::randint(0, 256, {4, 3, kSide, kSide}, torch::kUInt8);
    const auto losses = losses_of(4, 4);
    torch::optim::Adam optimiser(model->parameters(), torch::optim::AdamOptions(3e-3));
    std::map<std::string, double> first, last;
    for (int step = 0; step < 50; ++step) {
      const auto outputs = model->forward(pictures);
      auto total = torch::zeros({});
      for (const auto& [task, loss] : losses) {
        const auto value = loss(outputs.at(task));
        total = total + value;
        last[task] = value.item<double>();
      }
      if (step == 0) first = last;
      optimiser.zero_grad();
      total.backward();
      optimiser.step();
    }
    EXPECT_LT(last["hands"], 0.6) << name;  // smoothed labels: never below 0.51
    EXPECT_LT(last["person"], 0.2 * first["person"]) << name;
    EXPECT_LT(last["faces"], 0.2 * first["faces"]) << name;
    EXPECT_LT(last["people"], 0.2 * first["people"]) << name;
  }
}

}  // namespace
}  // namespace manyfold::models
