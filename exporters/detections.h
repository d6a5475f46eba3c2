#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <opencv2/core/types.hpp>
#include <optional>
#include <string>
#include <vector>

#include "data/label.h"
#include "exporters/onnx_builder.h"
#include "graph/graph.h"
#include "losses/detector_options.h"

namespace manyfold::exporters {

/// How one task's raw outputs become the objects that are shown.
struct DetectionOptions {
  /// The new outputs' names begin with it.
  std::string task;
  /// Its raw outputs by name, the finest stride first.
  std::vector<std::string> raw;
  losses::DetectorOptions detector;
  /// Pixels of the network's input.
  cv::Size input;
  /// Confidence from which an object is shown.
  double threshold = 0.5;
  /// Of two objects of a class that overlap more, only the more confident is kept.
  double nms_iou = 0.45;
  /// Of a class, in one picture.
  int64_t most_objects = 200;
  /// What the project itself makes of the raw outputs: objects in pixels for each row, the most
  /// confident first, those below `threshold` included, all classes together at most
  /// `most_objects`.
  std::function<std::vector<data::Label>(const std::vector<at::Tensor>& raw)> decode;
};

/// An output of finished detections: row d of each is about the same object.
struct DetectionOutput {
  std::string what;           // "boxes"
  std::string name;           // "faces_boxes"
  std::vector<int64_t> each;  // sizes behind the free first axis: {4}
  c10::ScalarType type;
  std::string meaning;  // for people
};

/// What a task's detections are called, and what they hold. With D detections in all pictures of
/// the batch:
///   <task>_pictures   int64 [D]        row of the batch
///   <task>_classes    int64 [D]
///   <task>_scores     float [D]        confidence in [0, 1]
///   <task>_boxes      float [D, 4]     x1 y1 x2 y2, pixels of the network's input
///   <task>_landmarks  float [D, K, 2]  x y, pixels; of tasks with key points
std::vector<DetectionOutput> detection_outputs(const DetectionOptions& options);

/// The name of the free axis D of a task.
std::string detection_axis(const DetectionOptions& options);

/// What a host program must know of a task's detections.
nlohmann::json describe_detections(const DetectionOptions& options);

/// An ONNX model of its own that turns the raw outputs of `options`, in the shapes that `model`
/// gives them and of type `raw` (float or half; all is computed in float), into
/// `detection_outputs`: what losses::decode_detections computes, then NonMaxSuppression, whose
/// order the rows have.
std::string detections_model(const DetectionOptions& options, const graph::Graph& model, int opset,
                             std::optional<int64_t> batch, c10::ScalarType raw = at::kFloat);

}  // namespace manyfold::exporters
