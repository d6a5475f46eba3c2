#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <string>
#include <variant>
#include <vector>

namespace manyfold::data {

/// A class index for every pixel.
struct Mask {
  static constexpr uint8_t kIgnore = 255;
  cv::Mat classes;  // CV_8UC1 [H, W]: class index, or kIgnore
};

/// One class for the whole picture.
struct ClassIndex {
  int64_t index = 0;
  float score = 1;  // of a prediction, in [0, 1]
};

/// A box, with a class and key points where the data set has them.
struct Object {
  cv::Rect2f box;  // pixels of the frame; may reach outside it
  int64_t class_index = 0;
  std::vector<cv::Point2f> landmarks;  // pixels; empty when this object has none labelled
  std::vector<uint8_t> visible;  // as long as landmarks; 0 = not labelled, do not learn from it
  float score = 1;               // of a prediction, in [0, 1]
  bool ignore = false;  // neither an object nor background (crowds): nothing is learnt there
};

/// All objects of a picture. Present and empty means: looked at, and there is none.
struct Objects {
  std::vector<Object> list;
  /// By class: 0 = nobody looked for this class here, so that it is neither an object nor
  /// background. Empty: every class was looked for.
  std::vector<uint8_t> labelled = {};
};

/// What a data set says of one picture, be it a still or a frame of a clip, and equally what a
/// model predicts: decoders return labels, so metrics, overlays and pseudo-labels handle both
/// alike.
using Label = std::variant<Mask, ClassIndex, Objects>;

/// Which of the three a task learns from, and what sources and transforms must know about it.
struct LabelSpec {
  enum class Kind { mask, class_index, objects };
  Kind kind = Kind::mask;
  /// Names by class index. For masks, class 0 is the background.
  std::vector<std::string> classes;
  /// Key points of each object; 0 = boxes only.
  int64_t landmarks = 0;
  /// After mirroring, key point k of the mirrored object is key point mirrored_landmark[k] of the
  /// original.
  std::vector<int64_t> mirrored_landmark;
  /// Class c of a mirrored picture was class mirrored_class[c] (left and right hands); empty =
  /// unchanged.
  std::vector<int64_t> mirrored_class;
};

}  // namespace manyfold::data
