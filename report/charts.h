#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "report/metrics_log.h"

namespace manyfold::report {

/// Curves over the step, in one set of axes.
struct Chart {
  std::string section;  // heading under which it stands
  std::string title;
  std::vector<Curve> curves;
};

/// The charts of a log, by the names of its curves: "loss/total" and "loss/person" share the chart
/// "loss"; any other curve gets a small one of its own, under the heading that stands before its
/// last slash ("val/person/miou": "miou" under "val/person"; "lr": under "run").
std::vector<Chart> charts_of(const std::vector<Curve>& curves);

/// At most `points` of a curve: means over equal runs of records, each at its run's last step. A
/// run's mean leaves out NaN.
Curve thinned(const Curve& curve, size_t points);

/// {"title", "names": [...], "columns": [steps, values of the first, ...]} with null where a curve
/// has no value at a step: the form in which uPlot takes data.
nlohmann::json chart_json(const Chart& chart, size_t points = 1000);

}  // namespace manyfold::report
