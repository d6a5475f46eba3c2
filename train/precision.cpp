#include "train/precision.h"

#include <algorithm>

#include "common/error.h"
#include "graph/passes.h"
#include "graph/round_half.h"

namespace manyfold::train {
namespace {

using torch::Tensor;

torch::Device device_of(const models::MultiTaskModel& model) {
  return model->parameters().front().device();
}

void refuse_impossible(Precision precision, torch::Device device) {
  if (precision == Precision::fp16 && !device.is_cuda()) {
    throw UserError(
        "precision = fp16 needs a GPU, and the model is on the CPU, where LibTorch has no "
        "convolution in half precision; use precision=bf16 to train in 16 bits, or "
        "precision=fp16_device to learn what an FP16-only device computes");
  }
  if (precision == Precision::int8) {
    throw UserError(
        "precision = int8 is no arithmetic that a model is trained in from the start; train a "
        "float "
        "model on by manyfold qat RUN, or use precision=fp32, bf16, fp16 or fp16_device");
  }
}

/// `plain` under autocast; the losses take what the heads return as float.
Forward autocast(Precision precision, torch::Device device, const Forward& plain) {
  Forward forward;
  forward.encode = [precision, device, plain](const Tensor& pictures) {
    const auto guard = autocast_in(precision, device);
    return plain.encode(pictures);
  };
  if (plain.remember) {
    forward.remember = [precision, device, plain](const std::vector<Tensor>& maps,
                                                  const models::State& state) {
      const auto guard = autocast_in(precision, device);
      return plain.remember(maps, state);
    };
  }
  forward.head = [precision, device, plain](const std::string& task,
                                            const std::vector<Tensor>& features,
                                            const std::optional<Tensor>& rows) {
    const auto guard = autocast_in(precision, device);
    auto outputs = plain.head(task, features, rows);
    for (auto& output : outputs) output = output.to(torch::kFloat);
    return outputs;
  };
  return forward;
}

}  // namespace

const std::vector<std::string>& precision_names() {
  static const std::vector<std::string> names = {"fp32", "bf16", "fp16", "fp16_device", "int8"};
  return names;
}

Precision precision_of(const std::string& name) {
  const auto& names = precision_names();
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end())
    throw ConfigError("unknown precision '" + name + "'" + known_names(name, names));
  return static_cast<Precision>(at - names.begin());
}

std::string name_of(Precision precision) {
  return precision_names().at(static_cast<size_t>(precision));
}

bool scales_loss(Precision precision) { return precision == Precision::fp16; }

bool needs_half_range(Precision precision) {
  return precision == Precision::fp16 || precision == Precision::fp16_device;
}

std::unique_ptr<AutocastGuard> autocast_in(Precision precision, torch::Device device) {
  refuse_impossible(precision, device);
  if (precision == Precision::bf16)
    return std::make_unique<AutocastGuard>(device.type(), torch::kBFloat16);
  if (precision == Precision::fp16)
    return std::make_unique<AutocastGuard>(device.type(), torch::kHalf);
  return nullptr;
}

graph::Graph graph_in(Precision precision, models::MultiTaskModel model, cv::Size input,
                      graph::Mode mode) {
  refuse_impossible(precision, device_of(model));
  auto graph = trace_model(model, input, mode);
  if (precision == Precision::fp16_device) {
    graph::fold_batch_norm(graph);  // in training: of the parts that are frozen
    graph::round_to_half(graph);
  }
  return graph;
}

PrecisionForward forward_in(Precision precision, models::MultiTaskModel model, cv::Size input) {
  const auto device = device_of(model);
  refuse_impossible(precision, device);
  const auto plain = forward_of(model);
  if (precision == Precision::fp32) return {plain, plain};
  if (precision != Precision::fp16_device) return {autocast(precision, device, plain), plain};
  const auto rounded = [&](graph::Mode mode) {
    return forward_of(
        std::make_shared<const graph::Replay>(graph_in(precision, model, input, mode)));
  };
  return {rounded(graph::Mode::train), rounded(graph::Mode::eval)};
}

}  // namespace manyfold::train
