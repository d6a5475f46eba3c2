#include "cli/predict.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <fstream>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>
#include <set>

#include "cli/label_json.h"
#include "cli/load_model.h"
#include "cli/model_line.h"
#include "cli/picture_files.h"
#include "common/atomic_file.h"
#include "common/error.h"
#include "data/warp.h"
#include "report/overlay.h"
#include "report/progress.h"

namespace manyfold::cli {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

/// What a model says of one picture, in the picture's own pixels.
using Predictions = std::map<std::string, data::Label>;

Predictions predict(const LoadedModel& loaded, const cv::Mat& rgb) {
  const auto size = loaded.job.data.network_size();
  const auto geometry = data::fit(rgb.size(), size, loaded.job.data.how());
  const auto outputs = loaded.predict(network_picture(rgb, loaded.job.data));
  Predictions predictions;
  for (const auto& [name, options] : loaded.job.tasks) {
    const auto label = options.task->decode(outputs.at(name), size).at(0);
    predictions[name] = data::unwarp_label(label, geometry, rgb.size());
  }
  return predictions;
}

cv::Mat overlay(const LoadedModel& loaded, const cv::Mat& rgb, const Predictions& predictions) {
  cv::Mat drawn = rgb.clone();
  for (const auto& [name, options] : loaded.job.tasks) {
    report::OverlayStyle style;
    style.least_score = options.task->threshold();
    report::draw(drawn, predictions.at(name), options.task->label(), style);
  }
  return drawn;
}

nlohmann::json as_json(const LoadedModel& loaded, const Predictions& predictions) {
  nlohmann::json tasks = nlohmann::json::object();
  for (const auto& [name, options] : loaded.job.tasks) {
    tasks[name] =
        label_json(predictions.at(name), options.task->label(), options.task->threshold());
  }
  return tasks;
}

std::string lower_extension(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return extension;
}

bool is_video(const fs::path& path) {
  static const std::set<std::string> known = {".avi", ".m4v",  ".mkv", ".mov",
                                              ".mp4", ".mpeg", ".mpg", ".webm"};
  return known.count(lower_extension(path)) > 0;
}

/// Files as given, and the pictures of folders, sorted.
std::vector<fs::path> inputs_of(const std::vector<std::string>& paths) {
  std::vector<fs::path> inputs;
  for (const fs::path path : paths) {
    if (!fs::is_directory(path)) {
      inputs.push_back(path);
      continue;
    }
    const auto found = pictures_below(path);
    inputs.insert(inputs.end(), found.begin(), found.end());
  }
  if (inputs.empty()) throw ConfigError("name pictures, folders or videos behind the model");
  return inputs;
}

/// Where results go. What an earlier command left under the same names is replaced.
class OutputFolder {
 public:
  explicit OutputFolder(fs::path path) : path_(std::move(path)) { fs::create_directories(path_); }

  /// For the results of one input, without extension: a, and a-2 where an earlier input took a.
  fs::path stem(const fs::path& input) {
    const std::string stem = input.stem().string();
    std::string name = stem;
    for (int i = 2; !taken_.insert(name).second; ++i) name = stem + "-" + std::to_string(i);
    return path_ / name;
  }
  fs::path results() const { return path_ / "predictions.jsonl"; }

