#include "cli/pretrain/probe.h"

#include <spdlog/spdlog.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/config.h"
#include "cli/job/build_model.h"
#include "cli/job/encoder_init.h"
#include "cli/job/job_line.h"
#include "cli/pretrain/pretrain_options.h"
#include "common/atomic_file.h"
#include "common/config/reader.h"
#include "pretrain/embed.h"

namespace manyfold::cli {
namespace {

namespace po = boost::program_options;

nlohmann::json as_json(const ProbeJob& job, const Probe& probe,
                       const std::vector<ProbeFigures>& all) {
  nlohmann::json sets = nlohmann::json::array();
  for (const auto& each : all) {
    sets.push_back({{"set", each.set},
                    {"pictures", each.pictures},
                    {"knn", each.knn},
                    {"linear", each.linear}});
  }
  return {{"encoder", job.encoder.init.empty() ? "random" : job.encoder.init},
          {"seed", job.seed},
          {"bank", probe.bank_size()},
          {"neighbours", job.probe.neighbours},
          {"sets", sets}};
}

void print_table(const nlohmann::json& figures) {
  std::printf("encoder: %s; classes known from %lld pictures\n\n%-20s %8s %8s %8s\n",
              figures["encoder"].get<std::string>().c_str(),
              static_cast<long long>(figures["bank"].get<int64_t>()), "set", "pictures", "k-NN",
              "linear");
  for (const auto& set : figures["sets"]) {
    std::printf("%-20s %8lld %8.4f %8.4f\n", set["set"].get<std::string>().c_str(),
                static_cast<long long>(set["pictures"].get<int64_t>()), set["knn"].get<double>(),
                set["linear"].get<double>());
  }
}

}  // namespace

int run_probe(const std::vector<std::string>& arguments) {
  po::options_description own;
  own.add_options()("out", po::value<std::string>(), "also write the figures as JSON to a file");
  const auto line = parse_job_line("probe", arguments, "probe", Sweeps::refused, own);
  if (show_instead_of_running(line)) {
    const auto fields = [](config::Fields& f) { ProbeJob().fields(f); };
    if (line.help) std::printf("\nKeys:\n%s", doc_text(fields, "").c_str());
    return 0;
  }
  const auto job = config::read<ProbeJob>(compose(line).resolved());
  const auto device = prepare_compute(job.run);
  auto model = build_encoder(job.model, static_cast<uint64_t>(job.seed), device);
  if (job.encoder.init.empty()) {
    spdlog::warn("encoder.init is empty: this probes random weights (seed {})", job.seed);
  } else {
    load_encoder(job.encoder, model);
  }
  Probe probe(job.probe);
  const auto measured =
      probe.measure([&](const at::Tensor& pictures) { return pretrain::embed(model, pictures); },
                    /*linear=*/true);
  const auto figures = as_json(job, probe, measured);
  print_table(figures);
  if (line.options.count("out"))
    write_file(line.options["out"].as<std::string>(), figures.dump(2) + "\n");
  return 0;
}

}  // namespace manyfold::cli
