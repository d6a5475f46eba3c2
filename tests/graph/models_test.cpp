// The shipped models keep to what tracing can record: any batch, in both modes, bit for bit.
#include <gtest/gtest.h>
#include <torch/types.h>

#include "graph/replay.h"
#include "graph/trace.h"
#include "models/encoders.h"
#include "models/heads.h"
#include "models/multitask.h"

namespace manyfold::graph {
namespace {

TEST(Models, AreTracedWithBothStems) {
  for (const auto stem : {models::Stem::conv, models::Stem::space_to_depth}) {
    torch::manual_seed(0);
    const auto encoder = models::encoders().at("edge_200k")(stem);
    std::vector<std::pair<std::string, std::shared_ptr<models::Head>>> heads;
    for (const auto& [kind, factory] : models::heads()) {
      heads.emplace_back(kind, factory(encoder->features(), {}));
    }
    models::MultiTaskModel model(encoder, heads);
    const auto forward = [&](const Tensors& inputs) {
      NamedTensors named;
      for (const auto& [task, tensors] : model->forward(inputs[0]))
        named.emplace_back(task, tensors[0]);
      return named;
    };
    const auto pictures = torch::randint(0, 256, {2, 3, 64, 96}, torch::kUInt8);
    for (const auto mode : {Mode::train, Mode::eval}) {
      EXPECT_NO_THROW(trace(*model, forward, {{"pictures", pictures}}, mode));
    }
  }
}

}  // namespace
}  // namespace manyfold::graph
