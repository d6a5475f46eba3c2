#include "exporters/detections.h"

#include <torch/nn/module.h>
#include <torch/types.h>

#include <cmath>

#include "exporters/export_passes.h"
#include "exporters/lowering.h"
#include "exporters/onnx_writer.h"
#include "graph/trace.h"
#include "losses/detector_decode.h"
#include "losses/detector_grid.h"

namespace manyfold::exporters {
namespace {

using at::Tensor;
using losses::DetectorOptions;

graph::Shape shape_of(const graph::Graph& model, const std::string& output) {
  const auto* value = model.find(output);
  TORCH_CHECK(value, "export: the model has no output '", output, "'");
  return value->shape;
}

/// Of each of the P places of a detector, as losses::detector_grid orders them: float [P, 2], x y.
struct Places {
  Tensor anchor;  // width and height
  Tensor cell;    // column and row
  Tensor cells;   // columns and rows of its grid
};

Places places_of(const DetectionOptions& options, const graph::Graph& model) {
  std::vector<losses::GridSize> sizes;
  for (const auto& name : options.raw) {
    const auto shape = shape_of(model, name);
    sizes.push_back({shape.at(2).fixed, shape.at(3).fixed});
  }
  const auto grid = losses::detector_grid(sizes, options.detector, at::kCPU);
  const auto columns = grid.columns.index_select(0, grid.anchor_of_place);
  const auto rows = grid.rows.index_select(0, grid.anchor_of_place);
  const auto column = grid.cell_of_place.remainder(columns);
  const auto row = grid.cell_of_place.div(columns, "floor");
  return {grid.anchor.index_select(0, grid.anchor_of_place),
          at::stack({column, row}, 1).to(at::kFloat), at::stack({columns, rows}, 1).to(at::kFloat)};
}

/// All numbers of every place: [N, A * D, Sh, Sw] of each stride -> float [N, P, D].
Tensor by_place(const graph::Tensors& raw, int64_t depth) {
  std::vector<Tensor> levels;
  for (const auto& level : raw) {
    const auto anchors = level.flatten(2).unflatten(1, {-1, depth});  // [N, A, D, S]
    // Not cast at once: ONNX Runtime takes a cast and its reverse away, and what half precision
    // rounded would come unrounded.
    levels.push_back(anchors.transpose(2, 3).flatten(1, 2).to(at::kFloat));
  }
  return at::cat(levels, 1);
}

/// losses::decode_detections in few operators, with the grid as constants.
graph::NamedTensors decode(const Tensor& numbers, const Places& places, const Tensor& pixels,
                           const DetectorOptions& options) {
  const auto part = [&](int64_t first, int64_t count) {
    return numbers.slice(2, first, first + count);
  };
  const auto centre = (part(0, 2).sigmoid() + places.cell) / places.cells;
  const auto size = part(2, 2).clamp_max(losses::kLargestSize).exp() * places.anchor;
  const auto half = size / 2;
  const auto boxes = at::cat({(centre - half) * pixels, (centre + half) * pixels}, 2);
  graph::NamedTensors results = {{"boxes", boxes},
                                 {"scores", part(4, options.classes).sigmoid().transpose(1, 2)}};
  if (options.landmarks == 0) return results;
  const auto uv = part(4 + options.classes, 2 * options.landmarks).unflatten(2, {-1, 2});
  // [P, 1, 2], or with N before.
  const auto of_all = [](const Tensor& each) { return each.unsqueeze(-2); };
  const auto points = [&] {
    switch (options.points) {
      case DetectorOptions::Points::box:
        return of_all(centre) + uv * of_all(size);
      case DetectorOptions::Points::cell:
        return (of_all(places.cell) + uv) / of_all(places.cells);
      case DetectorOptions::Points::anchor:
        return of_all(places.cell / places.cells) + uv * of_all(places.anchor);
    }
    TORCH_CHECK(false, "detections: unknown encoding of key points");
  };
  results.emplace_back("landmarks", points() * pixels);
  return results;
}

/// Every candidate of a picture: boxes [N, P, 4], scores [N, C, P], landmarks [N, P, K, 2].
graph::Graph trace_decoder(const DetectionOptions& options, const graph::Graph& model,
                           c10::ScalarType type) {
  graph::NamedTensors raw;
  for (const auto& name : options.raw)
    raw.emplace_back(name, at::zeros(graph::sizes_at(shape_of(model, name), 1), type));
  const auto places = places_of(options, model);
  const auto pixels = at::tensor({options.input.width, options.input.height}, at::kFloat);
  torch::nn::Module none;
  return graph::trace(
      none,
      [&](const graph::Tensors& in) {
        return decode(by_place(in, options.detector.depth()), places, pixels, options.detector);
      },
      raw, graph::Mode::eval);
}

/// Writes what follows the decoder.
class Suppression {
 public:
  Suppression(OnnxBuilder& builder, const DetectionOptions& options)
      : builder_(builder), options_(options) {}

