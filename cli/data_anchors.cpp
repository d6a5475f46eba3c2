#include "cli/data_anchors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/job/job_line.h"
#include "cli/job/job_options.h"
#include "common/config/reader.h"
#include "common/error.h"
#include "data/anchors.h"
#include "data/loading/parallel.h"

namespace manyfold::cli {
namespace {

namespace po = boost::program_options;
using Shapes = std::vector<cv::Size2d>;

constexpr int64_t kFrames = 32;  // of a clip, read at a time

/// What was read for one task.
struct Seen {
  Shapes boxes;  // fractions of the network's picture
  int64_t samples = 0, unusable = 0;
  std::vector<std::string> sources;
};

/// The task that is asked for, or the only one with boxes.
std::string box_task(const po::variables_map& options, const data::LabelSpecs& specs) {
  std::vector<std::string> known;
  for (const auto& [name, spec] : specs) {
    if (spec.kind == data::LabelSpec::Kind::objects) known.push_back(name);
  }
  if (known.empty()) throw ConfigError("data anchors: no task of this job has boxes");
  if (options.count("task")) {
    const auto name = options["task"].as<std::string>();
    if (std::count(known.begin(), known.end(), name)) return name;
    throw ConfigError("--task " + name + ": the job has no such task with boxes" +
                      known_names(name, known));
  }
  if (known.size() == 1) return known.front();
  throw ConfigError(
      fmt::format("data anchors: several tasks of this job have boxes, {}: choose one "
                  "with --task",
                  fmt::join(known, ", ")));
}

/// Reads the boxes of one task as training without augmentation shows them.
class BoxReader {
 public:
  BoxReader(const data::DataOptions& options, std::string task, data::LabelSpec spec)
      : options_(options), task_(std::move(task)), spec_(std::move(spec)) {}

  void read(const data::Source& source, int64_t count, int threads, Seen& seen) const {
    std::vector<Shapes> by_sample(static_cast<size_t>(count));  // in order, whoever comes first
    std::atomic<int64_t> unusable = 0;
    data::parallel_for(count, threads, [&](int64_t i) {
      try {
        by_sample[static_cast<size_t>(i)] = boxes_of(source, i);
      } catch (const data::BadSample&) {
        ++unusable;
      }
    });
    for (const auto& boxes : by_sample) {
      seen.boxes.insert(seen.boxes.end(), boxes.begin(), boxes.end());
    }
    seen.samples += count - unusable;
    seen.unusable += unusable;
    seen.sources.push_back(source.name());
  }

 private:
  Shapes boxes_of(const data::Source& source, int64_t index) const {
    const auto detail = data::needed_detail(options_.network_size(), options_.how());
    const int64_t length = source.length(index);
    Shapes boxes;
    for (int64_t first = 0; first < length; first += kFrames) {
      const auto part = source.part(index, {first, std::min(kFrames, length - first)}, detail);
      for (const auto& frame : part.frames) add(frame, boxes);
    }
    return boxes;
  }

  void add(const data::Frame& frame, Shapes& boxes) const {
    const auto label = frame.labels.find(task_);
    if (label == frame.labels.end()) return;
    const auto geometry = data::fit(frame.picture.size(), options_.network_size(), options_.how());
    const auto fitted = data::warp_label(label->second, geometry, spec_);
    for (const auto& object : std::get<data::Objects>(fitted).list) {
      if (object.ignore || object.class_index < 0) continue;
      boxes.emplace_back(static_cast<double>(object.box.width) / geometry.size.width,
                         static_cast<double>(object.box.height) / geometry.size.height);
    }
  }

