#include <spdlog/fmt/fmt.h>

#include <nlohmann/json.hpp>

#include "data/check.h"

namespace manyfold::data {
namespace {

using nlohmann::ordered_json;
using Kind = LabelSpec::Kind;

const char* samples_of(const SourceReport& source) { return source.clips ? "clips" : "samples"; }

/// What is counted by class.
const char* unit(Kind kind, const SourceReport& source) {
  if (kind == Kind::mask) return "pixels";
  if (kind == Kind::objects) return "objects";
  return source.clips ? "frames" : "samples";
}

std::string histogram(const TaskReport& task) {
  int64_t sum = 0;
  for (const auto& [name, count] : task.classes) sum += count;
  std::string text;
  for (const auto& [name, count] : task.classes) {
    text += fmt::format("{}{} {} ({:.1f} %)", text.empty() ? "" : ", ", name, count,
                        100.0 * static_cast<double>(count) / static_cast<double>(sum));
  }
  return text.empty() ? "none" : text;
}

std::string task_text(const std::string& name, const TaskReport& task, const SourceReport& source) {
  const auto* samples = samples_of(source);
  std::string text = fmt::format("  {}: {} of {} {}", name, task.labelled, source.usable, samples);
  if (source.clips)
    text += fmt::format(" and {} of {} frames", task.labelled_frames, source.frames);
  text += fmt::format(" labelled; {}: {}", unit(task.kind, source), histogram(task));
  if (task.kind == Kind::objects) {
    text += fmt::format("; {} {} without; {} ignored; shorter side {:.0f} to {:.0f} px",
                        task.without_objects, samples, task.ignored_objects, task.object_side.low,
                        task.object_side.high);
    if (task.landmarks > 0) text += fmt::format("; {} key points", task.landmarks);
  }
  return text + "\n";
}

/// Of each clip the first faults.
std::string bad_text(const std::vector<BadFile>& all) {
  constexpr size_t kShown = 10;
  std::string text;
  for (size_t i = 0; i < all.size();) {
    size_t end = i;
    while (end < all.size() && all[end].sample == all[i].sample) ++end;
    for (size_t k = i; k < std::min(end, i + kShown); ++k) {
      text +=
          fmt::format("  BAD {} ({}): {}\n", all[k].sample, fault_name(all[k].fault), all[k].cause);
    }
    if (end > i + kShown)
      text += fmt::format("  BAD {}: and {} more; --json lists them\n", all[i].sample,
                          end - i - kShown);
    i = end;
  }
  return text;
}

std::string source_text(const SourceReport& source) {
  if (!source.failure.empty()) {
    return fmt::format("{}: CANNOT BE OPENED\n  {}\n", source.name, source.failure);
  }
  std::string text = fmt::format("{}: {} {}", source.name, source.samples, samples_of(source));
  if (source.read < source.samples) text += fmt::format(", {} read", source.read);
  text += fmt::format(", {} usable", source.usable);
  if (source.clips) text += fmt::format(" with {} frames", source.frames);
  text += fmt::format(", {:.0f} to {:.0f} px wide, {:.0f} to {:.0f} px high\n", source.width.low,
                      source.width.high, source.height.low, source.height.high);
  for (const auto& [name, task] : source.tasks) text += task_text(name, task, source);
  text += bad_text(source.bad);
  for (const auto& problem : source.problems) {
    text += fmt::format("  PROBLEM {} ({}): {}\n", problem.file, fault_name(problem.fault),
                        problem.text);
  }
  return text;
}

ordered_json task_json(const TaskReport& task, const SourceReport& source) {
  ordered_json json = {{"labelled", task.labelled},
                       {"labelled_frames", task.labelled_frames},
                       {"unit", unit(task.kind, source)},
                       {"classes", task.classes}};
  if (task.kind == Kind::objects) {
    json["samples_without_objects"] = task.without_objects;
    json["ignored_objects"] = task.ignored_objects;
    json["landmarks"] = task.landmarks;
    json["shorter_side"] = {task.object_side.low, task.object_side.high};
  }
  return json;
}

ordered_json source_json(const SourceReport& source) {
  ordered_json json = {{"name", source.name}, {"ok", source.ok()}};
  if (!source.failure.empty()) {
    json["failure"] = source.failure;
    return json;
  }
  json["clips"] = source.clips;
  json["samples"] = source.samples;
  json["read"] = source.read;
  json["usable"] = source.usable;
  json["frames"] = source.frames;
  json["width"] = {source.width.low, source.width.high};
  json["height"] = {source.height.low, source.height.high};
  json["tasks"] = ordered_json::object();
  for (const auto& [name, task] : source.tasks) json["tasks"][name] = task_json(task, source);
  json["bad"] = ordered_json::array();
  for (const auto& bad : source.bad) {
    json["bad"].push_back(
        {{"sample", bad.sample}, {"fault", fault_name(bad.fault)}, {"cause", bad.cause}});
  }
  json["problems"] = ordered_json::array();
  for (const auto& problem : source.problems) {
    json["problems"].push_back(
        {{"file", problem.file}, {"fault", fault_name(problem.fault)}, {"text", problem.text}});
  }
  return json;
}

}  // namespace

std::string CheckReport::text() const {
  std::string text;
  for (const auto& source : sources) text += source_text(source);
  for (const auto& pair : shared) {
    text += fmt::format("PROBLEM {} and {} ({}): {} pictures are the same, among them {} and {}\n",
                        pair.first, pair.second, fault_name(Fault::shared_picture), pair.count,
                        pair.example_first, pair.example_second);
  }
  return text + (ok() ? "all good\n" : "problems were found\n");
}

std::string CheckReport::json() const {
  ordered_json json = {{"ok", ok()}, {"sources", ordered_json::array()}};
  for (const auto& source : sources) json["sources"].push_back(source_json(source));
  json["shared_pictures"] = ordered_json::array();
  for (const auto& pair : shared) {
    json["shared_pictures"].push_back({{"first", pair.first},
                                       {"second", pair.second},
                                       {"count", pair.count},
                                       {"examples", {pair.example_first, pair.example_second}}});
  }
  // Names of files need not be UTF-8, and JSON must be.
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace manyfold::data
