#include "distill/onnx_teacher.h"

#include <ATen/ATen.h>

#include <sstream>

#include "common/error.h"
#include "common/sha256.h"
#include "exporters/runtime.h"

namespace manyfold::distill {
namespace {

using exporters::Session;
using exporters::TensorInfo;

Session open(const TeacherSetup& setup, int threads) {
  exporters::SessionOptions options;
  options.threads = threads;
  try {
    return Session::open(setup.options.model, options);
  } catch (const UserError& error) {
    throw UserError(who(setup) + " cannot be loaded: " + error.what() +
                    "; export it anew, with another opset, or as TorchScript (.pt)");
  }
}

/// What the file says of its input must be what the options say.
void check_input(const TeacherSetup& setup, const std::vector<TensorInfo>& inputs) {
  const auto& input = setup.options.input;
  const auto section = section_of(setup) + ".input";
  if (inputs.size() != 1) {
    throw ConfigError(who(setup) + " has " + std::to_string(inputs.size()) +
                      " inputs, expected one, of pictures");
  }
  const auto& info = inputs[0];
  const auto* type = info.type == at::kByte ? "uint8" : info.type == at::kFloat ? "float32" : "";
  if (input.type != type) {
    throw ConfigError(who(setup) + ": its input '" + info.name + "' is of " +
                      (*type ? type : c10::toString(info.type)) + ", and " + section +
                      ".type = " + input.type + "; a teacher takes float32 or uint8");
  }
  if (!info.shape.empty() && info.shape[0] > 1) {
    throw ConfigError(who(setup) + ": its batch is fixed to " + std::to_string(info.shape[0]) +
                      "; export it with a dynamic first axis, or with 1");
  }
  const bool last = input.layout == "nhwc";
  const auto colours = info.shape.size() == 4 ? info.shape[last ? 3 : 1] : 0;
  if (colours == 3 || colours == -1) return;
  std::ostringstream shape;
  shape << at::IntArrayRef(info.shape);
  throw ConfigError(who(setup) + ": its input '" + info.name + "' is " + shape.str() +
                    " (-1 = any), expected " +
                    (last ? "[N, height, width, 3]" : "[N, 3, height, width]") + " as " + section +
                    ".layout = " + input.layout + " says");
}

/// The size that the file fixes, where the options leave it open.
void take_size(InputOptions& input, const TensorInfo& info) {
  if (input.size.height > 0) return;
  const size_t first = input.layout == "nhwc" ? 1 : 2;
  if (info.shape[first] > 0 && info.shape[first + 1] > 0)
    input.size = {info.shape[first], info.shape[first + 1]};
}

Named one_by_one(const Session& session, const std::string& name, const at::Tensor& pictures) {
  std::map<std::string, std::vector<at::Tensor>> rows;
  for (int64_t i = 0; i < pictures.size(0); ++i) {
    for (auto& [output, row] : session.run({{name, pictures.narrow(0, i, 1)}}))
      rows[output].push_back(row);
  }
  Named outputs;
  for (const auto& [output, each] : rows) outputs[output] = at::cat(each);
  return outputs;
}

}  // namespace

std::shared_ptr<Teacher> onnx_teacher(TeacherSetup setup, int threads) {
  const auto session = std::make_shared<const Session>(open(setup, threads));
  check_input(setup, session->inputs());
  const auto input = session->inputs()[0];
  take_size(setup.options.input, input);
  const auto run = [session, input](const at::Tensor& pictures) -> Named {
    if (input.shape[0] == 1) return one_by_one(*session, input.name, pictures);
    return session->run({{input.name, pictures}});
  };
  return model_teacher(setup, sha256_of_file(setup.options.model), run);
}

}  // namespace manyfold::distill
