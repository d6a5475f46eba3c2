#include "common/config/override_functions.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <random>

#include "common/config/json_writer.h"
#include "common/config/token.h"
#include "common/config/yaml_scalar.h"
#include "common/error.h"

namespace manyfold::config {
namespace {

using Cast = std::function<Value(const Value&)>;

[[noreturn]] void cannot(const Value& value, const std::string& what) {
  throw ConfigError((value.is_string() ? "'" + value.text() + "'" : value.text()) +
                    " cannot become " + what);
}

std::string lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return text;
}

Value to_int(const Value& value) {
  if (value.is_int()) return value;
  if (value.is_bool()) return int64_t{value.boolean()};
  if (value.is_double() && std::abs(value.real()) < 9.2e18) {
    return static_cast<int64_t>(value.real());
  }
  if (value.is_string()) {
    const std::string& text = value.string();
    const size_t sign = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
    const bool digits = text.size() > sign && python_number(text) &&
                        text.find_first_not_of("0123456789_", sign) == std::string::npos;
    if (digits) return python_int(text);
  }
  cannot(value, "an int");
}

Value to_float(const Value& value) {
  if (value.is_double()) return value;
  if (value.is_int()) return static_cast<double>(value.integer());
  if (value.is_bool()) return value.boolean() ? 1.0 : 0.0;
  if (value.is_string() && python_number(value.string())) {
    return std::strtod(without_underscores(value.string()).c_str(), nullptr);
  }
  cannot(value, "a float");
}

Value to_bool(const Value& value) {
  if (value.is_bool()) return value;
  if (value.is_int()) return value.integer() != 0;
  if (value.is_double()) return value.real() != 0;
  if (value.is_string() && lowered(value.string()) == "true") return true;
  if (value.is_string() && lowered(value.string()) == "false") return false;
  cannot(value, "a bool");
}

Value to_string(const Value& value) {
  if (value.is_null()) cannot(value, "a string");
  return value.is_bool() ? lowered(value.text()) : value.text();
}

Sweep& sweep_of(const Element& element) { return *element.sweep; }

Element cast_sweep(const Element& element, const std::function<Element(const Element&)>& cast,
                   bool numeric) {
  auto made = std::make_shared<Sweep>(sweep_of(element));
  made->shuffle = false;  // as in Hydra, a cast makes a new sweep
  if (made->kind == Sweep::Kind::choice) {
    for (auto& choice : made->choices) choice = cast(choice);
  } else {
    if (!numeric || made->kind == Sweep::Kind::glob) {
      throw ConfigError("a range or interval can only be cast to int or float");
    }
    for (Value* bound : {&made->start, &made->stop, &made->step}) {
      if (!bound->is_null()) *bound = cast(*bound).scalar;
    }
  }
  return sweep_element(made);
}

/// Casts scalars, the items of lists and of choices, and the values of dicts.
Element cast(const Element& element, const Cast& scalar, bool numeric) {
  const auto again = [&](const Element& inner) { return cast(inner, scalar, numeric); };
  if (element.is_sweep()) return cast_sweep(element, again, numeric);
  Element made = element;
  made.quote = 0;
  if (element.kind == Element::Kind::scalar) made.scalar = scalar(element.scalar);
  for (auto& item : made.items) item = again(item);
  for (auto& pair : made.pairs) pair.second = again(pair.second);
  return made;
}

Element json_string(const Element& element) {
  if (!element.is_sweep()) return Value(to_json(to_value(element)));
  return cast_sweep(element, json_string, false);
}

/// A call's arguments by name, as Python binds them.
class Bound {
 public:
  Bound(const Call& call, const std::vector<std::string>& names, size_t needed) : name_(call.name) {
    if (call.arguments.size() > names.size()) fail("too many arguments");
    for (size_t i = 0; i < call.arguments.size(); ++i) given_[names[i]] = call.arguments[i];
    for (const auto& [name, element] : call.named) {
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        fail("unknown argument '" + name + "'" + known_names(name, names));
      }
      if (!given_.emplace(name, element).second) fail("argument '" + name + "' is given twice");
    }
    for (size_t i = 0; i < needed; ++i) {
      if (!given_.count(names[i])) fail("missing argument '" + names[i] + "'");
    }
  }

  bool has(const std::string& name) const { return given_.count(name) > 0; }

  Value number(const std::string& name) const {
    const Element& element = given_.at(name);
    if (element.kind == Element::Kind::scalar &&
        (element.scalar.is_int() || element.scalar.is_double())) {
      return element.scalar;
    }
    fail("'" + name + "' must be a number");
  }

