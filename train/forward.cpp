#include "train/forward.h"

#include <algorithm>
#include <cstring>
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

bool begins_with(const std::string& text, const char* prefix) { return text.rfind(prefix, 0) == 0; }

/// Which values of a graph cross from one part of the model into the next, by name.
struct Parts {
  std::vector<std::string> maps;                            // of the encoder
  std::vector<std::string> features;                        // that heads read
  std::map<std::string, std::vector<size_t>> read;          // by task: which of `features`
  std::map<std::string, std::vector<std::string>> outputs;  // by task
  std::vector<const graph::Value*> state_in;
  std::vector<std::string> state_out;
};

void add_once(std::vector<std::string>& names, const std::string& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

/// The values that follow from a graph's inputs; the others are made of weights alone, and of no
/// batch: each part makes them for itself.
std::unordered_set<const graph::Value*> fed_values(const graph::Graph& graph) {
  std::unordered_set<const graph::Value*> fed(graph.inputs().begin(), graph.inputs().end());
  for (const auto& node : graph.nodes()) {
    const auto inputs = node->inputs();
    if (std::any_of(inputs.begin(), inputs.end(),
                    [&](const auto* input) { return fed.count(input) > 0; })) {
      fed.insert(node->outputs.begin(), node->outputs.end());
    }
  }
  return fed;
}

/// What heads read, and what they and the memory return.
Parts heads_of(const graph::Graph& graph) {
  Parts parts;
  const auto fed = fed_values(graph);
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
      if (!fed.count(input)) continue;
      const bool own = input->producer && belongs_to(input->producer->scope, "heads." + task);
      if (!own) add_feature(task, input->name);
    }
  }
  for (const auto& [name, value] : graph.outputs()) {
    if (begins_with(name, kStateOut)) {
      parts.state_out.push_back(name);
      continue;
    }
    const auto task = name.substr(0, name.find('.'));
    parts.outputs[task].push_back(name);
    const bool own = value->producer && belongs_to(value->producer->scope, "heads." + task);
    if (!own) add_feature(task, value->name);  // a head that hands a feature map on
  }
  return parts;
}

/// The encoder ends where what is remembered comes in.
Parts parts_of(const graph::Graph& graph) {
  auto parts = heads_of(graph);
  const auto fed = fed_values(graph);
  std::unordered_set<const graph::Value*> remembering;
  for (const auto* input : graph.inputs()) {
    if (!begins_with(input->name, kStateIn)) continue;
    parts.state_in.push_back(input);
    remembering.insert(input);
  }
  for (const auto& node : graph.nodes()) {
    if (!task_of_scope(node->scope).empty()) continue;
    const auto inputs = node->inputs();
    const bool follows = std::any_of(inputs.begin(), inputs.end(), [&](const auto* input) {
      return remembering.count(input) > 0;
    });
    if (!follows) continue;
    for (const auto* input : inputs) {
      if (fed.count(input) && !remembering.count(input)) add_once(parts.maps, input->name);
    }
    for (const auto* output : node->outputs) remembering.insert(output);
  }
  std::unordered_set<std::string> late;
  for (const auto* value : remembering) late.insert(value->name);
  for (const auto& name : parts.features) {
    if (!late.count(name)) add_once(parts.maps, name);
  }
  return parts;
}

/// Zeros as the graph's inputs, of as many rows as the maps have.
void feed_state(const Parts& parts, const models::State& state, const Tensor& map,
                graph::TensorMap& feeds) {
  for (size_t i = 0; i < parts.state_in.size(); ++i) {
    const auto* input = parts.state_in[i];
    if (!state.empty()) {
      feeds[input->name] = state.at(i);
      continue;
    }
    feeds[input->name] = torch::zeros(graph::sizes_at(input->shape, map.size(0)), map.options());
  }
}

models::TimeStep step_of(const std::shared_ptr<const graph::Replay>& replay,
                         const std::shared_ptr<const Parts>& parts) {
  if (parts->state_in.empty()) return {};
  auto wanted = parts->features;
  wanted.insert(wanted.end(), parts->state_out.begin(), parts->state_out.end());
  return [replay, parts, wanted](const std::vector<Tensor>& maps, const models::State& state) {
    graph::TensorMap feeds;
    for (size_t i = 0; i < maps.size(); ++i) feeds[parts->maps[i]] = maps[i];
    feed_state(*parts, state, maps.at(0), feeds);
    auto seen = replay->run(feeds, wanted);
    const auto middle = seen.begin() + static_cast<std::ptrdiff_t>(parts->features.size());
    return models::Remembered{{seen.begin(), middle}, {middle, seen.end()}};
  };
}

Tensor pick(const Tensor& feature, const std::optional<Tensor>& rows) {
  return rows ? feature.index_select(0, *rows) : feature;
}

}  // namespace

