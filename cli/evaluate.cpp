#include "cli/evaluate.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "cli/job/load_model.h"
#include "cli/job/model_line.h"
#include "common/atomic_file.h"

namespace manyfold::cli {
namespace {

namespace po = boost::program_options;

nlohmann::json as_json(const train::Evaluation& evaluation, const std::string& origin) {
  nlohmann::json sets = nlohmann::json::array();
  for (const auto& set : evaluation.sets) {
    nlohmann::json figures = nlohmann::json::object();
    for (const auto& figure : set.figures) {
      figures[figure.name] = {
          {"value", figure.value}, {"count", figure.count}, {"unit", figure.unit}};
    }
    sets.push_back(
        {{"set", set.set}, {"task", set.task}, {"figures", figures}, {"details", set.details}});
  }
  return {{"model", origin},
          {"score", evaluation.score},
          {"figures", evaluation.flat()},
          {"sets", sets}};
}

void print_table(const train::Evaluation& evaluation, const std::string& origin) {
  std::printf("%s\n", origin.c_str());
  size_t width = 0;
  for (const auto& set : evaluation.sets) {
    for (const auto& figure : set.figures) width = std::max(width, figure.name.size());
  }
  for (const auto& set : evaluation.sets) {
    std::printf("\n%s, %s\n", set.set.c_str(), set.task.c_str());
    for (const auto& figure : set.figures) {
      const auto value = std::isfinite(figure.value) ? fmt::format("{:.4f}", figure.value) : "-";
      fmt::print("  {:<{}} {:>8}   {} {}\n", figure.name, width, value, figure.count, figure.unit);
    }
  }
  std::printf("\nscore %.4f\n", evaluation.score);
}

}  // namespace

int run_evaluate(const std::vector<std::string>& arguments) {
  po::options_description own;
  own.add_options()("json", "print JSON, with confusion matrices and curves")(
      "out", po::value<std::string>(), "also write that JSON to a file");
  const auto line = parse_model_line(
      "evaluate", "MODEL [options] [overrides, such as data.root=PATH]", arguments, own);
  if (line.help) return 0;
  refuse_paths(line);
  const auto loaded = load_model(line.model, line.overrides);
  train::ValidationData validation(loaded.job.data, train::label_specs(loaded.job.tasks));
  const auto evaluation = train::evaluate(loaded.predict, loaded.job.tasks, validation);
  const auto json = as_json(evaluation, loaded.origin).dump(2) + "\n";
  if (line.options.count("out")) write_file(line.options["out"].as<std::string>(), json);
  if (line.options.count("json")) {
    std::fputs(json.c_str(), stdout);
  } else {
    print_table(evaluation, loaded.origin);
  }
  std::fputs(validation.bad_files.describe().c_str(), stderr);
  return 0;
}

}  // namespace manyfold::cli
