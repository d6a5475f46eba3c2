#include "common/config/sweep.h"

#include <fnmatch.h>

#include <algorithm>
#include <random>

#include "common/config/override.h"
#include "common/error.h"

namespace manyfold::config {
namespace {

constexpr size_t kMaxRuns = 10'000;

double real(const Value& value) {
  return value.is_int() ? static_cast<double>(value.integer()) : value.real();
}

std::vector<Value> numbers(const Sweep& range, const Override& override) {
  std::vector<Value> values;
  const auto more = [&] {
    if (values.size() <= kMaxRuns) return true;
    throw ConfigError("override '" + override.line + "' sweeps over more than " +
                      std::to_string(kMaxRuns) + " values");
  };
  if (range.start.is_int() && range.stop.is_int() && range.step.is_int()) {
    const int64_t stop = range.stop.integer(), step = range.step.integer();
    for (int64_t i = range.start.integer(); (step > 0 ? i < stop : i > stop) && more();) {
      values.push_back(i);
      if (__builtin_add_overflow(i, step, &i)) break;
    }
    return values;
  }
  // Hydra adds decimals; long double keeps the sums as round.
  const auto start = static_cast<long double>(real(range.start));
  const auto stop = static_cast<long double>(real(range.stop));
  const auto step = static_cast<long double>(real(range.step));
  for (long double x = start; (step > 0 ? x < stop : x > stop) && more(); x += step) {
    values.push_back(static_cast<double>(x));
  }
  return values;
}

bool matches(const std::string& name, const std::vector<std::string>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return ::fnmatch(pattern.c_str(), name.c_str(), FNM_NOESCAPE) == 0;
  });
}

std::vector<std::string> texts(const Override& override, const Repository& repository) {
  if (!override.is_sweep()) {
    return {override.value ? to_override_text(*override.value) : "null"};
  }
  const Sweep& sweep = *override.value->sweep;
  std::vector<std::string> out;
  switch (sweep.kind) {
    case Sweep::Kind::choice:
      for (const auto& choice : sweep.choices) out.push_back(to_override_text(choice));
      break;
    case Sweep::Kind::range:
      for (const auto& value : numbers(sweep, override)) out.push_back(value.text());
      break;
    case Sweep::Kind::glob:
      for (const auto& name : repository.options(override.key)) {
        if (matches(name, sweep.include) && !matches(name, sweep.exclude)) out.push_back(name);
      }
      break;
    case Sweep::Kind::interval:
      throw ConfigError("override '" + override.line +
                        "': an interval has no end of values; use range() or choice()");
  }
  if (sweep.shuffle) {
    std::mt19937 chance(0);
    std::shuffle(out.begin(), out.end(), chance);
  }
  if (out.empty()) throw ConfigError("override '" + override.line + "' sweeps over nothing");
  return out;
}

}  // namespace

std::vector<std::vector<std::string>> expand_sweep(const std::vector<std::string>& overrides,
                                                   const Repository& repository) {
  std::vector<std::pair<std::string, std::vector<std::string>>> axes;
  for (size_t i = 0; i < overrides.size(); ++i) {
    const Override override = parse_override(overrides[i], static_cast<int>(i) + 1);
    if (override.is_sweep() && override.is_hydra()) {
      throw ConfigError("override '" + override.line + "': Hydra's settings cannot be swept over");
    }
    const std::string key = override.key_text();
    auto lines = texts(override, repository);
    for (auto& line : lines) line = key + "=" + line;
    const auto known =
        std::find_if(axes.begin(), axes.end(), [&](const auto& axis) { return axis.first == key; });
    if (known == axes.end()) {
      axes.emplace_back(key, lines);
    } else {
      known->second = lines;
    }
  }
  std::vector<std::vector<std::string>> runs(1);
  for (const auto& axis : axes) {
    std::vector<std::vector<std::string>> longer;
    if (runs.size() * axis.second.size() > kMaxRuns) {
      throw ConfigError("the sweep has more than " + std::to_string(kMaxRuns) + " runs");
    }
    for (const auto& run : runs) {
      for (const auto& line : axis.second) {
        longer.push_back(run);
        longer.back().push_back(line);
      }
    }
    runs = std::move(longer);
  }
  return runs;
}

}  // namespace manyfold::config
