#include "metrics/temporal/metric.h"

#include <stdexcept>

#include "metrics/temporal/classes.h"
#include "metrics/temporal/masks.h"
#include "metrics/temporal/objects.h"

namespace manyfold::metrics {

std::unique_ptr<TemporalMetric> temporal_metric(const data::LabelSpec& spec,
                                                const TemporalOptions& options) {
  using Kind = data::LabelSpec::Kind;
  switch (spec.kind) {
    case Kind::mask:
      return std::make_unique<TemporalMaskMetric>(spec.classes, options);
    case Kind::class_index:
      return std::make_unique<TemporalClassMetric>(options);
    case Kind::objects:
      return std::make_unique<TemporalObjectsMetric>(spec.landmarks, options);
  }
  throw std::invalid_argument("temporal_metric: no such kind of label");
}

}  // namespace manyfold::metrics
