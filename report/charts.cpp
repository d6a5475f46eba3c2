#include "report/charts.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace manyfold::report {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Five digits are more than a chart shows, and a third of the bytes.
nlohmann::json rounded(double value) {
  if (!std::isfinite(value)) return nullptr;
  if (value == 0 || value == std::floor(value)) return value;
  const double unit = std::pow(10.0, 4 - std::floor(std::log10(std::abs(value))));
  return std::isfinite(unit) ? std::round(value * unit) / unit : value;
}

nlohmann::json column(const Curve& curve, const std::set<double>& steps) {
  auto values = nlohmann::json::array();
  size_t i = 0;
  for (const double step : steps) {
    // A resumed or repeated step: its last value counts.
    double value = kNaN;
    for (; i < curve.steps.size() && curve.steps[i] <= step; ++i) value = curve.values[i];
    values.push_back(rounded(value));
  }
  return values;
}

}  // namespace

std::vector<Chart> charts_of(const std::vector<Curve>& curves) {
  std::vector<Chart> charts;
  for (const Curve& curve : curves) {
    const size_t slash = curve.name.rfind('/');
    const std::string group = slash == std::string::npos ? "run" : curve.name.substr(0, slash);
    Curve shown = curve;
    shown.name = slash == std::string::npos ? curve.name : curve.name.substr(slash + 1);
    const bool shared = group == "loss";
    const auto same = std::find_if(charts.begin(), charts.end(), [&](const Chart& chart) {
      return shared && chart.section == group;
    });
    if (same != charts.end()) {
      same->curves.push_back(std::move(shown));
    } else {
      charts.push_back({group, shared ? group : shown.name, {std::move(shown)}});
    }
  }
  // Sections in the order of their first curves.
  std::vector<std::string> order;
  for (const Chart& chart : charts) {
    if (std::find(order.begin(), order.end(), chart.section) == order.end()) {
      order.push_back(chart.section);
    }
  }
  const auto rank = [&](const Chart& chart) {
    return std::find(order.begin(), order.end(), chart.section) - order.begin();
  };
  std::stable_sort(charts.begin(), charts.end(),
                   [&](const Chart& a, const Chart& b) { return rank(a) < rank(b); });
  return charts;
}

Curve thinned(const Curve& curve, size_t points) {
  const size_t size = curve.steps.size();
  if (size <= points || points == 0) return curve;
  Curve thin{curve.name, {}, {}};
  for (size_t p = 0; p < points; ++p) {
    const size_t begin = p * size / points, end = (p + 1) * size / points;
    double sum = 0;
    size_t n = 0;
    for (size_t i = begin; i < end; ++i) {
      if (!std::isfinite(curve.values[i])) continue;
      sum += curve.values[i];
      ++n;
    }
    thin.steps.push_back(curve.steps[end - 1]);
    thin.values.push_back(n == 0 ? kNaN : sum / static_cast<double>(n));
  }
  return thin;
}

nlohmann::json chart_json(const Chart& chart, size_t points) {
  std::vector<Curve> curves;
  std::set<double> steps;
  for (const Curve& curve : chart.curves) {
    curves.push_back(thinned(curve, points));
    steps.insert(curves.back().steps.begin(), curves.back().steps.end());
  }
  auto names = nlohmann::json::array(), columns = names;
  columns.push_back(steps);
  for (const Curve& curve : curves) {
    names.push_back(curve.name);
    columns.push_back(column(curve, steps));
  }
  return {{"title", chart.title}, {"names", names}, {"columns", columns}};
}

}  // namespace manyfold::report
