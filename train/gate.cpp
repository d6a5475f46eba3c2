#include "train/gate.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>

#include "common/error.h"

namespace manyfold::train {
namespace {

// A difference that is the limit but for the last digits passes.
constexpr double kRounding = 1e-9;

/// The mean of a figure over the sets that have it; none when no set has.
std::optional<metrics::Figure> mean_figure(const Evaluation& evaluation, const std::string& task,
                                           const std::string& name) {
  std::optional<metrics::Figure> result;
  double sum = 0;
  int64_t count = 0;
  for (const auto& set : evaluation.sets) {
    if (set.task != task) continue;
    for (const auto& figure : set.figures) {
      if (figure.name != name || !std::isfinite(figure.value)) continue;
      result = figure;
      sum += figure.value;
      ++count;
    }
  }
  if (result) result->value = sum / static_cast<double>(count);
  return result;
}

/// Compares every figure of the gates. `judge(limit, reference, row)` fills in a row's limit
/// and whether it passed.
template <class Judge>
Gate compare(const Evaluation& reference, const Evaluation& found, const Tasks& tasks,
             Judge judge) {
  Gate gate;
  for (const auto& [task, options] : tasks) {
    for (const auto& limit : options.task->gate()) {
      const auto before = mean_figure(reference, task, limit.figure);
      if (!before) continue;
      const auto after = mean_figure(found, task, limit.figure);
      Gate::Row row{task, limit.figure, before->value, after ? after->value : std::nan(""),
                    0,    false};
      judge(limit, *before, row);
      gate.rows.push_back(row);
    }
  }
  return gate;
}

void refuse_unknown(const std::map<std::string, double>& limits, const Tasks& tasks) {
  std::vector<std::string> known;
  for (const auto& [task, options] : tasks) {
    for (const auto& limit : options.task->gate()) known.push_back(task + "." + limit.figure);
  }
  for (const auto& each : limits) {
    if (std::count(known.begin(), known.end(), each.first)) continue;
    throw ConfigError("the export's gate has no figure '" + each.first + "'" +
                      known_names(each.first, known));
  }
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

}  // namespace

bool Gate::passed() const {
  return std::all_of(rows.begin(), rows.end(), [](const Row& row) { return row.passed; });
}

nlohmann::json Gate::json() const {
  auto figures = nlohmann::json::array();
  for (const auto& row : rows) {
    figures.push_back({{"task", row.task},
                       {"figure", row.figure},
                       {"reference", row.reference},
                       {"found", row.found},
                       {"difference", row.difference()},
                       {"limit", row.limit},
                       {"passed", row.passed}});
  }
  return {{"passed", passed()}, {"figures", figures}};
}

std::string Gate::text() const {
  std::string text;
  for (const auto& row : rows) {
    text += row.task + "." + row.figure + ": " + number(row.reference) + " -> " +
            number(row.found) + ", a difference of " + number(row.difference()) + ", allowed " +
            number(row.limit) + (row.passed ? "\n" : ": failed\n");
  }
  return text;
}

Gate gate_check(const Evaluation& reference, const Evaluation& found, const Tasks& tasks,
                const std::map<std::string, double>& limits) {
  refuse_unknown(limits, tasks);
  const auto judge = [&](const GateLimit& limit, const metrics::Figure& before, Gate::Row& row) {
    const auto own = limits.find(row.task + "." + row.figure);
    row.limit = own == limits.end() ? limit.limit : own->second;
    if (limit.relative) row.limit *= std::abs(before.value);
    const double loss = before.higher_is_better ? -row.difference() : row.difference();
    row.passed = loss <= row.limit + kRounding;  // NaN does not pass
  };
  return compare(reference, found, tasks, judge);
}

Gate agreement_check(const Evaluation& reference, const Evaluation& found, const Tasks& tasks,
                     double limit) {
  const auto judge = [&](const GateLimit&, const metrics::Figure&, Gate::Row& row) {
    row.limit = limit;
    row.passed = std::abs(row.difference()) <= limit + kRounding;
  };
  return compare(reference, found, tasks, judge);
}

}  // namespace manyfold::train
