#pragma once

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>
#include <filesystem>
#include <string>
#include <vector>

namespace manyfold::cli {

/// What stands behind a command that uses a trained model: `manyfold evaluate runs/x
/// data.root=PATH`.
struct ModelLine {
  std::filesystem::path model;         // --model, or the first path
  std::vector<std::string> paths;      // words that are no overrides, without the model
  std::vector<std::string> overrides;  // key=value, +key=value, ~key
  boost::program_options::variables_map options;
  bool help = false;
};

/// Parses options, paths and overrides as parse_options does. `own`: further options of the
/// command; `synopsis` is printed for --help. Throws ConfigError for an unknown option or when no
/// model is named.
ModelLine parse_model_line(const std::string& command, const std::string& synopsis,
                           const std::vector<std::string>& arguments,
                           const boost::program_options::options_description& own = {});

/// For commands that take one model and nothing else. Throws ConfigError for a word that is neither
/// it nor an override.
void refuse_paths(const ModelLine& line);

}  // namespace manyfold::cli
