#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "data/label.h"

/// What a validation set says of a model: accumulated label by label, and reported as named
/// figures.
namespace manyfold::metrics {

/// One number of an evaluation.
struct Figure {
  std::string name;              // "person_iou": no spaces, unique within its metric
  double value = 0;              // NaN when nothing was there to measure (count 0)
  bool higher_is_better = true;  // decides which checkpoint is the best
  int64_t count = 0;             // how many of `unit` the value rests on
  std::string unit;              // "pixels", "pictures", "faces"
  std::string explanation;       // one line: the convention behind the value
};

/// Compares predictions with the truth over a whole set. Pictures may come in any order, except
/// that detections of equal score rank in the order in which they were added.
class Metric {
 public:
  virtual ~Metric() = default;

  /// One picture. Both labels are of the kind that the metric measures, and lie in its pixels.
  /// Throws std::invalid_argument for labels that do
  /// not go together, and UserError for a truth that the class list cannot explain.
  virtual void add(const data::Label& predicted, const data::Label& truth) = 0;

  /// The first is the metric's headline.
  virtual std::vector<Figure> figures() const = 0;

  /// What a figure cannot say: confusion matrices, curves.
  virtual nlohmann::json details() const = 0;
};

/// The value of the figure called `name`; throws std::out_of_range with the known names.
double value_of(const std::vector<Figure>& figures, const std::string& name);

/// A share as a figure's value: NaN when there was nothing to measure.
double ratio(int64_t part, int64_t whole);

/// A class name as part of a figure's name: "no gesture" becomes "no_gesture".
std::string figure_name(const std::string& class_name);

}  // namespace manyfold::metrics