  std::vector<std::string> words(const std::string& name) const {
    if (!has(name)) return {};
    const Element& element = given_.at(name);
    std::vector<std::string> words;
    if (element.kind == Element::Kind::list) {
      for (const auto& item : element.items) words.push_back(item.scalar.text());
    } else if (element.kind == Element::Kind::scalar && element.scalar.is_string()) {
      words.push_back(element.scalar.string());
    } else {
      fail("'" + name + "' must be a string or a list of strings");
    }
    return words;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw ConfigError(name_ + ": " + what); }

  const std::string name_;
  std::map<std::string, Element> given_;
};

/// All arguments as one: the single one, or a simple choice of them.
Element joined(const Call& call, const std::vector<std::string>& names) {
  for (const auto& [name, element] : call.named) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      throw ConfigError(call.name + ": unknown argument '" + name + "'");
    }
    if (!call.arguments.empty()) {
      throw ConfigError(call.name + ": give the argument by place or by name, not both");
    }
    return element;
  }
  if (call.arguments.empty()) throw ConfigError(call.name + ": needs an argument");
  if (call.arguments.size() == 1) return call.arguments[0];
  auto sweep = std::make_shared<Sweep>();
  sweep->simple = true;
  sweep->choices = call.arguments;
  return sweep_element(sweep);
}

Element choice(const Call& call) {
  if (!call.named.empty()) throw ConfigError("choice: takes no named arguments");
  if (call.arguments.empty()) throw ConfigError("choice: needs at least one value");
  if (call.arguments.size() == 1 && call.arguments[0].is_sweep()) {
    auto made = std::make_shared<Sweep>(sweep_of(call.arguments[0]));
    if (made->kind != Sweep::Kind::choice || !made->simple) {
      throw ConfigError("choice: nesting sweeps is not supported");
    }
    made->simple = false;
    return sweep_element(made);
  }
  auto sweep = std::make_shared<Sweep>();
  for (auto argument : call.arguments) {
    if (argument.is_sweep() ||
        (argument.kind == Element::Kind::scalar && argument.scalar.is_null())) {
      throw ConfigError("choice: a choice is a string, a number, a bool, a list or a dict");
    }
    argument.quote = 0;
    sweep->choices.push_back(std::move(argument));
  }
  return sweep_element(sweep);
}

Element range(const Call& call) {
  const Bound bound(call, {"start", "stop", "step"}, 1);
  auto sweep = std::make_shared<Sweep>();
  sweep->kind = Sweep::Kind::range;
  sweep->start = bound.has("stop") ? bound.number("start") : Value(0);
  sweep->stop = bound.number(bound.has("stop") ? "stop" : "start");
  sweep->step = bound.has("step") ? bound.number("step") : Value(1);
  if (to_float(sweep->step).real() == 0) throw ConfigError("range: the step is 0");
  return sweep_element(sweep);
}

Element interval(const Call& call) {
  const Bound bound(call, {"start", "end"}, 2);
  auto sweep = std::make_shared<Sweep>();
  sweep->kind = Sweep::Kind::interval;
  sweep->start = to_float(bound.number("start"));
  sweep->stop = to_float(bound.number("end"));
  return sweep_element(sweep);
}

Element glob(const Call& call) {
  const Bound bound(call, {"include", "exclude"}, 1);
  auto sweep = std::make_shared<Sweep>();
  sweep->kind = Sweep::Kind::glob;
  sweep->include = bound.words("include");
  sweep->exclude = bound.words("exclude");
  return sweep_element(sweep);
}

bool is_number(const Element& element) {
  return element.kind == Element::Kind::scalar && !element.scalar.is_null() &&
         !element.scalar.is_string();
}

void sort_elements(std::vector<Element>& elements, bool reverse) {
  const bool numbers = std::all_of(elements.begin(), elements.end(), is_number);
  const bool words = std::all_of(elements.begin(), elements.end(), [](const Element& e) {
    return e.kind == Element::Kind::scalar && e.scalar.is_string();
  });
  if (!numbers && !words) throw ConfigError("sort: only numbers or only strings can be compared");
  const auto less = [&](const Element& a, const Element& b) {
    if (words) return a.scalar.string() < b.scalar.string();
    return to_float(a.scalar).real() < to_float(b.scalar).real();
  };
  std::stable_sort(elements.begin(), elements.end(), [&](const Element& a, const Element& b) {
    return reverse ? less(b, a) : less(a, b);
  });
}

Value plus(const Value& a, const Value& b, int sign) {
  if (a.is_int() && b.is_int()) return a.integer() + sign * b.integer();
  return to_float(a).real() + sign * to_float(b).real();
}

