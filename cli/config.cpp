#include "cli/config.h"

#include <algorithm>
#include <iostream>

#include "cli/job/job_line.h"
#include "cli/job/job_options.h"
#include "cli/options.h"
#include "common/config/describer.h"
#include "common/config/json_writer.h"
#include "common/config/yaml_writer.h"
#include "common/error.h"

namespace manyfold::cli {
namespace {

namespace po = boost::program_options;

const char* const kUsage =
    "manyfold config show [options] [overrides]   print the composed config\n"
    "manyfold config list [GROUP]                 the options of a group of configs\n"
    "manyfold config doc [KEY]                    what a key means, and those below it\n\n"
    "'manyfold config show --help' lists the options.\n";

int show(const std::vector<std::string>& arguments) {
  po::options_description own;
  own.add_options()("json", "print JSON instead of YAML");
  const auto line = parse_job_line("config show", arguments, "quickstart", Sweeps::allowed, own);
  if (show_instead_of_running(line)) return 0;
  for (const auto& overrides : runs(line)) {
    const auto composed = compose(line, overrides);
    const auto config = line.resolve ? composed.resolved() : composed.config;
    if (line.multirun) std::cout << "---\n";
    if (line.options.count("json")) {
      std::cout << config::to_json(config, 2) << "\n";
    } else {
      std::cout << config::to_yaml(config);
    }
  }
  return 0;
}

/// Every group, nested ones with slashes.
void collect_groups(const config::Repository& repository, const std::string& parent,
                    std::vector<std::string>& groups) {
  for (const auto& name : repository.groups(parent)) {
    groups.push_back(parent.empty() ? name : parent + "/" + name);
    collect_groups(repository, groups.back(), groups);
  }
}

int list(const std::vector<std::string>& arguments) {
  po::options_description options("Options");
  options.add_options()("help,h", "print this")("config-dir,d", po::value<std::string>(),
                                                "a folder of configs, searched first");
  const auto parsed = parse_options(arguments, options);
  if (parsed.options.count("help")) {
    std::cout << "manyfold config list [options] [GROUP]\n\n" << options;
    return 0;
  }
  if (parsed.words.size() > 1) throw ConfigError("config list takes one group");
  const std::string group = parsed.words.empty() ? "" : parsed.words[0];
  JobLine line;
  if (parsed.options.count("config-dir"))
    line.config_dir = parsed.options["config-dir"].as<std::string>();
  const config::Repository repository(search_folders(line));
  std::vector<std::string> groups;
  collect_groups(repository, "", groups);
  if (!group.empty() && std::find(groups.begin(), groups.end(), group) == groups.end()) {
    throw ConfigError("there is no group '" + group + "'" + known_names(group, groups));
  }
  for (const auto& name : repository.groups(group)) std::cout << name << "/\n";
  for (const auto& name : repository.options(group)) std::cout << name << "\n";
  return 0;
}

int doc(const std::vector<std::string>& arguments) {
  if (arguments.size() > 1) throw ConfigError("config doc takes one key");
  if (!arguments.empty() && (arguments[0] == "--help" || arguments[0] == "-h")) {
    std::cout << kUsage;
    return 0;
  }
  const auto job = [](config::Fields& fields) { JobOptions().fields(fields); };
  std::cout << doc_text(job, arguments.empty() ? "" : arguments[0]);
  return 0;
}

}  // namespace

std::string doc_text(const std::function<void(config::Fields&)>& root, const std::string& key) {
  std::string text;
  for (const auto& doc : config::documentation(root, key)) text += config::to_text(doc);
  return text;
}

int run_config(const std::vector<std::string>& arguments) {
  const std::string action = arguments.empty() ? "--help" : arguments[0];
  const std::vector<std::string> rest(arguments.begin() + (arguments.empty() ? 0 : 1),
                                      arguments.end());
  if (action == "show") return show(rest);
  if (action == "list") return list(rest);
  if (action == "doc") return doc(rest);
  if (action != "--help" && action != "-h") {
    throw ConfigError("unknown command 'config " + action + "'" +
                      known_names(action, {"show", "list", "doc"}));
  }
  std::cout << kUsage;
  return arguments.empty() ? 2 : 0;
}

}  // namespace manyfold::cli
