#include "cli/export.h"

#include <cstdio>

#include "cli/job/load_model.h"
#include "cli/job/model_line.h"
#include "cli/job/run_export.h"
#include "common/error.h"

namespace manyfold::cli {

namespace po = boost::program_options;

int run_export(const std::vector<std::string>& arguments) {
  po::options_description own;
  own.add_options()("out", po::value<std::string>(),
                    "folder of the package; default: export/ in the run's folder");
  const auto line = parse_model_line(
      "export", "RUN_OR_CHECKPOINT [options] [overrides, such as export.opset=17]", arguments, own);
  if (line.help) return 0;
  refuse_paths(line);
  const auto loaded = load_model(line.model, line.overrides);
  if (loaded.model.is_empty())
    throw UserError(line.model.string() + " is exported already; export needs a checkpoint");
  const bool in_run = std::filesystem::is_directory(line.model);
  if (!in_run && !line.options.count("out"))
    throw ConfigError("name the package's folder by --out");
  const auto folder = line.options.count("out")
                          ? std::filesystem::path(line.options["out"].as<std::string>())
                          : line.model / "export";
  train::ValidationData validation(loaded.job.data, train::label_specs(loaded.job.tasks));
  const auto evaluation = train::evaluate(loaded.predict, loaded.job.tasks, validation);
  JudgedModel judged{loaded.model, loaded.quantised.get(), loaded.predict,
                     evaluation,   loaded.calibrated_only, {}};
  judged.sensitivity = measure_sensitivity(loaded.job, judged, validation);
  export_run(loaded.job, loaded.config, judged, validation, folder);
  std::printf("%s\n", folder.c_str());
  return 0;
}

}  // namespace manyfold::cli
