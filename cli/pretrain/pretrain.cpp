#include "cli/pretrain/pretrain.h"

#include <cstdio>

#include "cli/config.h"
#include "cli/job/job_line.h"
#include "cli/job/resumed_run.h"
#include "cli/pretrain/pretraining.h"
#include "common/config/compose.h"
#include "common/config/reader.h"
#include "common/config/yaml_writer.h"

namespace manyfold::cli {
namespace {

namespace po = boost::program_options;

PretrainRequest request_of(const config::Composed& composed) {
  PretrainRequest request;
  request.job = config::read<PretrainJob>(composed.resolved());
  request.config = config::to_yaml(composed.config);
  return request;
}

PretrainRequest new_request(const JobLine& line) {
  auto request = request_of(compose(line));
  request.overrides = line.overrides;
  return request;
}

PretrainRequest resumed_request(const JobLine& line) {
  const auto folder = run_folder(line);
  const auto run = resumed_run(folder, line.overrides);
  auto request = request_of(
      config::recompose(run.config, "the config in " + run.folder.last().string(), run.changes));
  request.overrides = run.overrides;
  request.job.run.dir = folder;  // it may have been moved
  request.resume = true;
  return request;
}

}  // namespace

int run_pretrain(const std::vector<std::string>& arguments) {
  po::options_description own;
  own.add_options()("resume",
                    "go on with the run in run.dir, by its own config; new overrides change it");
  const auto line = parse_job_line("pretrain", arguments, "pretrain", Sweeps::refused, own);
  if (show_instead_of_running(line)) {
    const auto fields = [](config::Fields& f) { PretrainJob().fields(f); };
    if (line.help) std::printf("\nKeys:\n%s", doc_text(fields, "").c_str());
    return 0;
  }
  return run_pretraining(line.options.count("resume") ? resumed_request(line) : new_request(line));
}

}  // namespace manyfold::cli
