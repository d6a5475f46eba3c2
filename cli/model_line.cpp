#include "cli/model_line.h"

#include <boost/program_options/parsers.hpp>
#include <cstdio>
#include <sstream>

#include "common/error.h"

namespace manyfold::cli {
namespace {

namespace po = boost::program_options;

bool is_override(const std::string& word) {
  return word.find('=') != std::string::npos || word.front() == '~' || word.front() == '+';
}

}  // namespace

ModelLine parse_model_line(const std::string& command, const std::string& synopsis,
                           const std::vector<std::string>& arguments,
                           const po::options_description& own) {
  po::options_description shown("Options");
  shown.add_options()("model", po::value<std::string>(),
                      "a run's folder, a checkpoint, an exported package or its model.onnx")(
      "help", "print this");
  shown.add(own);
  po::options_description all;
  all.add(shown).add_options()("word", po::value<std::vector<std::string>>());
  ModelLine line;
  try {
    po::store(po::command_line_parser(arguments)
                  .options(all)
                  .positional(po::positional_options_description().add("word", -1))
                  .run(),
              line.options);
  } catch (const po::error& error) {
    throw ConfigError("manyfold " + command + ": " + error.what() + "; see manyfold " + command +
                      " --help");
  }
  if (line.options.count("help")) {
    std::ostringstream text;
    text << "manyfold " << command << " " << synopsis << "\n\n" << shown;
    std::fputs(text.str().c_str(), stdout);
    line.help = true;
    return line;
  }
  if (line.options.count("word")) {
    for (const auto& word : line.options["word"].as<std::vector<std::string>>()) {
      (is_override(word) ? line.overrides : line.paths).push_back(word);
    }
  }
  if (line.options.count("model")) {
    line.model = line.options["model"].as<std::string>();
  } else if (!line.paths.empty()) {
    line.model = line.paths.front();
    line.paths.erase(line.paths.begin());
  } else {
    throw ConfigError("manyfold " + command + ": name a model: " + synopsis);
  }
  return line;
}

}  // namespace manyfold::cli
