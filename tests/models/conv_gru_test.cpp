#include "models/blocks/conv_gru.h"

#include "testing.h"

namespace manyfold::models {
namespace {

using torch::Tensor;

Tensor weights_of(const ConvGru& gru, const std::string& name) { return state_dict(*gru).at(name); }

// 3 C (2 C k k + 1).
TEST(ConvGru, HasTheParametersOfThreeConvolutions) {
  EXPECT_EQ(parameter_count(*ConvGru(ConvGruOptions(16))), 13872);
  EXPECT_EQ(parameter_count(*ConvGru(ConvGruOptions(16).kernel(1))), 1584);
  EXPECT_EQ(parameter_count(*ConvGru(ConvGruOptions(2).kernel(5))), 606);
}

// r = s(.4 x + .3 h + .1) = .589040, z = s(-.2 x + .5 h - .1) = .475021 and
// c = tanh(.6 x + .7 r h + .05) = .407380; the other convention of z would give .308870.
TEST(ConvGru, GivesTheStateComputedByHand) {
  ConvGru gru(ConvGruOptions(1).kernel(1));
  load_state(*gru,
             {{"ih.0.weight", torch::tensor({0.4F, 0.3F, -0.2F, 0.5F}).view({2, 2, 1, 1})},
              {"ih.0.bias", torch::tensor({0.1F, -0.1F})},
              {"hh.0.weight", torch::tensor({0.6F, 0.7F}).view({1, 2, 1, 1})},
              {"hh.0.bias", torch::tensor({0.05F})}},
             "by hand");
  const auto x = torch::full({1, 1, 1, 1}, 0.5);
  EXPECT_NEAR(gru->forward(x, torch::full({1, 1, 1, 1}, 0.2)).item<double>(), 0.298510, 1e-6);
  // From zeros: z tanh(.6 x + .05) with z = s(-.2).
  EXPECT_NEAR(gru->forward(x).item<double>(), 0.151425, 1e-6);
}

// Two steps in Torch 1.13 in Python, as model/decoder.py of Robust Video Matting:
//   C = 2
//   fill = lambda p: torch.arange(p.numel(), dtype=torch.float64).sin().view_as(p) * 0.5
//   ih = torch.nn.Conv2d(2 * C, 2 * C, 3, padding=1).double()
//   hh = torch.nn.Conv2d(2 * C, C, 3, padding=1).double()
//   for p in [ih.weight, ih.bias, hh.weight, hh.bias]: p.data = fill(p.data)
//   h = torch.zeros(1, C, 2, 3, dtype=torch.float64)
//   for t in range(2):
//     x = (torch.arange(12, dtype=torch.float64) + 12 * t).cos().view(1, C, 2, 3)
//     r, z = ih(torch.cat([x, h], 1)).sigmoid().split(C, 1)
//     c = hh(torch.cat([x, r * h], 1)).tanh()
//     h = (1 - z) * h + z * c
TEST(ConvGru, IsThatOfTheReference) {
  ConvGru gru(ConvGruOptions(2));
  const torch::NoGradGuard no_grad;
  for (auto& p : gru->parameters()) {
    p.copy_(torch::arange(p.numel(), torch::kDouble).sin().view(p.sizes()) * 0.5);
  }
  Tensor h;
  for (const auto t : {0, 1}) {
    const auto x = (torch::arange(12, torch::kFloat) + 12 * t).cos().view({1, 2, 2, 3});
    h = gru->forward(x, h);
  }
  const auto expected =
      torch::tensor({-0.159976, -0.149701, -0.283566, 0.099421, 0.125447, 0.192772, 0.039049,
                     0.247749, 0.193423, 0.450474, 0.357143, 0.407641},
                    torch::kFloat);
  EXPECT_TRUE(torch::allclose(h.flatten(), expected, 0, 1e-5)) << h.flatten();
}

TEST(ConvGru, HasTheGradientsOfFiniteDifferences) {
  torch::manual_seed(0);
  ConvGru gru(ConvGruOptions(2));
  gru->to(torch::kDouble);
  const auto draw = [] { return torch::randn({2, 2, 3, 3}, torch::kDouble); };
  const auto x = draw(), h = draw() / 2, weight = draw();
  const auto loss = [&] { return (gru->forward(x, gru->forward(x, h)) * weight).sum(); };
  auto inputs = gru->parameters();
  inputs.insert(inputs.end(), {x, h});
  for (auto& input : inputs) input.requires_grad_();
  loss().backward();

  const torch::NoGradGuard no_grad;
  constexpr double kStep = 1e-5;
  for (auto& input : inputs) {
    const auto numbers = input.data().view(-1), gradients = input.grad().flatten();
    for (int64_t i = 0; i < numbers.numel(); ++i) {
      const auto kept = numbers[i].item<double>();
      numbers[i].fill_(kept + kStep);
      const auto up = loss().item<double>();
      numbers[i].fill_(kept - kStep);
      const auto down = loss().item<double>();
      numbers[i].fill_(kept);
      ASSERT_NEAR(gradients[i].item<double>(), (up - down) / (2 * kStep), 1e-7) << input.sizes();
    }
  }
}

TEST(ConvGru, StaysBetweenItsBoundsOverManyFrames) {
  torch::manual_seed(0);
  const torch::NoGradGuard no_grad;
  ConvGru gru(ConvGruOptions(4));
  Tensor h;
  for (int frame = 0; frame < 300; ++frame) h = gru->forward(10 * torch::randn({1, 4, 6, 6}), h);
  const auto largest = h.abs().max().item<double>();
  EXPECT_LE(largest, 1 + 1e-6);
  EXPECT_GE(largest, 0.5);  // and is alive
}

TEST(ConvGru, StartsSlowWithAnOrthogonalMemory) {
  torch::manual_seed(0);
  constexpr int64_t kChannels = 6;
  const ConvGru gru(ConvGruOptions(kChannels).kernel(5));
  EXPECT_TRUE(torch::equal(weights_of(gru, "ih.0.bias").slice(0, kChannels),
                           torch::full({kChannels}, -1.0F)));                               // of z
  EXPECT_GT(weights_of(gru, "ih.0.bias").slice(0, 0, kChannels).min().item<double>(), -1);  // of r
  const auto gates = weights_of(gru, "ih.0.weight").slice(1, kChannels).chunk(2, 0);
  const auto candidate = weights_of(gru, "hh.0.weight").slice(1, kChannels);
  for (const auto& kernel : {gates[0], gates[1], candidate}) {
    const auto rows = kernel.flatten(1);
    EXPECT_TRUE(torch::allclose(rows.mm(rows.t()), torch::eye(kChannels), 0, 1e-5));
  }
}

TEST(ConvGru, RefusesOtherKernelsAndStatesOfAnotherShape) {
  EXPECT_THROW(ConvGru(ConvGruOptions(4).kernel(2)), c10::Error);
  EXPECT_THROW(ConvGru(ConvGruOptions(4).kernel(7)), c10::Error);
  ConvGru gru(ConvGruOptions(2));
  // Broadcasting would take it.
  EXPECT_THROW(gru->forward(torch::zeros({2, 2, 3, 3}), torch::zeros({1, 2, 3, 3})), c10::Error);
}

TEST(ConvGru, ClonesToAnIndependentCopy) {
  torch::manual_seed(0);
  expect_independent_clone(*ConvGru(ConvGruOptions(4)), torch::randn({2, 4, 5, 5}));
}

}  // namespace
}  // namespace manyfold::models
