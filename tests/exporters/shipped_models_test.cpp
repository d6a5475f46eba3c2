#include "tests/graph/shipped_models.h"

#include "tests/exporters/export_compare.h"

namespace manyfold::exporters {
namespace {

class ShippedExport : public testing::TestWithParam<graph::ShippedModel> {};

// With BatchNorm statistics that are not those of a fresh model.
TEST_P(ShippedExport, RunsInOnnxRuntimeAsInLibTorch) {
  torch::manual_seed(3);
  auto model = GetParam().make();
  {
    const torch::NoGradGuard no_grad;
    model->train();
    for (int i = 0; i < 3; ++i) model->forward(torch::randint(256, {4, 3, 64, 64}, torch::kUInt8));
  }
  const auto graph = graph::trace_model(model, graph::Mode::eval);
  expect_exports(graph, 11, 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Models, ShippedExport, testing::ValuesIn(graph::shipped_models()),
                         [](const auto& info) { return info.param.name(); });

}  // namespace
}  // namespace manyfold::exporters