  void write(const std::string& boxes, const std::string& scores, const std::string& landmarks) {
    const auto kept = suppress(boxes, scores);  // int64 [D, 3]: picture, class, place
    const auto places = columns(kept, "picture_and_place", at::tensor({0, 2}, at::kLong));
    give("pictures", columns(kept, "picture", at::scalar_tensor(0, at::kLong)));
    give("classes", columns(kept, "class", at::scalar_tensor(1, at::kLong)));
    give("scores", node("GatherND", {scores, kept}));
    give("boxes", node("GatherND", {boxes, places}));
    if (!landmarks.empty()) give("landmarks", node("GatherND", {landmarks, places}));
  }

 private:
  std::string node(const std::string& op, const Names& inputs, const Attributes& attributes = {}) {
    return builder_.node(op, "", inputs, attributes)[0];
  }

  std::string suppress(const std::string& boxes, const std::string& scores) {
    // ONNX keeps what is greater: with the next smaller number, what is equal stays, too.
    const auto below = std::nextafter(static_cast<float>(options_.threshold), -INFINITY);
    return node(
        "NonMaxSuppression",
        {boxes, scores, builder_.initializer("most_objects", at::full({1}, options_.most_objects)),
         builder_.initializer("nms_iou", at::full({1}, options_.nms_iou, at::kFloat)),
         builder_.initializer("threshold", at::full({1}, below, at::kFloat))});
  }

  std::string columns(const std::string& kept, const std::string& which, const at::Tensor& index) {
    return node("Gather", {kept, builder_.initializer(which, index)}, {{"axis", int64_t{1}}});
  }

  void give(const std::string& what, const std::string& result) {
    for (const auto& output : detection_outputs(options_)) {
      if (output.what != what) continue;
      builder_.rename(result, output.name);
      graph::Shape shape;
      for (const auto size : output.each) shape.push_back({size});
      builder_.output(output.name, shape, output.type, detection_axis(options_));
    }
  }

  OnnxBuilder& builder_;
  const DetectionOptions& options_;
};

}  // namespace

std::vector<DetectionOutput> detection_outputs(const DetectionOptions& options) {
  const auto name = [&](const char* what) { return options.task + "_" + what; };
  std::vector<DetectionOutput> outputs = {
      {"pictures", name("pictures"), {}, at::kLong, "row of the batch"},
      {"classes", name("classes"), {}, at::kLong, "class index"},
      {"scores", name("scores"), {}, at::kFloat, "confidence in [0, 1]"},
      {"boxes",
       name("boxes"),
       {4},
       at::kFloat,
       "x1 y1 x2 y2 in pixels of the network's input; may reach outside"}};
  if (options.detector.landmarks > 0) {
    outputs.push_back({"landmarks",
                       name("landmarks"),
                       {options.detector.landmarks, 2},
                       at::kFloat,
                       "x y of each key point in pixels of the network's input"});
  }
  return outputs;
}

std::string detection_axis(const DetectionOptions& options) { return options.task + "_detections"; }

nlohmann::json describe_detections(const DetectionOptions& options) {
  auto outputs = nlohmann::json::object();
  for (const auto& output : detection_outputs(options))
    outputs[output.what] = {{"name", output.name}, {"meaning", output.meaning}};
  return {{"outputs", outputs},
          {"threshold", options.threshold},
          {"nms_iou", options.nms_iou},
          {"most_objects", options.most_objects},
          {"rule",
           "row d of every output is about one object, in the order of ONNX NonMaxSuppression "
           "(ONNX Runtime: by picture, by class, by falling score); scores are at least the "
           "threshold; of two boxes of a class with an IoU above nms_iou the more confident is "
           "kept; at most most_objects of each class in a picture: of several classes together "
           "keep as many of the highest scores"}};
}

std::string detections_model(const DetectionOptions& options, const graph::Graph& model, int opset,
                             std::optional<int64_t> batch, c10::ScalarType raw) {
  auto decoder = trace_decoder(options, model, raw);
  prepare_for_export(decoder, batch);
  OnnxBuilder builder(opset);
  for (const auto& output : detection_outputs(options)) builder.reserve(output.name);
  Lowering::Written written;
  for (const auto* input : decoder.inputs()) {
    builder.input(input->name, input->shape, input->dtype);
    written[input] = input->name;
  }
  lower(decoder, builder, written);
  std::map<std::string, std::string> results;
  for (const auto& [name, value] : decoder.outputs()) results[name] = written.at(value);
  Suppression(builder, options)
      .write(results.at("boxes"), results.at("scores"), results["landmarks"]);
  const auto result = builder.finish("detections", {});
  check_onnx(result);
  return result;
}

}  // namespace manyfold::exporters
