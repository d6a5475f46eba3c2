#include "cli/job/model_line.h"

#include <cstdio>
#include <sstream>

#include "cli/options.h"
#include "common/error.h"

namespace manyfold::cli {
namespace {

namespace po = boost::program_options;

/// A file of this name is meant as the file.
bool is_override(const std::string& word) {
  const bool looks_so =
      word.find('=') != std::string::npos || word.front() == '~' || word.front() == '+';
  return looks_so && !std::filesystem::exists(word);
}

}  // namespace

ModelLine parse_model_line(const std::string& command, const std::string& synopsis,
                           const std::vector<std::string>& arguments,
                           const po::options_description& own) {
  po::options_description options("Options");
  options.add_options()("help,h", "print this")(
      "model", po::value<std::string>(),
      "a run's folder, a checkpoint, an exported package or its model.onnx");
  options.add(own);
  const auto parsed = parse_options(arguments, options);
  ModelLine line;
  line.options = parsed.options;
  if (line.options.count("help")) {
    std::ostringstream text;
    text << "manyfold " << command << " " << synopsis << "\n\n" << options;
    std::fputs(text.str().c_str(), stdout);
    line.help = true;
    return line;
  }
  for (const auto& word : parsed.words) {
    if (word.empty()) throw ConfigError("an empty word is neither a path nor an override");
    (is_override(word) ? line.overrides : line.paths).push_back(word);
  }
  if (line.options.count("model")) {
    line.model = line.options["model"].as<std::string>();
  } else if (!line.paths.empty()) {
    line.model = line.paths.front();
    line.paths.erase(line.paths.begin());
  } else {
    throw ConfigError("name a model: manyfold " + command + " " + synopsis);
  }
  return line;
}

void refuse_paths(const ModelLine& line) {
  if (line.paths.empty()) return;
  throw ConfigError(
      "'" + line.paths.front() + "' is neither an option nor an override " +
      "(key=value, +key=value, ~key), and the model is named already: " + line.model.string());
}

}  // namespace manyfold::cli
