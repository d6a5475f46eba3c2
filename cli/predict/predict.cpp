#include "cli/predict/predict.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <set>

#include "cli/job/load_model.h"
#include "cli/job/model_line.h"
#include "cli/predict/picture_files.h"
#include "cli/predict/predict_video.h"
#include "cli/predict/predictions.h"
#include "cli/predict/stream.h"
#include "common/atomic_file.h"
#include "common/error.h"
#include "train/signals.h"

namespace manyfold::cli {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

/// Files and cameras as given, and the pictures of folders that are no clips, sorted.
std::vector<fs::path> inputs_of(const std::vector<std::string>& paths, bool clips) {
  std::vector<fs::path> inputs;
  for (const fs::path path : paths) {
    if (clips || !fs::is_directory(path)) {
      inputs.push_back(path);
      continue;
    }
    const auto found = pictures_below(path);
    inputs.insert(inputs.end(), found.begin(), found.end());
  }
  if (inputs.empty())
    throw ConfigError("name pictures, folders, videos or cameras (camera:0) behind the model");
  return inputs;
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
    const cv::Mat stored = classes == 2 ? cv::Mat(mask->classes * 255) : mask->classes;
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
  refuse_overwriting(path, drawn);
  write_picture(drawn, overlay(loaded, rgb, predictions));
  auto tasks = as_json(loaded, predictions);
  write_masks(loaded, predictions, stem, tasks);
  return {{"file", path.string()}, {"overlay", drawn.filename().string()}, {"tasks", tasks}};
}

/// predictions.jsonl, line by line: what was done stays when the rest is not.
class ResultLines {
 public:
  explicit ResultLines(fs::path path) : path_(std::move(path)), file_(path_) {}

  void add(const nlohmann::json& line) {
    file_ << line.dump() << '\n' << std::flush;
    if (!file_) throw UserError("cannot write " + path_.string());
  }

 private:
  fs::path path_;
  std::ofstream file_;
};

/// Runs the model on the inputs, one after the other, until a signal stops it. Returns the exit
/// code.
int predict_all(const LoadedModel& loaded, const std::vector<fs::path>& inputs, int64_t frames,
                OutputFolder& out) {
  ResultLines lines(out.results());
  const bool remembers = loaded.job.model.temporal.type != "none";
  if (remembers && std::count_if(inputs.begin(), inputs.end(), is_stream) + 1 <
                       static_cast<int64_t>(inputs.size()))
    spdlog::warn(
        "pictures are seen one by one, each from an empty memory; a video takes it along, and with "
        "--clips a folder of numbered frames");
  const train::StopSignals signals;
  size_t done = 0, failed = 0;
  for (; done < inputs.size() && train::StopSignals::received() == 0; ++done) {
    const auto& path = inputs[done];
    nlohmann::json result;
    try {
      result = is_stream(path) ? predict_video(loaded, path, out, frames)
                               : predict_picture(loaded, path, out);
    } catch (const UserError& error) {
      std::fprintf(stderr, "manyfold: %s\n", error.what());
      result = {{"file", path.string()}, {"error", error.what()}};
      ++failed;
    }
    lines.add(result);
  }
  const auto folder = out.results().parent_path();
  if (const int signal = train::StopSignals::received()) {
    std::printf("stopped by signal %d after %zu of %zu inputs, %zu failed; results in %s\n", signal,
                done, inputs.size(), failed, folder.c_str());
    return 128 + signal;
  }
  std::printf("%zu inputs, %zu failed; results in %s\n", inputs.size(), failed, folder.c_str());
  return failed == 0 ? 0 : 1;
}

}  // namespace

int run_predict(const std::vector<std::string>& arguments) {
  po::options_description own;
  own.add_options()("out", po::value<std::string>()->default_value("predictions"),
                    "folder of what is written")(
      "frames", po::value<int64_t>()->default_value(0),
      "of a video or camera, stop after so many; 0: at its end")(
      "clips", "a folder is a clip of numbered frames: seen in order, written as a video");
  const auto line = parse_model_line(
      "predict", "MODEL PICTURE|FOLDER|VIDEO|camera:N... [options] [overrides]", arguments, own);
  if (line.help) return 0;
  const auto inputs = inputs_of(line.paths, line.options.count("clips") > 0);
  const auto frames = line.options["frames"].as<int64_t>();
  if (frames < 0) throw ConfigError("--frames must be 0 or more");
  const fs::path folder = line.options["out"].as<std::string>();
  refuse_file(folder);
  const auto loaded = load_model(line.model, line.overrides);
  OutputFolder out(folder);
  return predict_all(loaded, inputs, frames, out);
}

}  // namespace manyfold::cli
