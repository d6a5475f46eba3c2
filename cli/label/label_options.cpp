#include "cli/label/label_options.h"

#include <algorithm>
#include <thread>

#include "cli/job/model_line.h"
#include "cli/output_folder.h"
#include "common/error.h"

namespace manyfold::cli {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;
using Words = std::vector<std::string>;

po::options_description own_options() {
  po::options_description own;
  own.add_options()("teacher", po::value<Words>(),
                    "another model that labels along; may stand several times")(
      "source", po::value<std::string>(),
      "label a source of the model's config in place of folders: a name in data.sources, or "
      "validation.<name>")("task", po::value<Words>(),
                           "label this task only; may stand several times")(
      "out", po::value<std::string>(), "folder of the set that is written")(
      "split", po::value<std::string>()->default_value("train"),
      "name of the annotation file and of the picture folder")(
      "threshold", po::value<Words>(),
      "task=score from which its predictions become labels; may stand several times. Else 0.9 for "
      "classes and pixels, 0.6 for objects")(
      "lowest", po::value<double>()->default_value(0.2),
      "score from which an uncertain object becomes an ignore region")(
      "share", po::value<double>()->default_value(0.5),
      "share of a mask's pixels that must be certain")(
      "absent", "label pictures in which nothing reaches --lowest with no objects")(
      "no-flip", "do not look at mirrored pictures, too")(
      "format", po::value<std::string>()->default_value("jpg"), "of the pictures: jpg or png")(
      "quality", po::value<int>()->default_value(95), "of JPEG, 1 to 100")(
      "batch", po::value<int64_t>()->default_value(16), "pictures predicted at once");
  return own;
}

double in_unit(const std::string& option, double value) {
  if (!(value >= 0 && value <= 1))
    throw ConfigError(option + " must be from 0 to 1, got " + std::to_string(value));
  return value;
}

/// "faces=0.7".
std::pair<std::string, double> threshold_of(const std::string& text) {
  const auto equals = text.find('=');
  size_t read = 0;
  double value = 0;
  try {
    if (equals != text.npos) value = std::stod(text.substr(equals + 1), &read);
  } catch (const std::logic_error&) {
    read = 0;
  }
  if (read == 0 || equals + 1 + read != text.size())
    throw ConfigError("--threshold " + text + ": expected a task and a score, such as faces=0.7");
  return {text.substr(0, equals), in_unit("--threshold " + text, value)};
}

distill::PseudoLabelOptions rules_of(const po::variables_map& options) {
  distill::PseudoLabelOptions rules;
  rules.objects.lowest = in_unit("--lowest", options["lowest"].as<double>());
  rules.objects.absent = options.count("absent") > 0;
  rules.mask.share = in_unit("--share", options["share"].as<double>());
  rules.flip = options.count("no-flip") == 0;
  if (!options.count("threshold")) return rules;
  for (const auto& text : options["threshold"].as<Words>())
    rules.thresholds.insert_or_assign(threshold_of(text).first, threshold_of(text).second);
  return rules;
}

data::CocoWriteOptions write_of(const po::variables_map& options) {
  if (!options.count("out"))
    throw ConfigError("name the folder of the set that is written: --out DIR");
  data::CocoWriteOptions write;
  write.folder = options["out"].as<std::string>();
  write.split = options["split"].as<std::string>();
  write.format = options["format"].as<std::string>();
  write.quality = options["quality"].as<int>();
  write.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  write.scores = true;
  if (write.split.empty() || write.split.find('/') != write.split.npos)
    throw ConfigError("--split must be a plain name, got '" + write.split + "'");
  if (write.format != "jpg" && write.format != "png")
    throw ConfigError("--format must be jpg or png, got '" + write.format + "'");
  if (write.quality < 1 || write.quality > 100)
    throw ConfigError("--quality must be from 1 to 100, got " + std::to_string(write.quality));
  return write;
}

}  // namespace

std::optional<LabelJob> parse_label_job(const std::vector<std::string>& arguments) {
  const auto line = parse_model_line(
      "label", "MODEL|CONFIG.yaml PICTURE|FOLDER... --out DIR [options] [overrides]", arguments,
      own_options());
  if (line.help) return std::nullopt;
  const auto& options = line.options;
  LabelJob job;
  job.models = {line.model};
  if (options.count("teacher")) {
    for (const auto& model : options["teacher"].as<Words>()) job.models.emplace_back(model);
  }
  job.overrides = line.overrides;
  job.paths = line.paths;
  if (options.count("source")) job.source = options["source"].as<std::string>();
  if (job.paths.empty() == job.source.empty())
    throw ConfigError(
        "name pictures or folders behind the model, or a source of its config with "
        "--source: one of the two");
  if (options.count("task")) job.tasks = options["task"].as<Words>();
  job.rules = rules_of(options);
  job.write = write_of(options);
  job.batch = options["batch"].as<int64_t>();
  if (job.batch < 1)
    throw ConfigError("--batch must be at least 1, got " + std::to_string(job.batch));
  refuse_file(job.write.folder);
  for (const fs::path path : job.paths) {
    if (!fs::exists(path))
      throw UserError(path.string() + " does not exist; expected a picture or a folder of them");
  }
  return job;
}

void refuse_old_set(const data::CocoWriteOptions& write, const data::LabelSpecs& specs,
                    bool clips) {
  if (clips && fs::exists(write.folder) && !fs::is_empty(write.folder)) {
    throw UserError(write.folder.string() +
                    " is there already, and what is in it would mix with the clips: name another "
                    "folder (--out), or remove it");
  }
  std::vector<fs::path> places = {write.folder / (write.split + ".json"),
                                  write.folder / "images" / write.split,
                                  write.folder / "masks" / write.split};
  for (const auto& [task, spec] : specs) {
    if (spec.kind == data::LabelSpec::Kind::class_index)
      places.push_back(write.folder / task / write.split);
  }
  for (const auto& path : places) {
    if (!fs::exists(path)) continue;
    throw UserError(path.string() +
                    " is there already, and an old set would mix with the new one: name another "
                    "folder (--out) or split (--split), or remove it");
  }
}

}  // namespace manyfold::cli
