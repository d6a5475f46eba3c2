#pragma once

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "common/config/compose.h"

namespace manyfold::cli {

/// What stands behind `manyfold train`, `evaluate`, `export`...: which config, and its overrides.
struct JobLine {
  std::string config_name;
  std::filesystem::path config_dir;  // empty: the configs that come with the program only
  std::vector<std::string> overrides;
  bool multirun = false;
  bool help = false;        // print `usage` and end
  std::string show_config;  // of --cfg: "job", or "" to run
  std::string show_info;    // of --info: "defaults", "config" or ""
  bool resolve = false;     // with --cfg: follow interpolations
  std::string usage;
  /// Options of the command's own.
  boost::program_options::variables_map options;
};

/// Whether a command takes --multirun.
enum class Sweeps { refused, allowed };

/// Parses options and overrides as parse_options does. `own` are further options of the command,
/// read from `JobLine::options`.
JobLine parse_job_line(const std::string& command, const std::vector<std::string>& arguments,
                       const std::string& default_config_name, Sweeps sweeps,
                       const boost::program_options::options_description& own = {});

/// run.dir as the line gives it, by an override or in its config; empty without.
std::string run_folder(const JobLine& line);

/// Where configs are looked for: --config-dir, then the configs that come with the program.
std::vector<config::SearchFolder> search_folders(const JobLine& line);

/// Composes the line's config with `overrides`, by default the line's own.
config::Composed compose(const JobLine& line);
config::Composed compose(const JobLine& line, const std::vector<std::string>& overrides);

/// The override lists of the runs that --multirun asks for; the line's own list without it.
std::vector<std::vector<std::string>> runs(const JobLine& line);

/// Prints what --help, --cfg and --info ask for. True when there was such an option, and nothing is
/// to be run.
bool show_instead_of_running(const JobLine& line);

/// The folder of the configs that come with the program: beside an installed one in
/// share/manyfold/configs, or that of the source tree. Throws ConfigError when there is none.
std::filesystem::path shipped_configs();

}  // namespace manyfold::cli
