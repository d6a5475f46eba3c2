#include "pretrain/embed.h"

#include <gtest/gtest.h>

#include "tests/pretrain/views.h"

namespace manyfold::pretrain {
namespace {

TEST(Embed, AveragesTheCoarsestMapInEvaluationMode) {
  auto model = student_of(small("dino"), 1);
  const auto pictures = patterns(5, 1, 64).flatten(0, 1);
  model->train();
  const auto before = model->named_buffers()["encoder.stride4.1.norm.running_mean"].clone();
  const auto rows = embed(model, pictures, /*chunk=*/2);
  EXPECT_TRUE(model->is_training());
  EXPECT_TRUE(torch::equal(model->named_buffers()["encoder.stride4.1.norm.running_mean"], before));
  EXPECT_FALSE(rows.requires_grad());

  model->eval();
  const auto map = model->encode(pictures).back();  // [5, 88, 2, 2]
  const auto expected = map.flatten(2).sum(2) / 4;
  EXPECT_TRUE(torch::allclose(rows, expected, 1e-4, 1e-5));
}

}  // namespace
}  // namespace manyfold::pretrain
