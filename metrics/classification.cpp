#include "metrics/classification.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "common/error.h"

namespace manyfold::metrics {
namespace {

double mean_f1(const ConfusionMatrix& confusion, const std::function<bool(int64_t)>& counts) {
  double sum = 0;
  int64_t n = 0;
  for (int64_t c = 0; c < static_cast<int64_t>(confusion.classes().size()); ++c) {
    const double f1 = confusion.f1(c);
    if (std::isnan(f1) || !counts(c)) continue;
    sum += f1;
    ++n;
  }
  return n == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(n);
}

}  // namespace

ClassificationMetric::ClassificationMetric(std::vector<std::string> classes,
                                           const ClassificationOptions& options)
    : confusion_(std::move(classes)) {
  if (options.nothing_class.empty()) return;
  const auto& names = confusion_.classes();
  const auto found = std::find(names.begin(), names.end(), options.nothing_class);
  if (found == names.end()) {
    throw ConfigError("nothing_class = '" + options.nothing_class + "' is no class" +
                      known_names(options.nothing_class, names));
  }
  nothing_ = found - names.begin();
}

void ClassificationMetric::add(const data::Label& predicted, const data::Label& truth) {
  const auto& t = std::get<data::ClassIndex>(truth);
  const auto& p = std::get<data::ClassIndex>(predicted);
  if (t.index >= 0) confusion_.add(t.index, p.index);
}

std::vector<Figure> ClassificationMetric::figures() const {
  const int64_t n = confusion_.total();
  const auto present = [this](int64_t c) { return confusion_.truths(c) > 0; };
  std::vector<Figure> figures = {
      {"accuracy", confusion_.accuracy(), true, n, "pictures", "Share with the right class."},
      {"macro_f1", mean_f1(confusion_, [](int64_t) { return true; }), true, n, "pictures",
       "Mean F1 of the classes that occur in truth or predictions."},
      {"macro_f1_present", mean_f1(confusion_, present), true, n, "pictures",
       "Mean F1 of the classes that occur in the truth."}};
  if (nothing_ >= 0) {
    const std::string& name = confusion_.classes()[static_cast<size_t>(nothing_)];
    figures.push_back({"macro_f1_without_" + figure_name(name),
                       mean_f1(confusion_, [this](int64_t c) { return c != nothing_; }), true, n,
                       "pictures", "macro_f1 with the class '" + name + "' left out of the mean."});
  }
  return figures;
}

nlohmann::json ClassificationMetric::details() const {
  nlohmann::json classes;
  for (size_t c = 0; c < confusion_.classes().size(); ++c) {
    const auto index = static_cast<int64_t>(c);
    classes[confusion_.classes()[c]] = {{"f1", confusion_.f1(index)},
                                        {"count", confusion_.truths(index)}};
  }
  return {{"confusion", confusion_.to_json()}, {"classes", classes}};
}

}  // namespace manyfold::metrics
