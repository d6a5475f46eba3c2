#include "pretrain/linear_probe.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace manyfold::pretrain {
namespace {

using torch::Tensor;

/// Three clusters round (0, 0), (4, 0), (0, 4), then distorted: one feature is large and far from
/// 0, the other tiny, a third constant.
struct Clusters {
  explicit Clusters(uint64_t seed, int64_t count = 300) {
    torch::manual_seed(seed);
    labels = torch::arange(count, torch::kLong).remainder(3);
    const auto centres = torch::tensor({0.0F, 0.0F, 4.0F, 0.0F, 0.0F, 4.0F}).view({3, 2});
    const auto points = centres.index_select(0, labels) + 0.4 * torch::randn({count, 2});
    rows = torch::stack(
        {500 + 1000 * points.select(1, 0), 1e-3 * points.select(1, 1), torch::full({count}, 7.0F)},
        1);
  }
  Tensor rows, labels;
};

double accuracy(const Tensor& found, const Tensor& labels) {
  return (found == labels).to(torch::kDouble).mean().item<double>();
}

TEST(LinearProbe, SeparatesWhatAPlaneSeparatesWhateverTheScales) {
  const Clusters bank(1), queries(2);
  const auto found = linear_probe_predict(bank.rows, bank.labels, queries.rows, 3);
  EXPECT_EQ(found.scalar_type(), torch::kLong);
  EXPECT_GE(accuracy(found, queries.labels), 0.99);
}

// No line parts the corners of a square from their neighbours: at best three of four are right.
TEST(LinearProbe, CannotDoMoreThanALine) {
  const auto corners = torch::tensor({0.0F, 0.0F, 0.0F, 1.0F, 1.0F, 0.0F, 1.0F, 1.0F}).view({4, 2});
  const auto labels = torch::tensor({0, 1, 1, 0});
  EXPECT_LE(accuracy(linear_probe_predict(corners, labels, corners, 2), labels), 0.75);
}

TEST(LinearProbe, LeavesOutWhatIsConstantInTheBank) {
  const Clusters bank(1), queries(2);
  auto moved = queries.rows.clone();
  moved.select(1, 2).fill_(-1e6);
  EXPECT_TRUE(torch::equal(linear_probe_predict(bank.rows, bank.labels, moved, 3),
                           linear_probe_predict(bank.rows, bank.labels, queries.rows, 3)));
}

TEST(LinearProbe, IsAFunctionOfItsArguments) {
  const Clusters bank(1, 60);
  torch::manual_seed(4);
  const auto expected = torch::rand({3});
  torch::manual_seed(4);
  {
    const torch::NoGradGuard no_grad;  // trains all the same
    EXPECT_GE(accuracy(linear_probe_predict(bank.rows, bank.labels, bank.rows, 3), bank.labels),
              0.95);
  }
  EXPECT_TRUE(torch::equal(torch::rand({3}), expected));
}

TEST(LinearProbe, RefusesUnequalWidths) {
  EXPECT_THROW(linear_probe_predict(torch::eye(2), torch::tensor({0, 1}), torch::eye(3), 2),
               c10::Error);
}

}  // namespace
}  // namespace manyfold::pretrain
