#include "cli/job_line.h"

#include <boost/program_options/parsers.hpp>
#include <boost/program_options/positional_options.hpp>
#include <iostream>
#include <optional>
#include <sstream>

#include "common/config/sweep.h"
#include "common/config/yaml_writer.h"
#include "common/error.h"

namespace manyfold::cli {
namespace {

namespace po = boost::program_options;
namespace fs = std::filesystem;

po::options_description job_options(const std::string& default_config_name) {
  po::options_description options("Options");
  options.add_options()("help,h", "print this")(
      "config-name,n", po::value<std::string>()->default_value(default_config_name),
      "the primary config")(
      "config-dir,d", po::value<std::string>(),
      "a folder of configs, searched before those that come with the program")(
      "multirun,m", "run every combination of the sweeps in the overrides")(
      "cfg,c", po::value<std::string>(), "'job': print the composed config and do not run")(
      "resolve", "with --cfg: follow interpolations")(
      "info,i", po::value<std::string>(),
      "'defaults': print the defaults list; 'config': where configs are searched");
  return options;
}

std::vector<std::string> long_names(const po::options_description& options) {
  std::vector<std::string> names;
  for (const auto& option : options.options()) names.push_back("--" + option->long_name());
  return names;
}

po::variables_map parse(const std::vector<std::string>& arguments,
                        const po::options_description& options) {
  po::options_description all;
  all.add(options).add_options()("overrides", po::value<std::vector<std::string>>());
  po::positional_options_description positional;
  positional.add("overrides", -1);
  po::variables_map map;
  try {
    // A guessed `--config` would be --config-name today and something else tomorrow.
    const int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
    po::store(
        po::command_line_parser(arguments).options(all).positional(positional).style(style).run(),
        map);
    po::notify(map);
  } catch (const po::unknown_option& error) {
    throw ConfigError("unknown option '" + error.get_option_name() + "'" +
                      known_names(error.get_option_name(), long_names(options)));
  } catch (const po::error& error) {
    throw ConfigError(error.what());
  }
  return map;
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
                       const std::string& default_config_name, const po::options_description& own) {
  auto options = job_options(default_config_name);
  for (const auto& option : own.options()) options.add(option);
  JobLine line;
  line.options = parse(arguments, options);
  std::ostringstream usage;
  usage << "manyfold " << command << " [options] [overrides]\n\n" << options;
  line.usage = usage.str();
  line.help = line.options.count("help") > 0;
  line.config_name = line.options["config-name"].as<std::string>();
  if (line.options.count("config-dir"))
    line.config_dir = line.options["config-dir"].as<std::string>();
  if (line.options.count("overrides")) {
    line.overrides = line.options["overrides"].as<std::vector<std::string>>();
  }
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
  return config::compose({search_folders(line), line.config_name, overrides, false});
}

std::vector<std::vector<std::string>> runs(const JobLine& line) {
  if (!line.multirun) return {line.overrides};
  return config::expand_sweep(line.overrides, config::Repository(search_folders(line)));
}

bool show_instead_of_running(const JobLine& line) {
  if (line.help) {
    std::cout << line.usage;
  } else if (line.show_info == "defaults") {
    print_defaults(line);
  } else if (line.show_info == "config") {
    print_search(line);
  } else if (!line.show_config.empty()) {
    const auto composed = compose(line);
    std::cout << config::to_yaml(line.resolve ? composed.resolved() : composed.config);
  } else {
    return false;
  }
  return true;
}

}  // namespace manyfold::cli
