#include "cli/data.h"

#include <cstdio>
#include <thread>

#include "cli/data_anchors.h"
#include "cli/job/job_line.h"
#include "cli/job/job_options.h"
#include "common/config/reader.h"
#include "common/error.h"
#include "data/check.h"

namespace manyfold::cli {
namespace {

namespace po = boost::program_options;

/// `manyfold data check`: reads every set of a job completely.
int check(const std::vector<std::string>& arguments) {
  po::options_description own;
  own.add_options()("json", "print JSON")("scenes", po::value<int64_t>()->default_value(200),
                                          "how many of endless synthetic scenes are read; of drawn "
                                          "clips, as many as hold so many frames");
  const auto line = parse_job_line("data check", arguments, "real", Sweeps::refused, own);
  if (show_instead_of_running(line)) return 0;
  const auto job = config::read<JobOptions>(compose(line).resolved());
  const auto threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  const auto report = data::check_data(job.data, train::label_specs(job.tasks), threads,
                                       line.options["scenes"].as<int64_t>());
  std::fputs((line.options.count("json") ? report.json() + "\n" : report.text()).c_str(), stdout);
  return report.ok() ? 0 : 1;
}

}  // namespace

int run_data(const std::vector<std::string>& arguments) {
  const std::string action = arguments.empty() ? "" : arguments.front();
  if (action == "anchors") return run_data_anchors({arguments.begin() + 1, arguments.end()});
  if (action == "check") return check({arguments.begin() + 1, arguments.end()});
  if (action == "--help" || action == "-h") {
    std::puts(
        "manyfold data check [options] [overrides]\n\nReads every set of a job completely and "
        "reports what is in it.\n\n"
        "manyfold data anchors [options] [overrides]\n\nFinds the anchors that suit the boxes of a "
        "job's training sets.");
    return 0;
  }
  throw ConfigError("unknown command 'data " + action + "'" +
                    known_names(action, {"anchors", "check"}));
}

}  // namespace manyfold::cli
