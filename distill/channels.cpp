#include "distill/channels.h"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <utility>

#include "common/error.h"

namespace manyfold::distill {
namespace {

using Channels = std::vector<int64_t>;

[[noreturn]] void fail(const std::string& who, const std::string& text) {
  throw ConfigError(who + ": " + text);
}

std::string count_of(int64_t number, const char* what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

/// The number that a text is; -1 for anything else.
int64_t number_of(const std::string& text) {
  int64_t number = -1;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end ? number : -1;
}

/// "1,4-7" -> 1 4 5 6 7
Channels parse(const std::string& who, const std::string& text, int64_t channels) {
  Channels result;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const auto dash = part.find('-');
    const auto first = number_of(part.substr(0, dash));
    const auto last = dash == std::string::npos ? first : number_of(part.substr(dash + 1));
    if (first < 0 || last < first || last >= channels) {
      fail(who, "'" + text + "' is no list of its channels: it has " +
                    count_of(channels, "channel") + ", from 0 to " + std::to_string(channels - 1) +
                    "; write '3', '1,4-7' or rest");
    }
    for (auto channel = first; channel <= last; ++channel) result.push_back(channel);
  }
  if (result.empty()) fail(who, "names no channel; write '3', '1,4-7' or rest");
  return result;
}

std::vector<Channels> in_order(const std::string& who, const std::vector<std::string>& classes,
                               int64_t channels, bool none) {
  const auto found = channels + (none ? 1 : 0);
  const auto wanted = static_cast<int64_t>(classes.size());
  if (found != wanted) {
    fail(who, "has " + count_of(channels, "channel") + ", expected " +
                  std::to_string(wanted - (none ? 1 : 0)) + " for the task's " +
                  std::to_string(wanted) +
                  " classes; say in `classes` which channels are which class");
  }
  std::vector<Channels> result;
  for (int64_t i = 0; i < wanted; ++i) result.push_back({none ? (i == 0 ? kNone : i - 1) : i});
  return result;
}

}  // namespace

std::vector<Channels> map_channels(const std::string& who, const std::vector<std::string>& classes,
                                   const std::map<std::string, std::string>& mapping,
                                   int64_t channels, bool none) {
  if (mapping.empty()) return in_order(who, classes, channels, none);
  for (const auto& entry : mapping) {
    if (std::count(classes.begin(), classes.end(), entry.first)) continue;
    fail(who, "`classes` names '" + entry.first + "', which the task has not" +
                  known_names(entry.first, classes));
  }
  std::map<int64_t, std::string> owner;
  std::vector<Channels> result;
  for (const auto& name : classes) {
    const auto given = mapping.find(name);
    if (given == mapping.end()) {
      fail(who, "`classes` says nothing of '" + name + "'; name its channels, or rest");
    }
    result.emplace_back();
    if (given->second == "rest") continue;
    result.back() = parse(who + ", class '" + name + "'", given->second, channels);
    for (const auto channel : result.back()) {
      const auto [place, free] = owner.emplace(channel, name);
      if (!free) {
        fail(who, "channel " + std::to_string(channel) + " stands for '" + place->second +
                      "' and for '" + name + "'; give it to one class");
      }
    }
  }
  Channels rest;
  if (none) rest.push_back(kNone);
  for (int64_t channel = 0; channel < channels; ++channel) {
    if (!owner.count(channel)) rest.push_back(channel);
  }
  for (size_t i = 0; i < result.size(); ++i) {
    if (!result[i].empty()) continue;
    if (rest.empty()) fail(who, "nothing is left for '" + classes[i] + "', which takes the rest");
    result[i] = std::exchange(rest, {});
  }
  return result;
}

}  // namespace manyfold::distill
