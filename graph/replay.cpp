#include "graph/replay.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_set>

namespace manyfold::graph {
namespace {

struct Slot {
  size_t index;
  bool last = false;  // nobody reads it afterwards
};

/// How one argument is put on the stack.
struct Push {
  enum Kind { constant, tensor, list, sizes, device } kind;
  c10::IValue value;
  std::vector<std::optional<Slot>> slots;
  Shape shape;
};

struct Step {
  const Node* node;
  std::vector<Push> pushes;
  std::vector<std::optional<size_t>> results;  // none: it was fed, or nobody reads it
};

/// What to run for one set of feeds and wanted values.
struct Plan {
  std::vector<Step> steps;
  std::vector<size_t> wanted;
};

using Slots = std::unordered_map<const Value*, size_t>;

bool is_device(const Node& node, size_t index) {
  return node.op.arguments()[index] == "device" &&
         std::get<c10::IValue>(node.arguments[index]).isDevice();
}

Push push_of(const Node& node, size_t index, const Slots& slots) {
  const auto slot = [&](const Value* value) -> std::optional<Slot> {
    if (!value) return {};
    return Slot{slots.at(value)};
  };
  const auto& argument = node.arguments[index];
  if (const auto* value = std::get_if<Value*>(&argument)) {
    return {Push::tensor, {}, {slot(*value)}, {}};
  }
  if (const auto* list = std::get_if<std::vector<Value*>>(&argument)) {
    Push push{Push::list, {}, {}, {}};
    for (const auto* value : *list) push.slots.push_back(slot(value));
    return push;
  }
  if (const auto* shape = std::get_if<Shape>(&argument)) return {Push::sizes, {}, {}, *shape};
  const auto kind = is_device(node, index) ? Push::device : Push::constant;
  return {kind, std::get<c10::IValue>(argument), {}, {}};
}

// Marks the last reader of every slot that is not to be returned.
void mark_last_uses(Plan& plan) {
  std::set<size_t> read_later(plan.wanted.begin(), plan.wanted.end());
  for (auto step = plan.steps.rbegin(); step != plan.steps.rend(); ++step) {
    for (auto push = step->pushes.rbegin(); push != step->pushes.rend(); ++push) {
      for (auto slot = push->slots.rbegin(); slot != push->slots.rend(); ++slot) {
        if (*slot) (*slot)->last = read_later.insert((*slot)->index).second;
      }
    }
  }
  for (auto& step : plan.steps) {
    for (auto& result : step.results) {
      if (result && !read_later.count(*result)) result.reset();
    }
  }
}

c10::IValue take(std::vector<c10::IValue>& values, const Slot& slot) {
  return slot.last ? std::move(values[slot.index]) : values[slot.index];
}

c10::IValue tensor_list(std::vector<c10::IValue>& values,
                        const std::vector<std::optional<Slot>>& slots) {
  const bool complete =
      std::all_of(slots.begin(), slots.end(), [](const auto& slot) { return slot.has_value(); });
  if (complete) {
    c10::List<at::Tensor> list;
    for (const auto& slot : slots) list.push_back(take(values, *slot).toTensor());
    return list;
  }
  c10::List<c10::optional<at::Tensor>> list;
  for (const auto& slot : slots) {
    list.push_back(slot ? c10::optional<at::Tensor>(take(values, *slot).toTensor()) : c10::nullopt);
  }
  return list;
}

void store(std::vector<c10::IValue>& values, const Step& step, std::vector<c10::IValue>& stack) {
  size_t at = 0;
  const auto put = [&](c10::IValue value) {
    if (at < step.results.size() && step.results[at]) values[*step.results[at]] = std::move(value);
    ++at;
  };
  for (auto& result : stack) {
    if (result.isTensorList()) {
      for (const auto& each : result.toTensorVector()) put(each);
    } else {
      put(std::move(result));
    }
  }
}

}  // namespace

struct Replay::Impl {
  explicit Impl(const Graph& other) : graph(other) {
    for (const auto& value : graph.values()) slots.emplace(value.get(), slots.size());
    for (const auto& value : graph.values()) by_name.emplace(value->name, value.get());
    for (const auto& [name, value] : graph.outputs()) by_name[name] = value;
    for (const auto& [name, value] : graph.outputs()) outputs.push_back(name);
  }

  const Value* value(const std::string& name) const {
    const auto at = by_name.find(name);
    TORCH_CHECK(at != by_name.end(), "replay: the graph has no value '", name, "'");
    return at->second;
  }

  int64_t batch_of(const TensorMap& feeds) const {
    int64_t batch = 0;
    for (const auto& [name, tensor] : feeds) {
      const auto& shape = value(name)->shape;
      TORCH_CHECK(tensor.dim() == static_cast<int64_t>(shape.size()), "replay: '", name,
                  "' must be ", to_string(shape), ", got ", tensor.sizes());
      for (size_t d = 0; d < shape.size(); ++d) {
        if (!shape[d].per_sample) continue;
        const auto here = tensor.size(d) / shape[d].per_sample;
        if (!batch) batch = here;
        TORCH_CHECK(here == batch, "replay: '", name, "' holds ", here,
                    " samples where another input holds ", batch);
      }
    }
    return batch;
  }