/// Turns a range round when it runs the other way; written out from its bounds, as Hydra 1.3 does.
void sort_range(Sweep& range, bool reverse) {
  const double start = to_float(range.start).real(), stop = to_float(range.stop).real();
  if (reverse ? start >= stop : start <= stop) return;
  const Value first = plus(range.stop, range.step, -1);
  range.stop = plus(range.start, range.step, -1);
  range.start = first;
  range.step = range.step.is_int() ? Value(-range.step.integer()) : Value(-range.step.real());
}

Element sort(Call call) {
  bool reverse = false;
  for (auto named = call.named.begin(); named != call.named.end();) {
    const bool is_reverse = named->first == "reverse";
    if (is_reverse) reverse = to_bool(named->second.scalar).boolean();
    named = is_reverse ? call.named.erase(named) : named + 1;
  }
  Element all = joined(call, {"sweep", "list"});
  if (all.kind == Element::Kind::list) {
    for (auto& item : all.items) item.quote = 0;
    sort_elements(all.items, reverse);
  } else if (all.is_sweep()) {
    auto sweep = std::make_shared<Sweep>(sweep_of(all));
    if (sweep->kind == Sweep::Kind::choice) {
      for (auto& item : sweep->choices) item.quote = 0;
      sort_elements(sweep->choices, reverse);
    } else if (sweep->kind == Sweep::Kind::range) {
      sort_range(*sweep, reverse);
    } else {
      throw ConfigError("sort: takes a list, a choice or a range");
    }
    all.sweep = sweep;
  }
  return all;
}

Element shuffle(const Call& call) {
  Element all = joined(call, {"sweep", "list"});
  if (all.is_sweep()) {
    auto sweep = std::make_shared<Sweep>(sweep_of(all));
    if (sweep->kind == Sweep::Kind::interval) {
      throw ConfigError("shuffle: takes a list, a choice or a range");
    }
    sweep->shuffle = true;
    return sweep_element(sweep);
  }
  if (all.kind == Element::Kind::list) {
    std::mt19937 chance(0);
    std::shuffle(all.items.begin(), all.items.end(), chance);
    return all;
  }
  Element list;
  list.kind = Element::Kind::list;
  list.items.push_back(all);
  return list;
}

/// Tags are for sweepers that search; here they only have to be well formed.
Element tag(const Call& call) {
  std::vector<Element> arguments = call.arguments;
  for (const auto& [name, element] : call.named) {
    if (name != "sweep") throw ConfigError("tag: unknown argument '" + name + "'");
    arguments.push_back(element);
  }
  if (arguments.empty() || !arguments.back().is_sweep()) {
    throw ConfigError("tag: the last argument must be a choice, a range or an interval");
  }
  for (size_t i = 0; i + 1 < arguments.size(); ++i) {
    if (arguments[i].kind != Element::Kind::scalar || !arguments[i].scalar.is_string()) {
      throw ConfigError("tag: a tag is a string");
    }
  }
  return arguments.back();
}

Element cast_call(const Call& call, const Cast& scalar, bool numeric) {
  return cast(joined(call, {"value"}), scalar, numeric);
}

const std::map<std::string, std::function<Element(const Call&)>>& functions() {
  static const std::map<std::string, std::function<Element(const Call&)>> table = {
      {"bool", [](const Call& call) { return cast_call(call, to_bool, false); }},
      {"choice", choice},
      {"float", [](const Call& call) { return cast_call(call, to_float, true); }},
      {"glob", glob},
      {"int", [](const Call& call) { return cast_call(call, to_int, true); }},
      {"interval", interval},
      {"json_str", [](const Call& call) { return json_string(joined(call, {"value"})); }},
      {"range", range},
      {"shuffle", shuffle},
      {"sort", sort},
      {"str", [](const Call& call) { return cast_call(call, to_string, false); }},
      {"tag", tag},
  };
  return table;
}

}  // namespace

Element call_function(const Call& call) {
  const auto found = functions().find(call.name);
  if (found == functions().end()) {
    std::vector<std::string> names;
    for (const auto& entry : functions()) names.push_back(entry.first);
    throw ConfigError("unknown function '" + call.name + "'" + known_names(call.name, names) +
                      ". To mean a string with brackets, quote it");
  }
  return found->second(call);
}

Element sweep_element(std::shared_ptr<Sweep> sweep) {
  Element made;
  made.kind = Element::Kind::sweep;
  made.sweep = std::move(sweep);
  return made;
}

}  // namespace manyfold::config