  const data::DataOptions& options_;
  std::string task_;
  data::LabelSpec spec_;
};

/// Scenes are endless: of them as many samples as have `scenes` frames.
int64_t samples_read(const data::Source& source, int64_t scenes) {
  if (!source.synthetic()) return source.size();
  const auto length = source.length(0);
  return std::min((scenes + length - 1) / length, source.size());
}

/// All training sets that label the task; of scenes, the first `scenes` frames.
Seen read_boxes(const data::DataOptions& options, const std::string& task,
                const data::LabelSpec& spec, int64_t scenes) {
  const auto threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  const BoxReader reader(options, task, spec);
  Seen seen;
  for (const auto& [name, entry] : options.sources) {
    const bool useful = std::any_of(entry.labels.begin(), entry.labels.end(),
                                    [&](const auto& label) { return label.first == task; });
    if (!useful) continue;
    const auto source = data::make_source(name, entry, {{task, spec}});
    reader.read(*source, samples_read(*source, scenes), threads, seen);
  }
  if (!seen.sources.empty()) return seen;
  throw ConfigError("data anchors: no set of data.sources labels the task " + task);
}

/// Lines of YAML: what was seen, and the anchors as w0, h0, w1, h1 ...
std::string text_of(const std::string& task, const Seen& seen, const Shapes& anchors,
                    cv::Size size) {
  std::string text =
      fmt::format("# {}: {} boxes in {} samples of {}, fitted to {}x{}; mean best IoU {:.4f}\n",
                  task, seen.boxes.size(), seen.samples, fmt::join(seen.sources, ", "), size.width,
                  size.height, data::mean_best_iou(seen.boxes, anchors));
  if (seen.unusable > 0) {
    text += fmt::format("# not usable: {} of {} samples; manyfold data check says why\n",
                        seen.unusable, seen.samples + seen.unusable);
  }
  std::string numbers;
  for (const auto& anchor : anchors) {
    numbers +=
        fmt::format("{}{:.4g}, {:.4g}", numbers.empty() ? "" : ", ", anchor.width, anchor.height);
  }
  return text + "anchors: [" + numbers + "]\n";
}

std::string json_of(const std::string& task, const Seen& seen, const Shapes& anchors,
                    cv::Size size) {
  nlohmann::ordered_json json = {{"task", task},
                                 {"anchors", nlohmann::ordered_json::array()},
                                 {"mean_best_iou", data::mean_best_iou(seen.boxes, anchors)},
                                 {"boxes", seen.boxes.size()},
                                 {"samples", seen.samples},
                                 {"unusable", seen.unusable},
                                 {"sources", seen.sources},
                                 {"size", {size.width, size.height}}};
  for (const auto& anchor : anchors) {
    json["anchors"].push_back(anchor.width);
    json["anchors"].push_back(anchor.height);
  }
  return json.dump(2) + "\n";
}

int64_t at_least_one(const po::variables_map& options, const char* option) {
  const auto value = options[option].as<int64_t>();
  if (value > 0) return value;
  throw ConfigError(fmt::format("--{} {}, must be at least 1", option, value));
}

}  // namespace

int run_data_anchors(const std::vector<std::string>& arguments) {
  po::options_description own;
  own.add_options()("task", po::value<std::string>(), "whose boxes; the only task with boxes")(
      "anchors", po::value<int64_t>()->default_value(9), "how many")("json", "print JSON")(
      "scenes", po::value<int64_t>()->default_value(200),
      "how many of endless synthetic scenes are read; of clips, frames");
  const auto line = parse_job_line("data anchors", arguments, "real", Sweeps::refused, own);
  if (show_instead_of_running(line)) return 0;
  const auto count = at_least_one(line.options, "anchors");
  const auto scenes = at_least_one(line.options, "scenes");
  const auto job = config::read<JobOptions>(compose(line).resolved());
  const auto specs = train::label_specs(job.tasks);
  const auto task = box_task(line.options, specs);
  const auto seen = read_boxes(job.data, task, specs.at(task), scenes);
  const auto anchors = data::find_anchors(seen.boxes, count, static_cast<uint64_t>(job.seed));
  const auto print = line.options.count("json") ? json_of : text_of;
  std::fputs(print(task, seen, anchors, job.data.network_size()).c_str(), stdout);
  return 0;
}

}  // namespace manyfold::cli