  const Plan& plan(const TensorMap& feeds, const std::vector<std::string>& wanted) {
    std::vector<std::string> fed;
    for (const auto& feed : feeds) fed.push_back(feed.first);
    std::sort(fed.begin(), fed.end());
    const std::lock_guard<std::mutex> lock(mutex);
    const auto [at, is_new] = plans.try_emplace({fed, wanted});
    try {
      if (is_new) at->second = make_plan(fed, wanted);
    } catch (...) {
      plans.erase(at);
      throw;
    }
    return at->second;
  }

  Plan make_plan(const std::vector<std::string>& fed, const std::vector<std::string>& wanted) {
    std::unordered_set<const Value*> given, needed;
    for (const auto& name : fed) given.insert(value(name));
    for (const auto& name : wanted) needed.insert(value(name));
    const auto live = live_nodes(given, needed);
    for (const auto* each : needed) {
      TORCH_CHECK(each->kind != Value::input || given.count(each), "replay: input '", each->name,
                  "' is needed and not given");
    }
    Plan plan;
    for (const auto& node : graph.nodes()) {
      if (!live.count(node.get())) continue;
      Step step{node.get(), {}, {}};
      for (size_t i = 0; i < node->arguments.size(); ++i) {
        step.pushes.push_back(push_of(*node, i, slots));
      }
      for (const auto* output : node->outputs) {
        // What is fed stays as it is, also when its node runs for another result.
        const bool fed_here = given.count(output) > 0;
        step.results.push_back(fed_here ? std::nullopt : std::optional(slots.at(output)));
      }
      plan.steps.push_back(std::move(step));
    }
    for (const auto& name : wanted) plan.wanted.push_back(slots.at(value(name)));
    mark_last_uses(plan);
    return plan;
  }

  std::unordered_set<const Node*> live_nodes(const std::unordered_set<const Value*>& given,
                                             std::unordered_set<const Value*>& needed) const {
    std::unordered_set<const Node*> live;
    const auto visit = [&](const Node& node) {
      live.insert(&node);
      for (const auto* input : node.inputs()) {
        if (!given.count(input)) needed.insert(input);
      }
    };
    const auto& nodes = graph.nodes();
    for (auto at = nodes.rbegin(); at != nodes.rend(); ++at) {
      const auto wanted = [&](const Value* output) {
        return needed.count(output) && !given.count(output);
      };
      if (std::any_of((*at)->outputs.begin(), (*at)->outputs.end(), wanted)) visit(**at);
    }
    for (const auto& node : nodes) {
      if (node->accompanies && live.count(node->accompanies)) visit(*node);
    }
    return live;
  }

  Graph graph;
  Slots slots;
  std::unordered_map<std::string, const Value*> by_name;
  std::vector<std::string> outputs;
  std::mutex mutex;
  std::map<std::pair<std::vector<std::string>, std::vector<std::string>>, Plan> plans;
};

Replay::Replay(const Graph& graph) : impl_(std::make_unique<Impl>(graph)) {}
Replay::~Replay() = default;
Replay::Replay(Replay&&) noexcept = default;
Replay& Replay::operator=(Replay&&) noexcept = default;
const Graph& Replay::graph() const { return impl_->graph; }

Tensors Replay::run(const TensorMap& feeds, const std::vector<std::string>& wanted) const {
  const auto batch = impl_->batch_of(feeds);
  const auto& plan = impl_->plan(feeds, wanted.empty() ? impl_->outputs : wanted);
  std::vector<c10::IValue> values(impl_->slots.size());
  const auto device = feeds.empty() ? device_of(impl_->graph) : feeds.begin()->second.device();
  for (const auto& [value, slot] : impl_->slots) {
    if (!value->stored()) continue;
    // A module's own tensors are moved with it; constants that a pass has added are not.
    values[slot] = value->kind == Value::constant ? value->tensor.to(device) : value->tensor;
  }
  for (const auto& [name, tensor] : feeds) values[impl_->slots.at(impl_->value(name))] = tensor;
  std::vector<c10::IValue> stack;
  for (const auto& step : plan.steps) {
    stack.clear();
    for (const auto& push : step.pushes) {
      switch (push.kind) {
        case Push::constant:
          stack.push_back(push.value);
          break;
        case Push::tensor:
          stack.push_back(take(values, *push.slots[0]));
          break;
        case Push::list:
          stack.push_back(tensor_list(values, push.slots));
          break;
        case Push::sizes:
          stack.emplace_back(sizes_at(push.shape, batch));
          break;
        case Push::device:
          stack.emplace_back(device);
          break;
      }
    }
    step.node->op.run(stack);
    store(values, step, stack);
  }
  Tensors results;
  for (const auto slot : plan.wanted) results.push_back(values[slot].toTensor());
  return results;
}

}  // namespace manyfold::graph
