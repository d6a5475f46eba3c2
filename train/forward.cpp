#include "train/forward.h"

#include <algorithm>
#include <map>
#include <unordered_set>

namespace manyfold::train {
namespace {

using torch::Tensor;

std::string output_name(const std::string& task, size_t index, size_t count) {
  return count == 1 ? task : task + "." + std::to_string(index);
}

graph::NamedTensors named(const models::Outputs& outputs) {
  graph::NamedTensors result;
  for (const auto& [task, tensors] : outputs) {
    for (size_t i = 0; i < tensors.size(); ++i)
      result.emplace_back(output_name(task, i, tensors.size()), tensors[i]);
  }
  return result;
}

bool belongs_to(const std::string& scope, const std::string& head) {
  return scope == head || scope.rfind(head + ".", 0) == 0;
}

/// The head's name of a scope such as "heads.faces.mix"; empty outside of heads.
std::string task_of_scope(const std::string& scope) {
  static const std::string prefix = "heads.";
  if (scope.rfind(prefix, 0) != 0) return "";
  return scope.substr(prefix.size(), scope.find('.', prefix.size()) - prefix.size());
}

/// Which values of a graph cross from the encoder into a head, and what each head returns.
struct Parts {
  std::vector<std::string> features;                        // of all heads
  std::map<std::string, std::vector<size_t>> read;          // by task: which of `features`
  std::map<std::string, std::vector<std::string>> outputs;  // by task
};

Parts parts_of(const graph::Graph& graph) {
  Parts parts;
  const auto add_feature = [&](const std::string& task, const std::string& name) {
    auto& all = parts.features;
    const auto index = static_cast<size_t>(std::find(all.begin(), all.end(), name) - all.begin());
    if (index == all.size()) all.push_back(name);
    auto& read = parts.read[task];
    if (std::find(read.begin(), read.end(), index) == read.end()) read.push_back(index);
  };
  for (const auto& node : graph.nodes()) {
    const auto task = task_of_scope(node->scope);
    if (task.empty()) continue;
    for (const auto* input : node->inputs()) {
      if (input->stored()) continue;
      const bool own = input->producer && belongs_to(input->producer->scope, "heads." + task);
      if (!own) add_feature(task, input->name);
    }
  }
  for (const auto& [name, value] : graph.outputs()) {
    const auto task = name.substr(0, name.find('.'));
    parts.outputs[task].push_back(name);
    const bool own = value->producer && belongs_to(value->producer->scope, "heads." + task);
    if (!own) add_feature(task, value->name);  // a head that hands a feature map on
  }
  return parts;
}

Tensor pick(const Tensor& feature, const std::optional<Tensor>& rows) {
  return rows ? feature.index_select(0, *rows) : feature;
}

}  // namespace

Forward forward_of(models::MultiTaskModel model) {
  Forward forward;
  forward.encode = [model](const Tensor& pictures) mutable { return model->encode(pictures); };
  forward.head = [model](const std::string& task, const std::vector<Tensor>& features,
                         const std::optional<Tensor>& rows) mutable {
    auto seen = features;
    for (auto& feature : seen) feature = pick(feature, rows);
    return model->head(task, seen);
  };
  return forward;
}

Forward forward_of(std::shared_ptr<const graph::Replay> replay) {
  const auto parts = std::make_shared<const Parts>(parts_of(replay->graph()));
  Forward forward;
  forward.encode = [replay, parts](const Tensor& pictures) {
    return replay->run({{"pictures", pictures}}, parts->features);
  };
  forward.head = [replay, parts](const std::string& task, const std::vector<Tensor>& features,
                                 const std::optional<Tensor>& rows) {
    graph::TensorMap feeds;
    for (const auto index : parts->read.at(task))
      feeds[parts->features[index]] = pick(features[index], rows);
    return replay->run(feeds, parts->outputs.at(task));
  };
  return forward;
}

graph::Graph trace_model(models::MultiTaskModel& model, cv::Size input, graph::Mode mode) {
  const auto device = model->parameters().front().device();
  const auto pictures = torch::zeros({2, 3, input.height, input.width},
                                     torch::TensorOptions().dtype(torch::kByte).device(device));
  return graph::trace(
      *model, [&](const graph::Tensors& in) { return named(model->forward(in[0])); },
      {{"pictures", pictures}}, mode);
}

Predictor predictor(Forward forward, std::vector<std::string> tasks, torch::Device device) {
  return [forward, tasks, device](const Tensor& pictures) {
    const torch::NoGradGuard no_grad;
    const auto features =
        forward.encode(pictures.to(device).contiguous(torch::MemoryFormat::ChannelsLast));
    models::Outputs outputs;
    for (const auto& task : tasks) {
      outputs[task] = forward.head(task, features, {});
      for (auto& tensor : outputs[task]) tensor = tensor.cpu();
    }
    return outputs;
  };
}

Predictor predictor(models::MultiTaskModel model) {
  return predictor(forward_of(model), model->tasks(), model->parameters().front().device());
}

}  // namespace manyfold::train
