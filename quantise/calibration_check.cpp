#include "quantise/calibration_check.h"

#include <ATen/ATen.h>

#include "common/error.h"

namespace manyfold::quantise {

void check_calibration(const std::vector<graph::TensorMap>& batches, const graph::Graph& graph) {
  int64_t rows = 0;
  bool varies = false;
  for (const auto& batch : batches) {
    const auto& pictures = batch.at(graph.inputs().front()->name);
    rows += pictures.size(0);
    varies = varies || (pictures != pictures.flatten()[0]).any().item<bool>();
  }
  if (rows < kFewestPictures) {
    throw UserError("quantise: calibration needs at least " + std::to_string(kFewestPictures) +
                    " pictures, found " + std::to_string(rows) +
                    "; name a larger set (calibration=FOLDER) or raise quantise.pictures");
  }
  if (!varies) {
    throw UserError("quantise: all " + std::to_string(rows) +
                    " calibration pictures are of one colour, from which no range can be learnt; "
                    "name pictures like those of the camera (calibration=FOLDER)");
  }
}

}  // namespace manyfold::quantise
