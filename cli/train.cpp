#include "cli/train.h"

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/job_line.h"
#include "cli/training.h"
#include "common/atomic_file.h"
#include "common/config/reader.h"
#include "common/config/yaml_writer.h"
#include "common/error.h"
#include "train/run_folder.h"

namespace manyfold::cli {
namespace {

namespace po = boost::program_options;

TrainingRequest request_of(const JobLine& line, const std::vector<std::string>& overrides) {
  const auto composed = compose(line, overrides);
  TrainingRequest request;
  request.job = config::read<JobOptions>(composed.resolved());
  request.config = config::to_yaml(composed.config);
  request.overrides = overrides;
  request.resume = line.options.count("resume") > 0;
  return request;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

/// What became of one run of a sweep.
nlohmann::json run_of_sweep(TrainingRequest request, const std::filesystem::path& folder) {
  request.job.run.dir = folder.string();
  nlohmann::json row = {{"overrides", joined(request.overrides)}, {"folder", folder.string()}};
  try {
    const auto outcome = run_training(request);
    row["exit_code"] = outcome.exit_code;
    row["score"] = outcome.score;
    row["figures"] = outcome.figures;
  } catch (const UserError& error) {
    std::fprintf(stderr, "manyfold: %s: %s\n", folder.c_str(), error.what());
    row["exit_code"] = 1;
    row["error"] = error.what();
  }
  return row;
}

void print_summary(const nlohmann::json& rows) {
  std::printf("\n%-6s %-8s %s\n", "run", "score", "overrides");
  int number = 0;
  for (const auto& row : rows) {
    const auto score =
        row.contains("score") ? row["score"].dump().substr(0, 6) : std::string("failed");
    std::printf("%-6d %-8s %s\n", number++, score.c_str(),
                row["overrides"].get<std::string>().c_str());
  }
}

/// Each run in its own numbered folder; every config is read before the first one starts.
int sweep(const JobLine& line) {
  std::vector<TrainingRequest> requests;
  for (const auto& overrides : runs(line)) requests.push_back(request_of(line, overrides));
  const auto& run = requests.front().job.run;
  const auto base = train::new_run(run.dir, run.name).path;
  nlohmann::json rows = nlohmann::json::array();
  int exit_code = 0;
  for (size_t i = 0; i < requests.size(); ++i) {
    rows.push_back(run_of_sweep(requests[i], base / std::to_string(i)));
    const int code = rows.back()["exit_code"];
    if (code != 0) exit_code = code;
    write_file(base / "sweep.json", rows.dump(2) + "\n");
    if (code > 128) break;
  }
  print_summary(rows);
  std::printf("written to %s\n", (base / "sweep.json").c_str());
  return exit_code;
}

}  // namespace

int run_train(const std::vector<std::string>& arguments) {
  po::options_description own;
  own.add_options()("resume", "go on with the run in run.dir");
  const auto line = parse_job_line("train", arguments, "quickstart", own);
  if (show_instead_of_running(line)) return 0;
  if (line.multirun) return sweep(line);
  return run_training(request_of(line, line.overrides)).exit_code;
}

}  // namespace manyfold::cli
