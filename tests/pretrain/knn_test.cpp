#include "pretrain/knn.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

namespace manyfold::pretrain {
namespace {

using torch::Tensor;

/// Rows at these cosines from (1, 0), of lengths 1, 2, 3, ...
Tensor rows_at(const std::vector<double>& cosines) {
  std::vector<Tensor> rows;
  for (const double c : cosines) {
    const double length = static_cast<double>(rows.size() + 1);
    rows.push_back(torch::tensor({length * c, length * std::sqrt(1 - c * c)}));
  }
  return torch::stack(rows).to(torch::kFloat);
}

int64_t vote(const std::vector<double>& cosines, const std::vector<int64_t>& labels, int64_t k) {
  const auto query = torch::tensor({5.0F, 0.0F}).view({1, 2});
  const auto found = knn_predict(rows_at(cosines), torch::tensor(labels), query, 3, k);
  EXPECT_EQ(found.sizes(), std::vector<int64_t>{1});
  return found.item<int64_t>();
}

// exp(0.1 / 0.07) = 4.17: one neighbour at 0.9 has the vote of four at 0.8, not of five.
TEST(KnnPredict, WeighsVotesByCosine) {
  EXPECT_EQ(vote({0.9, 0.8, 0.8, 0.8, 0.8}, {2, 1, 1, 1, 1}, 5), 2);
  EXPECT_EQ(vote({0.9, 0.8, 0.8, 0.8, 0.8, 0.8}, {2, 1, 1, 1, 1, 1}, 6), 1);
}

TEST(KnnPredict, AsksTheNearestAlone) {
  EXPECT_EQ(vote({0.8, 0.8, 0.9, 0.8, 0.8, 0.8}, {1, 1, 0, 1, 1, 1}, 1), 0);
}

TEST(KnnPredict, CutsKToTheBank) { EXPECT_EQ(vote({0.5, -0.5}, {1, 0}, 200), 1); }

// 3000 * 6000 similarities are more than one chunk.
TEST(KnnPredict, FindsEveryRowOfALargeBank) {
  const auto angle = torch::arange(3000, torch::kDouble) * (2 * M_PI / 3000);
  const auto bank = torch::stack({angle.cos(), angle.sin()}, 1);
  const auto labels = torch::arange(3000, torch::kLong).remainder(2);  // neighbours differ
  const auto found = knn_predict(bank, labels, bank.repeat({2, 1}), 2, 1);
  EXPECT_TRUE(torch::equal(found, labels.repeat({2})));
}

TEST(KnnPredict, TakesNoQueries) {
  const auto found = knn_predict(torch::eye(2), torch::tensor({0, 1}), torch::zeros({0, 2}), 2);
  EXPECT_EQ(found.size(0), 0);
}

TEST(KnnPredict, RefusesUnequalWidthsAndAnEmptyBank) {
  EXPECT_THROW(knn_predict(torch::eye(2), torch::tensor({0, 1}), torch::eye(3), 2), c10::Error);
  EXPECT_THROW(knn_predict(torch::zeros({0, 2}), torch::zeros({0}, torch::kLong), torch::eye(2), 2),
               c10::Error);
}

}  // namespace
}  // namespace manyfold::pretrain
