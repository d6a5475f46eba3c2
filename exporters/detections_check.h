#pragma once

#include <array>
#include <vector>

#include "exporters/detections.h"
#include "exporters/runtime.h"

namespace manyfold::exporters {

/// Compares the finished detections of a model in ONNX Runtime with what the project's decoder
/// makes of the raw outputs of the same run: what is before the raw outputs is verified by
/// `verify`. The two must agree in every precision, for the decoder is float in all of them.
///
/// Every object must have its like on the other side: the class, the score within the tolerance,
/// corners and key points within `tolerance * max(1, largest coordinate)`. Rounding may decide
/// which of two candidates is kept, at an edge: a score or an IoU within the tolerance of its
/// limit, doubles of equal scores, and what such a one suppresses. These are counted, and pass.
class DetectionsCheck {
 public:
  DetectionsCheck(DetectionOptions options, double tolerance);

  const std::string& task() const { return options_.task; }

  /// All outputs of one run.
  void add(const NamedOutputs& found);

  /// Of the decoder, in all runs.
  int64_t objects() const { return objects_; }
  int64_t at_an_edge() const { return at_an_edge_; }
  int64_t different() const { return different_; }
  /// Throws UserError when an object has no like, naming the first.
  void require() const;
  nlohmann::json json() const;

 private:
  using Objects = std::vector<data::Object>;
  /// Of one picture, as losses::decode_detections gives them.
  struct Candidates {
    at::Tensor points;      // float [P, 2 + K, 2]: corners, then key points, in pixels
    at::Tensor confidence;  // float [P, C]
  };
  struct Lone {
    data::Object object;
    size_t side;  // 0: the decoder's, 1: the graph's
    bool excused = false;
  };

  Objects expected(const data::Label& label) const;
  std::vector<Objects> given(const NamedOutputs& found, int64_t rows) const;
  std::vector<Lone> pair_up(const std::array<Objects, 2>& sides);
  void compare(const std::array<Objects, 2>& sides, const Candidates& candidates);
  /// How far a box's corners and key points are apart at most; infinity when scores or classes are.
  double distance(const data::Object& a, const data::Object& b) const;
  bool is_candidate(const data::Object& object, const Candidates& candidates) const;
  double lowest(const Objects& side) const;
  /// Whether rounding may decide that the side of `others` has not `one`; `lone` are all that one
  /// side has alone.
  bool at_edge(const Lone& one, const Objects& others, const std::vector<Lone>& lone) const;

  DetectionOptions options_;
  double tolerance_;
  int64_t pictures_ = 0, objects_ = 0, at_an_edge_ = 0, different_ = 0;
  double largest_score_ = 0, largest_pixels_ = 0;  // differences
  std::string first_;                              // that is different
};

}  // namespace manyfold::exporters
