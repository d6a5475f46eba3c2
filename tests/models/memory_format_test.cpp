#include "models/memory_format.h"

#include "models/blocks/conv_bn_act.h"
#include "testing.h"

namespace manyfold::models {
namespace {

TEST(SetChannelsLast, ChangesTheLayoutAndNothingElse) {
  torch::manual_seed(0);
  ConvBnAct block(ConvBnActOptions(8, 8));
  block->eval();
  const auto x = torch::randn({2, 8, 6, 6});
  const auto expected = block->forward(x);
  const auto kernel = block->parameters()[0];
  set_channels_last(*block);
  EXPECT_TRUE(kernel.is_contiguous(torch::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(kernel.requires_grad());
  const auto got = block->forward(x.contiguous(torch::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(got.is_contiguous(torch::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(torch::allclose(got, expected, 1e-4, 1e-5));
}

}  // namespace
}  // namespace manyfold::models