 private:
  fs::path path_;
  std::set<std::string> taken_ = {"predictions"};
};

fs::path with_extension(const fs::path& stem, const std::string& extension) {
  return stem.string() + extension;
}

void write_picture(const fs::path& path, const cv::Mat& rgb) {
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  std::vector<uint8_t> bytes;
  cv::imencode(path.extension().string(), bgr, bytes);
  write_file(path, std::string(bytes.begin(), bytes.end()));
}

/// Masks are too large for JSON: a PNG of class indices beside, scaled to 0 ... 255 where there are
/// two classes.
void write_masks(const LoadedModel& loaded, const Predictions& predictions, const fs::path& stem,
                 nlohmann::json& json) {
  for (const auto& [name, label] : predictions) {
    const auto* mask = std::get_if<data::Mask>(&label);
    if (!mask) continue;
    size_t classes = 2;
    for (const auto& [task, options] : loaded.job.tasks) {
      if (task == name) classes = options.task->label().classes.size();
    }
    const cv::Mat stored = classes == 2 ? cv::Mat(mask->frames.at(0) * 255) : mask->frames.at(0);
    std::vector<uint8_t> bytes;
    cv::imencode(".png", stored, bytes);
    const auto path = with_extension(stem, "." + name + ".png");
    write_file(path, std::string(bytes.begin(), bytes.end()));
    json[name]["mask"] = path.filename().string();
  }
}

nlohmann::json predict_picture(const LoadedModel& loaded, const fs::path& path, OutputFolder& out) {
  const auto rgb = read_picture(path);
  const auto predictions = predict(loaded, rgb);
  const auto stem = out.stem(path);
  const auto drawn = with_extension(stem, ".jpg");
  write_picture(drawn, overlay(loaded, rgb, predictions));
  auto tasks = as_json(loaded, predictions);
  write_masks(loaded, predictions, stem, tasks);
  return {{"file", path.string()}, {"overlay", drawn.filename().string()}, {"tasks", tasks}};
}

/// Writes the video with overlays and a line of results for each frame, which are kept if it ends
/// early.
nlohmann::json predict_video(const LoadedModel& loaded, const fs::path& path, OutputFolder& out) {
  cv::VideoCapture video(path.string());
  if (!video.isOpened()) throw UserError(path.string() + ": OpenCV cannot open this video");
  const double rate = video.get(cv::CAP_PROP_FPS) > 0 ? video.get(cv::CAP_PROP_FPS) : 25;
  const auto expected = static_cast<int64_t>(video.get(cv::CAP_PROP_FRAME_COUNT));
  const auto stem = out.stem(path);
  const auto drawn = with_extension(stem, ".avi");
  const auto results_path = with_extension(stem, ".jsonl");
  std::ofstream results(results_path);
  cv::VideoWriter writer;
  report::Progress progress(path.filename().string(), std::max<int64_t>(expected, 1));
  int64_t count = 0;
  for (cv::Mat bgr, rgb; video.read(bgr); ++count) {
    cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
    const auto predictions = predict(loaded, rgb);
    if (!writer.isOpened() &&
        !writer.open(drawn.string(), cv::VideoWriter::fourcc('M', 'J', 'P', 'G'), rate,
                     bgr.size())) {
      throw UserError("cannot write video " + drawn.string());
    }
    cv::cvtColor(overlay(loaded, rgb, predictions), bgr, cv::COLOR_RGB2BGR);
    writer.write(bgr);
    results << nlohmann::json{{"frame", count}, {"tasks", as_json(loaded, predictions)}}.dump()
            << '\n'
            << std::flush;
    if (!results) throw UserError("cannot write " + results_path.string());
    progress.step(1, 0);
  }
  progress.finish();
  if (count == 0) throw UserError(path.string() + ": no frame could be read");
  if (count < expected) {
    throw UserError(path.string() + " ends after " + std::to_string(count) + " of " +
                    std::to_string(expected) + " frames; what was read is in " + drawn.string());
  }
  return {{"file", path.string()},
          {"overlay", drawn.filename().string()},
          {"frames", count},
          {"results", results_path.filename().string()}};
}

}  // namespace

int run_predict(const std::vector<std::string>& arguments) {
  po::options_description own;
  own.add_options()("out", po::value<std::string>()->default_value("predictions"),
                    "folder of what is written");
  const auto line = parse_model_line(
      "predict", "MODEL PICTURE|FOLDER|VIDEO... [options] [overrides]", arguments, own);
  if (line.help) return 0;
  const auto inputs = inputs_of(line.paths);
  const auto loaded = load_model(line.model, line.overrides);
  OutputFolder out(line.options["out"].as<std::string>());
  std::string lines;
  int64_t failed = 0;
  for (const auto& path : inputs) {
    try {
      lines +=
          (is_video(path) ? predict_video(loaded, path, out) : predict_picture(loaded, path, out))
              .dump() +
          "\n";
    } catch (const UserError& error) {
      std::fprintf(stderr, "manyfold: %s\n", error.what());
      lines += nlohmann::json{{"file", path.string()}, {"error", error.what()}}.dump() + "\n";
      ++failed;
    }
  }
  write_file(out.results(), lines);
  std::printf("%zu inputs, %lld failed; results in %s\n", inputs.size(),
              static_cast<long long>(failed), out.results().parent_path().c_str());
  return failed == 0 ? 0 : 1;
}

}  // namespace manyfold::cli
