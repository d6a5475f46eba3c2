#include "losses/detector_grid.h"

#include <torch/types.h>

namespace manyfold::losses {

using torch::Tensor;

void check_outputs(const std::vector<Tensor>& raw, const DetectorOptions& options) {
  TORCH_CHECK(!options.strides.empty() && raw.size() == options.strides.size(), "detector: needs ",
              options.strides.size(), " outputs, one for each stride, got ", raw.size());
  const auto channels = options.anchors_per_level() * options.depth();
  for (const auto& level : raw) {
    TORCH_CHECK(level.dim() == 4 && level.size(0) == raw[0].size(0) && level.size(1) == channels,
                "detector: needs [N, ", channels, ", Sh, Sw] with one N, got ", level.sizes());
  }
}

Tensor anchor_tensor(const std::vector<double>& anchors, at::Device device) {
  return torch::tensor(anchors, torch::kFloat).view({-1, 2}).to(device);
}

DetectorGrid detector_grid(const std::vector<GridSize>& sizes, const DetectorOptions& options,
                           at::Device device) {
  std::vector<int64_t> rows, columns, first;
  int64_t places = 0;
  for (const auto& size : sizes) {
    for (int64_t i = 0; i < options.anchors_per_level(); ++i) {
      rows.push_back(size.rows);
      columns.push_back(size.columns);
      first.push_back(places);
      places += size.rows * size.columns;
    }
  }
  const auto numbers = [&](const std::vector<int64_t>& list) {
    return torch::tensor(list, torch::kLong).to(device);
  };
  DetectorGrid grid;
  grid.anchor = anchor_tensor(options.anchors, device);
  grid.rows = numbers(rows);
  grid.columns = numbers(columns);
  grid.first = numbers(first);
  grid.anchor_of_place = torch::arange(options.anchor_count(), grid.rows.options())
                             .repeat_interleave(grid.rows * grid.columns, 0, places);
  grid.cell_of_place =
      torch::arange(places, grid.rows.options()) - grid.first.index_select(0, grid.anchor_of_place);
  return grid;
}

DetectorGrid grid_of(const std::vector<Tensor>& raw, const DetectorOptions& options) {
  check_outputs(raw, options);
  std::vector<GridSize> sizes;
  for (const auto& level : raw) sizes.push_back({level.size(2), level.size(3)});
  return detector_grid(sizes, options, raw[0].device());
}

}  // namespace manyfold::losses
