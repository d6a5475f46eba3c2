#include "cli/run_export.h"

#include <ATen/Parallel.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>

#include "common/error.h"
#include "train/forward.h"

namespace manyfold::cli {
namespace {

using torch::Tensor;

/// Up to `count` pictures, in equal parts from every validation set, each as a batch of one: uint8
/// [1, 3, H, W].
std::vector<std::map<std::string, Tensor>> example_pictures(train::ValidationData& data,
                                                            int64_t count) {
  std::vector<std::map<std::string, Tensor>> examples;
  const auto sets = static_cast<int64_t>(data.sources.size());
  for (int64_t s = 0; s < sets; ++s) {
    int64_t wanted = (count * (s + 1)) / sets - (count * s) / sets;
    const auto loader = data::evaluation_loader(*data.sources[static_cast<size_t>(s)], data.options,
                                                data.specs, data.bad_files);
    for (auto batch = loader->next(); batch && wanted > 0; batch = loader->next()) {
      for (int64_t row = 0; row < batch->size() && wanted > 0; ++row, --wanted) {
        examples.push_back(
            {{"pictures", batch->pictures[row].clone()}});  // [1, 3, H, W]: the frame is the batch
      }
    }
  }
  return examples;
}

nlohmann::json manifest_of(const JobOptions& job, const std::string& config) {
  nlohmann::json tasks = nlohmann::json::object();
  for (const auto& [name, options] : job.tasks) tasks[name] = options.task->describe();
  return {{"tasks", tasks},
          {"encoder", job.model.encoder},
          {"input_layout", "NCHW"},
          {"input_colours", "RGB"},
          {"input_fit", job.data.fit},
          {"normalisation", "inside the graph: pictures are uint8 as they come from the camera"},
          {"config", config}};
}

/// Figures of both runtimes side by side, and how far they are apart.
nlohmann::json compare_figures(const train::Evaluation& torch, const train::Evaluation& runtime) {
  const auto left = torch.flat(), right = runtime.flat();
  nlohmann::json figures = nlohmann::json::object();
  double largest = 0;
  for (const auto& [name, value] : left) {
    const auto found = right.find(name);
    if (found == right.end()) continue;
    figures[name] = {{"libtorch", value}, {"onnxruntime", found->second}};
    largest = std::max(largest, std::abs(value - found->second));
  }
  return {{"figures", figures}, {"largest_difference", largest}};
}

}  // namespace

train::Predictor predictor(const exporters::Session& session, const train::Tasks& tasks) {
  std::vector<std::string> names;
  for (const auto& output : session.outputs()) names.push_back(output.name);
  std::map<std::string, std::vector<std::string>> names_of;  // by task
  for (const auto& [task, options] : tasks) {
    for (const auto& name : names) {
      if (name == task || name.rfind(task + ".", 0) == 0) names_of[task].push_back(name);
    }
    if (names_of[task].empty()) {
      throw UserError("the exported model has no output for task '" + task + "'" +
                      known_names(task, names));
    }
  }
  const bool one_by_one = session.inputs().at(0).shape.at(0) == 1;
  return [&session, names_of, one_by_one](const Tensor& pictures) {
    models::Outputs outputs;
    const auto rows = pictures.contiguous();
    std::map<std::string, std::vector<Tensor>> parts;
    for (const auto& chunk : one_by_one ? rows.split(1) : std::vector<Tensor>{rows}) {
      for (auto& [name, tensor] : session.run({{"pictures", chunk}})) parts[name].push_back(tensor);
    }
    for (const auto& [task, outputs_of] : names_of) {
      for (const auto& name : outputs_of) outputs[task].push_back(torch::cat(parts.at(name)));
    }
    return outputs;
  };
}

void export_run(const JobOptions& job, const std::string& config, models::MultiTaskModel model,
                train::ValidationData& validation, const train::Evaluation& evaluation,
                const std::filesystem::path& folder) {
  model->to(torch::kCPU);
  const auto graph = train::trace_model(model, job.data.network_size());
  auto examples = example_pictures(validation, job.exporting.pictures);
  if (examples.empty())
    throw UserError("export: data.validation has no pictures to verify the model on");

  exporters::PackageOptions options;
  options.opset = static_cast<int>(job.exporting.opset);
  if (job.exporting.batch == "static") options.batch = 1;
  options.tolerance = job.exporting.tolerance;
  options.threads = at::get_num_threads();
  options.name = job.run.name;
  options.half = job.exporting.half;
  options.manifest = manifest_of(job, config);
  options.measure = [&](const exporters::Session& session) {
    return compare_figures(evaluation,
                           train::evaluate(predictor(session, job.tasks), job.tasks, validation));
  };
  const auto verification = exporters::export_package(folder, graph, examples, options);
  spdlog::info("exported to {}; {} beside LibTorch on {} pictures:\n{}", folder.string(),
               verification.runtime, verification.samples, verification.text());
}

}  // namespace manyfold::cli
