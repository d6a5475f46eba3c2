#include "cli/options.h"

#include <boost/program_options/parsers.hpp>
#include <boost/program_options/positional_options.hpp>

#include "common/error.h"

namespace manyfold::cli {
namespace {

namespace po = boost::program_options;

std::vector<std::string> long_names(const po::options_description& options) {
  std::vector<std::string> names;
  for (const auto& option : options.options()) names.push_back("--" + option->long_name());
  return names;
}

}  // namespace

Line parse_options(const std::vector<std::string>& arguments,
                   const po::options_description& options) {
  po::options_description all;
  all.add(options).add_options()("words", po::value<std::vector<std::string>>());
  const auto positional = po::positional_options_description().add("words", -1);
  const int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
  Line line;
  try {
    po::store(
        po::command_line_parser(arguments).options(all).positional(positional).style(style).run(),
        line.options);
    po::notify(line.options);
  } catch (const po::unknown_option& error) {
    throw ConfigError("unknown option '" + error.get_option_name() + "'" +
                      known_names(error.get_option_name(), long_names(options)));
  } catch (const po::error& error) {
    throw ConfigError(error.what());
  }
  if (line.options.count("words"))
    line.words = line.options["words"].as<std::vector<std::string>>();
  return line;
}

}  // namespace manyfold::cli
