#include "losses/detector_options.h"

#include <algorithm>
#include <string>
#include <utility>

namespace manyfold::losses {
namespace {

/// A key whose words stand for the values of an enum.
template <class Enum>
void choice(config::Fields& f, const char* key, Enum& value, const char* doc,
            const std::vector<std::pair<std::string, Enum>>& words) {
  std::string word;
  std::vector<std::string> known;
  for (const auto& [text, meaning] : words) {
    if (meaning == value) word = text;
    known.push_back(text);
  }
  f.field(key, word, doc, known);
  for (const auto& [text, meaning] : words) {
    if (text == word) value = meaning;
  }
}

/// Each twice the one before: a coarser map is enlarged twofold to join the next.
bool double_each_time(const std::vector<int64_t>& strides) {
  for (size_t i = 1; i < strides.size(); ++i) {
    if (strides[i] != 2 * strides[i - 1]) return false;
  }
  return true;
}

/// Of a side of an anchor. An object may be larger than the picture that shows a part of it.
constexpr double kMostSide = 2;

/// "4 numbers (2 anchors) for 3 strides"
std::string count_text(size_t numbers, size_t strides) {
  const auto anchors = numbers % 2 == 0 ? " (" + std::to_string(numbers / 2) +
                                              (numbers == 2 ? " anchor)" : " anchors)")
                                        : std::string();
  return std::to_string(numbers) + " numbers" + anchors + " for " + std::to_string(strides) +
         (strides == 1 ? " stride" : " strides");
}

}  // namespace

std::vector<double> DetectorOptions::anchors_of(size_t level) const {
  const auto sides = 2 * anchors_per_level(), first = static_cast<int64_t>(level) * sides;
  return {anchors.begin() + first, anchors.begin() + first + sides};
}

void DetectorOptions::fields(config::Fields& f) {
  using config::at_least;
  f.field("strides", strides, "Pixels of a cell of each grid, the finest first, as in [8, 16, 32].",
          at_least(1));
  f.require(!strides.empty(), "strides", "must name at least one");
  f.require(double_each_time(strides), "strides", "must double from each to the next");
  f.field(
      "anchors", anchors,
      "Width and height of each anchor as fractions of the picture, one after the other, shared "
      "equally among the strides in their order; `manyfold data anchors` finds them for a set.",
      config::positive());
  const auto sides = 2 * std::max<size_t>(strides.size(), 1);
  f.require(!anchors.empty() && anchors.size() % sides == 0, "anchors",
            "must be pairs of width, height, equally many for each of the strides; has " +
                count_text(anchors.size(), strides.size()));
  f.require(anchors.empty() || *std::max_element(anchors.begin(), anchors.end()) <= kMostSide,
            "anchors", "must be shares of the picture's sides, not pixels");
  choice(f, "points", points, "What key points are relative to: the box, the cell or the anchor.",
         {{"box", Points::box}, {"cell", Points::cell}, {"anchor", Points::anchor}});
  choice(f, "size_term", size_term,
         "Box sizes are compared by their logarithm or square root; or boxes as a whole by their "
         "complete IoU.",
         {{"log", SizeTerm::log}, {"sqrt", SizeTerm::sqrt}, {"ciou", SizeTerm::ciou}});
  choice(f, "target", target,
         "The confidence of a cell with an object should be its box's overlap with the object, or "
         "one.",
         {{"iou", Target::iou}, {"one", Target::one}});
  choice(f, "confidence", confidence, "How confidence is compared with its target.",
         {{"cross_entropy", Confidence::cross_entropy}, {"squared", Confidence::squared}});
  choice(f, "point_term", point_term,
         "How key points are compared, in units of what they refer to.",
         {{"smooth_l1", PointTerm::smooth_l1}, {"squared", PointTerm::squared}});
  f.field("point_beta", point_beta, "Error at which smooth_l1 turns from squared to linear.",
          config::positive());
  f.field("centre_weight", centre_weight,
          "Factor of the centre's term. With ciou it counts only where a teacher is imitated.",
          at_least(0));
  f.field("size_weight", size_weight,
          "Factor of the size's term. With ciou it counts only where a teacher is imitated.",
          at_least(0));
  f.field("box_weight", box_weight, "Factor of 1 - complete IoU, with ciou.", at_least(0));
  f.field("object_weight", object_weight, "Factor of the confidence where an object is.",
          at_least(0));
  f.field("background_weight", background_weight, "Factor of the confidence where none is.",
          at_least(0));
  f.field("landmark_weight", landmark_weight, "Factor of the key points' term.", at_least(0));
  f.field("ignore_iou", ignore_iou,
          "A cell without an object whose box overlaps one by more than this is not taught to be "
          "background.",
          config::between(0, 1));
}

}  // namespace manyfold::losses
