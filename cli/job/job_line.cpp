#include "cli/job/job_line.h"

#include <algorithm>
#include <iostream>
#include <sstream>

#include "cli/options.h"
#include "common/config/override.h"
#include "common/config/sweep.h"
#include "common/config/yaml_writer.h"
#include "common/error.h"

namespace manyfold::cli {
namespace {

namespace po = boost::program_options;
namespace fs = std::filesystem;

po::options_description job_options(const std::string& default_config_name, Sweeps sweeps) {
  po::options_description options("Options");
  options.add_options()("help,h", "print this")(
      "config-name,n", po::value<std::string>()->default_value(default_config_name),
      "the primary config")(
      "config-dir,d", po::value<std::string>(),
      "a folder of configs, searched before those that come with the program")(
      "cfg,c", po::value<std::string>(), "'job': print the composed config and do not run")(
      "resolve", "with --cfg: follow interpolations")(
      "info,i", po::value<std::string>(),
      "'defaults': print the defaults list; 'config': where configs are searched");
  if (sweeps == Sweeps::allowed) {
    options.add_options()("multirun,m", "run every combination of the sweeps in the overrides");
  }
  return options;
}

std::string word(const po::variables_map& map, const char* option,
                 const std::vector<std::string>& allowed) {
  if (!map.count(option)) return "";
  const auto text = map[option].as<std::string>();
  for (const auto& one : allowed) {
    if (text == one) return text;
  }
  throw ConfigError(std::string("--") + option + " " + text + ": unknown" +
                    known_names(text, allowed));
}

/// `manyfold train real`: the commonest slip of those who do not know Hydra yet.
void refuse_config_names(const std::vector<std::string>& overrides,
                         const config::Repository& repository) {
  const auto configs = repository.options("");
  for (const auto& override : overrides) {
    if (std::find(configs.begin(), configs.end(), override) == configs.end()) continue;
    throw ConfigError("'" + override + "' is a config, not an override: --config-name " + override);
  }
}

void print_defaults(const JobLine& line) {
  std::cout << "Defaults list, in the order of merging:\n";
  for (const auto& item : compose(line).defaults) {
    if (item.config_path.rfind("hydra/", 0) == 0) continue;
    std::cout << "  " << item.config_path << " -> "
              << (item.package.empty() ? "_global_" : item.package);
    if (!item.parent.empty()) std::cout << "  (from " << item.parent << ")";
    std::cout << (item.is_self ? "  (_self_)" : "") << "\n";
  }
}

void print_search(const JobLine& line) {
  std::cout << "Primary config: " << line.config_name << "\nSearched in:\n";
  for (const auto& folder : search_folders(line)) std::cout << "  " << folder.path.string() << "\n";
}

}  // namespace

JobLine parse_job_line(const std::string& command, const std::vector<std::string>& arguments,
                       const std::string& default_config_name, Sweeps sweeps,
                       const po::options_description& own) {
  auto options = job_options(default_config_name, sweeps);
  for (const auto& option : own.options()) options.add(option);
  auto parsed = parse_options(arguments, options);
  JobLine line;
  line.options = std::move(parsed.options);
  line.overrides = std::move(parsed.words);
  std::ostringstream usage;
  usage << "manyfold " << command << " [options] [overrides]\n\n" << options;
  line.usage = usage.str();
  line.help = line.options.count("help") > 0;
  line.config_name = line.options["config-name"].as<std::string>();
  if (line.options.count("config-dir"))
    line.config_dir = line.options["config-dir"].as<std::string>();
  line.multirun = line.options.count("multirun") > 0;
  line.resolve = line.options.count("resolve") > 0;
  line.show_config = word(line.options, "cfg", {"job"});
  line.show_info = word(line.options, "info", {"config", "defaults"});
  return line;
}

fs::path shipped_configs() {
  const fs::path program = fs::read_symlink("/proc/self/exe").parent_path();
  const std::vector<fs::path> places = {program / "../share/manyfold/configs",
                                        program / "../../configs"};
  for (const auto& place : places) {
    if (fs::is_directory(place)) return fs::weakly_canonical(place);
  }
  throw ConfigError("there are no configs beside the program, neither in " +
                    places[0].lexically_normal().string() + " nor in " +
                    places[1].lexically_normal().string() + "; name a folder with --config-dir");
}

std::vector<config::SearchFolder> search_folders(const JobLine& line) {
  if (line.config_dir.empty()) return {{shipped_configs(), false}};
  std::vector<config::SearchFolder> folders = {{line.config_dir, false}};
  try {
    folders.push_back({shipped_configs(), true});
  } catch (const ConfigError&) {
    // A folder was named; that will do.
  }
  return folders;
}

config::Composed compose(const JobLine& line) { return compose(line, line.overrides); }

config::Composed compose(const JobLine& line, const std::vector<std::string>& overrides) {
  const auto folders = search_folders(line);
  refuse_config_names(overrides, config::Repository(folders));
  return config::compose({folders, line.config_name, overrides});
}

std::vector<std::vector<std::string>> runs(const JobLine& line) {
  if (!line.multirun) return {line.overrides};
  return config::expand_sweep(line.overrides, config::Repository(search_folders(line)));
}

std::string run_folder(const JobLine& line) {
  for (const auto& override : line.overrides) {
    const auto parsed = config::parse_override(override);
    if (parsed.key == "run.dir") return parsed.config_value().text();
  }
  const auto config = compose(line).config;  // other keys may still be missing
  const auto* run = config.find("run");
  const auto* dir = run ? run->find("dir") : nullptr;
  return dir ? dir->text() : "";
}

bool show_instead_of_running(const JobLine& line) {
  if (line.help) {
    std::cout << line.usage;
  } else if (line.show_info == "defaults") {
    print_defaults(line);
  } else if (line.show_info == "config") {
    print_search(line);
  } else if (!line.show_config.empty()) {
    for (const auto& overrides : runs(line)) {
      const auto composed = compose(line, overrides);
      if (line.multirun) std::cout << "---\n";
      std::cout << config::to_yaml(line.resolve ? composed.resolved() : composed.config);
    }
  } else {
    return false;
  }
  return true;
}

}  // namespace manyfold::cli
