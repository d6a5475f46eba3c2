#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "data/label.h"

namespace manyfold::metrics {

/// The two key points whose distance is a face's inter-ocular distance: the outer eye corners (36
/// and 45) of iBUG's 68, the eye centres (0 and 1) of the usual 5; none for other counts.
std::optional<std::pair<int64_t, int64_t>> eye_points(int64_t landmarks);

/// Mean distance of the predicted key points to the true ones in pixels, over the points that the
/// truth marks visible; nothing when there is none, or when the prediction has no key points.
/// Throws std::invalid_argument when it has another number of them.
std::optional<double> point_error(const data::Object& predicted, const data::Object& truth);

/// Distance of the true eye points; nothing when the count has no eye points, one is not visible,
/// or both coincide.
std::optional<double> interocular_distance(const data::Object& truth);

/// sqrt(w * h), the side of the square of the same area: stays meaningful on profiles, where the
/// inter-ocular distance collapses.
double box_size(const data::Object& object);

/// Share of errors above `limit`; NaN of none. An infinite error stands for a face that was missed.
double failure_rate(const std::vector<double>& errors, double limit);

/// Area under the cumulative error distribution from 0 to `limit`, divided by `limit`: 1 when every
/// error is 0, 0 when every one is at least `limit`; NaN of none.
double error_auc(const std::vector<double>& errors, double limit);

}  // namespace manyfold::metrics
