#pragma once

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>
#include <string>
#include <vector>

namespace manyfold::cli {

/// A command line taken apart.
struct Line {
  boost::program_options::variables_map options;
  std::vector<std::string> words;  // what is no option
};

/// Parses options and words in any order; `--` ends the options. Names of options are never
/// guessed: a `--config` would mean --config-name today and something else tomorrow. Throws
/// ConfigError for an unknown option, with the nearest one.
Line parse_options(const std::vector<std::string>& arguments,
                   const boost::program_options::options_description& options);

}  // namespace manyfold::cli
