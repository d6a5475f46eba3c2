#pragma once

#include <string>
#include <vector>

#include "common/config/fields.h"
#include "metrics/confusion.h"
#include "metrics/metric.h"

namespace manyfold::metrics {

struct ClassificationOptions {
  /// The class that means "nothing": macro-F1 is then reported without it as well.
  std::string nothing_class;

  void fields(config::Fields& f) {
    f.field("nothing_class", nothing_class,
            "The class that means 'nothing', for a macro-F1 without it; empty: there is none.");
  }
};

/// One class a picture (data::ClassIndex); a truth of index -1 is not counted. Figures:
///   accuracy
///   macro_f1          mean F1 over the classes that occur in truth or predictions (a class that is
///                     only ever predicted counts 0; one that occurs nowhere is left out), which is
///                     also scikit-learn's convention
///   macro_f1_present  over the classes that occur in the truth
///   macro_f1_without_<nothing_class>  as macro_f1; when the options name such a class
class ClassificationMetric : public Metric {
 public:
  explicit ClassificationMetric(std::vector<std::string> classes,
                                const ClassificationOptions& options = {});

  void add(const data::Label& predicted, const data::Label& truth) override;
  std::vector<Figure> figures() const override;
  /// The confusion matrix, and every class's F1 and count.
  nlohmann::json details() const override;

 private:
  ConfusionMatrix confusion_;
  int64_t nothing_ = -1;
};

}  // namespace manyfold::metrics
