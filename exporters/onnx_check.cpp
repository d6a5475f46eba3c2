#include <onnx/checker.h>
#include <onnx/defs/schema.h>
#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>

#include "common/error.h"
#include "exporters/onnx_writer.h"

namespace manyfold::exporters {

void check_onnx(const std::string& bytes) {
  onnx::ModelProto model;
  if (!model.ParseFromString(bytes)) throw UserError("export: this is not an ONNX model");
  try {
    onnx::checker::check_model(model);
    onnx::shape_inference::InferShapes(
        model, onnx::OpSchemaRegistry::Instance(),
        onnx::ShapeInferenceOptions(/*check_type=*/true, /*strict_mode=*/1,
                                    /*data_propagation=*/true));
  } catch (const std::exception& error) {
    throw UserError(std::string("export: ONNX's checker refuses the model: ") + error.what());
  }
}

}  // namespace manyfold::exporters
