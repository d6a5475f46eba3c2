#include "cli/train.h"

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/job/job_line.h"
#include "cli/job/replay_step.h"
#include "cli/job/resumed_run.h"
#include "cli/job/saved_job.h"
#include "cli/job/training.h"
#include "common/atomic_file.h"
#include "common/config/merge.h"
#include "common/config/reader.h"
#include "common/config/yaml_writer.h"
#include "common/error.h"
#include "train/run_folder.h"

namespace manyfold::cli {
namespace {

namespace po = boost::program_options;

/// A new run by the line's config. `folder`: of a run of a sweep, in place of run.dir.
TrainingRequest new_request(const JobLine& line, const std::vector<std::string>& overrides,
                            const std::string& folder = "") {
  auto composed = compose(line, overrides);
  for (auto* config : {&composed.config, &composed.job}) {
    if (!folder.empty()) config::place(*config, "run.dir", folder);
  }
  TrainingRequest request;
  request.job = config::read<JobOptions>(composed.resolved());
  request.config = config::to_yaml(composed.config);
  request.overrides = overrides;
  return request;
}

/// The run in `folder`, by the config it was started with; overrides that are new change it.
TrainingRequest resumed_request(const std::string& folder,
                                const std::vector<std::string>& overrides) {
  const auto run = resumed_run(folder, overrides);
  const auto saved = saved_job(run.config, run.folder.last().string(), run.changes);
  TrainingRequest request;
  request.resume = true;
  request.overrides = run.overrides;
  request.job = saved.job;
  request.job.run.dir = folder;  // it may have been moved
  request.config = saved.config;
  return request;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

/// What became of one run of a sweep.
nlohmann::json run_of_sweep(const TrainingRequest& request) {
  const auto& folder = request.job.run.dir;
  nlohmann::json row = {{"overrides", joined(request.overrides)}, {"folder", folder}};
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

/// The folder that the numbered ones of a sweep's runs stand in. Without --resume it must not hold
/// a sweep already.
std::filesystem::path sweep_folder(const JobLine& line, bool resume) {
  const auto run = config::read<JobOptions>(compose(line, runs(line).front()).resolved()).run;
  const auto base = train::new_run(run.dir, run.name).path;
  if (!resume && std::filesystem::exists(base / "sweep.json")) {
    throw UserError("run.dir = " + base.string() +
                    " holds a sweep already: go on with it by --resume, or name another folder");
  }
  return base;
}

/// Each run in its own numbered folder; every config is read before the first one starts.
int sweep(const JobLine& line, bool resume) {
  const auto base = sweep_folder(line, resume);
  std::vector<TrainingRequest> requests;
  for (const auto& overrides : runs(line)) {
    const train::RunFolder folder{base / std::to_string(requests.size())};
    requests.push_back(resume && std::filesystem::exists(folder.last())
                           ? resumed_request(folder.path.string(), overrides)
                           : new_request(line, overrides, folder.path.string()));
  }
  nlohmann::json rows = nlohmann::json::array();
  int exit_code = 0;
  for (const auto& request : requests) {
    rows.push_back(run_of_sweep(request));
    const int code = rows.back()["exit_code"];
    if (code != 0) exit_code = code;
    write_file(base / "sweep.json", rows.dump(2) + "\n");
    if (code > 128) break;
  }
  print_summary(rows);
  std::printf("written to %s\n", (base / "sweep.json").c_str());
  return exit_code;
}

void require_teachers(const JobLine& line) {
  for (const auto& overrides : runs(line)) {
    if (!config::read<JobOptions>(compose(line, overrides).resolved()).distill.teachers.empty())
      continue;
    throw ConfigError(
        "manyfold distill needs a teacher, and this config has none under distill.teachers: "
        "+distill.teachers.big.model=RUN +distill.losses.imitation.type=outputs");
  }
}

int run_job(const std::string& command, const std::string& default_config,
            const std::vector<std::string>& arguments) {
  po::options_description own;
  own.add_options()("resume",
                    "go on with the run in run.dir, by its own config; new overrides change it")(
      "replay", po::value<std::string>(),
      "run one step that a run skipped (RUN/skipped/step-*.safetensors) again, by its own config, "
      "and print where its numbers break; overrides change it");
  const auto line = parse_job_line(command, arguments, default_config, Sweeps::allowed, own);
  if (show_instead_of_running(line)) return 0;
  const bool resume = line.options.count("resume") > 0;
  if (line.options.count("replay")) {
    if (resume || line.multirun)
      throw ConfigError("--replay runs one step; leave --resume and --multirun out");
    replay_step(line.options["replay"].as<std::string>(), line.overrides);
    return 0;
  }
  if (command == "distill" && !resume) require_teachers(line);
  if (line.multirun) return sweep(line, resume);
  const auto request = resume ? resumed_request(run_folder(line), line.overrides)
                              : new_request(line, line.overrides);
  return run_training(request).exit_code;
}

}  // namespace

int run_train(const std::vector<std::string>& arguments) {
  return run_job("train", "quickstart", arguments);
}

int run_distill(const std::vector<std::string>& arguments) {
  return run_job("distill", "distill", arguments);
}

}  // namespace manyfold::cli
