#include "cli/label/label_report.h"

#include <spdlog/fmt/fmt.h>

#include <nlohmann/json.hpp>
#include <numeric>

namespace manyfold::cli {
namespace {

using data::LabelSpec;

/// "fist 12  palm 3  ignored 2"; of a mask, shares of its labelled pixels.
std::string classes_text(const distill::TaskCount& count, const LabelSpec& spec) {
  const bool pixels = spec.kind == LabelSpec::Kind::mask;
  const auto total = std::accumulate(count.classes.begin(), count.classes.end(), count.ignored);
  std::string text;
  const auto add = [&](const std::string& name, int64_t number) {
    if (number == 0) return;
    const auto share = 100.0 * static_cast<double>(number) / static_cast<double>(total);
    text += (text.empty() ? "" : "  ") + name + " " +
            (pixels ? fmt::format("{:.1f} %", share) : std::to_string(number));
  };
  for (size_t c = 0; c < count.classes.size(); ++c) add(spec.classes[c], count.classes[c]);
  add("ignored", count.ignored);
  return text;
}

/// A string as YAML has it; JSON's quotes are YAML's, too.
std::string quoted(const std::string& text) { return nlohmann::json(text).dump(); }

std::string rule(const LabelSpec& spec) {
  if (spec.kind == LabelSpec::Kind::class_index) return "{from: image}";
  std::string list;
  const auto add = [&list](const std::string& entry) {
    list += (list.empty() ? "" : ", ") + entry;
  };
  if (spec.kind == LabelSpec::Kind::objects) {
    for (const auto& name : spec.classes) add(quoted(name));
    return "{from: boxes, categories: [" + list + "]" +
           (spec.landmarks > 0 ? ", landmarks: true}" : "}");
  }
  if (spec.classes.size() == 2) return "{from: mask}";
  for (size_t c = 0; c < spec.classes.size(); ++c)
    add(std::to_string(c) + ": " + quoted(spec.classes[c]));
  add(std::to_string(data::Mask::kIgnore) + ": ignore");
  return "{from: mask, values: {" + list + "}}";
}

std::string full_path(const std::filesystem::path& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

}  // namespace

std::string label_table(const distill::LabelledSource& source, const data::LabelSpecs& specs) {
  std::string text = fmt::format("{:<16} {:>9} {:>10} {:>7}   {}\n", "task", "labelled",
                                 "unlabelled", "score", "");
  for (const auto& [task, spec] : specs) {
    const auto& count = source.counts().at(task);
    const auto score = count.labelled > 0 ? fmt::format("{:.3f}", count.score) : "-";
    text += fmt::format("{:<16} {:>9} {:>10} {:>7}   {}\n", task, count.labelled, count.unlabelled,
                        score, classes_text(count, spec));
  }
  return text;
}

std::string label_yaml(const distill::LabelledSource& source, const data::LabelSpecs& specs,
                       const data::CocoWriteOptions& options) {
  std::string labels, folders;
  for (const auto& [task, spec] : specs) {
    if (source.counts().at(task).labelled == 0) continue;
    labels += "        " + task + ": " + rule(spec) + "\n";
    if (spec.kind != LabelSpec::Kind::class_index || options.place) continue;
    folders += fmt::format(
        "#   {}: {{type: folders, root: {}, split: {}, labels: {{{}: {{from: folder}}}}}}\n", task,
        quoted(full_path(options.folder / task)), quoted(options.split), task);
  }
  if (labels.empty()) return "";
  const auto what = options.place
                        ? "clips\n      annotations: " +
                              quoted(full_path(options.folder / (options.split + ".json")))
                        : "coco\n      split: " + quoted(options.split);
  return fmt::format(
             "data:\n  sources:\n    labelled:\n      type: {}\n      root: {}\n      labels:\n{}",
             what, quoted(full_path(options.folder)), labels) +
         (folders.empty() ? "" : "# or the class folders:\n" + folders);
}

}  // namespace manyfold::cli
