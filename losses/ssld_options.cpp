#include "losses/ssld_options.h"

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

}  // namespace

void SsldOptions::fields(config::Fields& f) {
  using config::at_least;
  f.field(
      "anchors", anchors,
      "Width and height of each anchor as fractions of the picture, one after the other. The "
      "default is k-means with 1 - IoU over 1,496 portraits and 2,264 faces in groups, each set "
      "counting alike, letterboxed: mean best IoU 0.69.",
      config::positive());
  f.require(!anchors.empty() && anchors.size() % 2 == 0, "anchors",
            "must be pairs of width, height");
  choice(f, "points", points, "What key points are relative to: the box, the cell or the anchor.",
         {{"box", Points::box}, {"cell", Points::cell}, {"anchor", Points::anchor}});
  choice(f, "size_term", size_term, "Box sizes are compared by their logarithm or square root.",
         {{"log", SizeTerm::log}, {"sqrt", SizeTerm::sqrt}});
  choice(f, "target", target,
         "The confidence of a cell with a face should be its box's overlap with the face, or one.",
         {{"iou", Target::iou}, {"one", Target::one}});
  choice(f, "confidence", confidence, "How confidence is compared with its target.",
         {{"cross_entropy", Confidence::cross_entropy}, {"squared", Confidence::squared}});
  choice(f, "point_term", point_term,
         "How key points are compared, in units of what they refer to.",
         {{"smooth_l1", PointTerm::smooth_l1}, {"squared", PointTerm::squared}});
  f.field("point_beta", point_beta, "Error at which smooth_l1 turns from squared to linear.",
          config::positive());
  f.field("centre_weight", centre_weight, "Factor of the centre's term.", at_least(0));
  f.field("size_weight", size_weight, "Factor of the size's term.", at_least(0));
  f.field("object_weight", object_weight, "Factor of the confidence where a face is.", at_least(0));
  f.field("background_weight", background_weight, "Factor of the confidence where none is.",
          at_least(0));
  f.field("landmark_weight", landmark_weight, "Factor of the key points' term.", at_least(0));
  f.field("ignore_iou", ignore_iou,
          "A cell without a face whose box overlaps one by more than this is not taught to be "
          "background.",
          config::between(0, 1));
}

}  // namespace manyfold::losses
