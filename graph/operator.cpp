#include "graph/operator.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <algorithm>
#include <set>

#include "common/error.h"

namespace manyfold::graph {
namespace {

// Their schemas promise a new tensor; in evaluation, or for equal types, they hand back their
// input.
const std::set<std::string>& undeclared_views() {
  static const std::set<std::string> names = {"aten::alpha_dropout", "aten::dropout",
                                              "aten::feature_alpha_dropout",
                                              "aten::feature_dropout", "aten::type_as"};
  return names;
}

Access access_of(const std::string& name, size_t index, const c10::Argument& argument) {
  if (const auto* alias = argument.alias_info()) {
    return alias->isWrite() ? Access::writes : Access::views;
  }
  return index == 0 && undeclared_views().count(name) ? Access::views : Access::reads;
}

}  // namespace

struct Operator::Entry {
  std::string name, overload;
  std::vector<std::string> arguments;
  std::vector<Access> access;
  Function custom;                            // or
  std::optional<c10::OperatorHandle> handle;  // of LibTorch
};

std::optional<Operator> Operator::find(const std::string& name, const std::string& overload) {
  const auto handle = c10::Dispatcher::singleton().findSchema({name, overload});
  if (!handle) return {};
  auto entry = std::make_shared<Entry>();
  entry->name = name;
  entry->overload = overload;
  for (const auto& argument : handle->schema().arguments()) {
    entry->access.push_back(access_of(name, entry->arguments.size(), argument));
    entry->arguments.push_back(argument.name());
  }
  entry->handle = *handle;
  return Operator(std::move(entry));
}

Operator Operator::get(const std::string& name, const std::string& overload) {
  auto found = find(name, overload);
  if (!found) {
    throw UserError("graph: this LibTorch has no operator " + name +
                    (overload.empty() ? "" : "." + overload));
  }
  return *found;
}

Operator Operator::custom(const std::string& name, std::vector<std::string> arguments,
                          Function run) {
  auto entry = std::make_shared<Entry>();
  entry->name = name;
  entry->access.assign(arguments.size(), Access::views);
  entry->arguments = std::move(arguments);
  entry->custom = std::move(run);
  return Operator(std::move(entry));
}

const std::string& Operator::name() const { return entry_->name; }
const std::string& Operator::overload() const { return entry_->overload; }
const std::vector<std::string>& Operator::arguments() const { return entry_->arguments; }
Access Operator::access(size_t argument) const { return entry_->access.at(argument); }

bool Operator::in_place() const {
  return std::count(entry_->access.begin(), entry_->access.end(), Access::writes) > 0;
}

void Operator::run(std::vector<c10::IValue>& stack) const {
  if (entry_->handle) return entry_->handle->callBoxed(&stack);
  const auto results = entry_->custom(stack);
  stack.assign(results.begin(), results.end());
}

}  // namespace manyfold::graph