Forward forward_of(models::MultiTaskModel model) {
  Forward forward;
  forward.encode = [model](const Tensor& pictures) mutable { return model->encode(pictures); };
  if (model->temporal()) {
    forward.remember = [model](const std::vector<Tensor>& maps,
                               const models::State& state) mutable {
      return model->remember(maps, state);
    };
  }
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
    return replay->run({{"pictures", pictures}}, parts->maps);
  };
  forward.remember = step_of(replay, parts);
  forward.head = [replay, parts](const std::string& task, const std::vector<Tensor>& features,
                                 const std::optional<Tensor>& rows) {
    graph::TensorMap feeds;
    for (const auto index : parts->read.at(task))
      feeds[parts->features[index]] = pick(features[index], rows);
    return replay->run(feeds, parts->outputs.at(task));
  };
  return forward;
}

models::Remembered remembered(const Forward& forward, const std::vector<Tensor>& maps,
                              int64_t frames, const models::State& state) {
  if (!forward.remember) return {maps, {}};
  return models::along_time(forward.remember, maps, frames, state);
}

models::Remembered look_at(const Forward& forward, const Tensor& clips,
                           const models::State& state) {
  return remembered(forward, forward.encode(clips.flatten(0, 1)), clips.size(1), state);
}

graph::Graph trace_model(models::MultiTaskModel& model, cv::Size input, graph::Mode mode) {
  const auto device = model->parameters().front().device();
  const auto pictures = torch::zeros({2, 3, input.height, input.width},
                                     torch::TensorOptions().dtype(torch::kByte).device(device));
  graph::NamedTensors inputs = {{"pictures", pictures}};
  const auto infos =
      model->temporal() ? model->temporal()->states() : std::vector<models::StateInfo>();
  for (const auto& info : infos) {
    inputs.emplace_back(
        kStateIn + info.name,
        torch::zeros({2, info.channels, input.height / info.stride, input.width / info.stride},
                     pictures.options().dtype(torch::kFloat)));
  }
  const auto forward = [&](const graph::Tensors& in) {
    if (infos.empty()) return named(model->forward(in[0]));
    const auto step = model->forward(in[0], {in.begin() + 1, in.end()});
    auto outputs = named(step.outputs);
    for (size_t i = 0; i < infos.size(); ++i)
      outputs.emplace_back(kStateOut + infos[i].name, step.state.at(i));
    return outputs;
  };
  return graph::trace(*model, forward, inputs, mode);
}

std::vector<std::string> state_inputs(const graph::Graph& graph) {
  std::vector<std::string> names;
  for (const auto* input : graph.inputs()) {
    if (begins_with(input->name, kStateIn)) names.push_back(input->name);
  }
  return names;
}

std::string state_output(const std::string& input) {
  return kStateOut + input.substr(std::strlen(kStateIn));
}

graph::TensorMap inputs_for(const graph::Graph& graph, const Tensor& pictures) {
  graph::TensorMap feeds;
  for (const auto& name : state_inputs(graph)) {
    feeds[name] = torch::zeros(graph::sizes_at(graph.find(name)->shape, pictures.size(0)),
                               pictures.options().dtype(torch::kFloat));
  }
  feeds["pictures"] = pictures;
  return feeds;
}

graph::TensorMap inputs_along(const graph::Graph& graph, const Tensor& clips) {
  const torch::NoGradGuard no_grad;
  const auto names = state_inputs(graph);
  std::vector<std::string> outputs;
  for (const auto& name : names) outputs.push_back(state_output(name));
  const graph::Replay replay(graph);
  auto now = inputs_for(graph, clips.select(1, 0));
  std::vector<std::vector<Tensor>> before(names.size());  // by state, by frame
  for (int64_t t = 0; t < clips.size(1) && !names.empty(); ++t) {
    now["pictures"] = clips.select(1, t);
    for (size_t i = 0; i < names.size(); ++i) before[i].push_back(now.at(names[i]));
    const auto after = replay.run(now, outputs);
    for (size_t i = 0; i < names.size(); ++i) now[names[i]] = after[i];
  }
  graph::TensorMap rows = {{"pictures", clips.flatten(0, 1)}};
  for (size_t i = 0; i < names.size(); ++i)
    rows[names[i]] = torch::stack(before[i], 1).flatten(0, 1);
  return rows;
}

std::vector<std::string> outputs_of(const graph::Graph& graph, const std::string& task) {
  std::vector<std::string> names;
  for (const auto& [name, value] : graph.outputs()) {
    if (!begins_with(name, kStateOut) && name.substr(0, name.find('.')) == task)
      names.push_back(name);
  }
  return names;
}

Predictor predictor(Forward forward, std::vector<std::string> tasks, torch::Device device) {
  return Predictor([forward, tasks, device](const Tensor& clips, const models::State& state) {
    const torch::NoGradGuard no_grad;
    const auto interleaved =
        clips.to(device).flatten(0, 1).contiguous(torch::MemoryFormat::ChannelsLast);
    const auto seen =
        look_at(forward, interleaved.unflatten(0, {clips.size(0), clips.size(1)}), state);
    Predictor::Seen said;
    said.state = seen.state;
    for (const auto& task : tasks) {
      auto& outputs = said.outputs[task] = forward.head(task, seen.features, {});
      for (auto& tensor : outputs) tensor = tensor.cpu();
    }
    return said;
  });
}

Predictor predictor(models::MultiTaskModel model) {
  return predictor(forward_of(model), model->tasks(), model->parameters().front().device());
}

}  // namespace manyfold::train
