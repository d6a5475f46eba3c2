#include "cli/job/run_export.h"

#include <ATen/Parallel.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "cli/job/gate_keeper.h"
#include "common/error.h"
#include "data/loading/evaluation_loader.h"
#include "quantise/coverage.h"
#include "train/forward.h"
#include "train/tasks/detector_task.h"

namespace manyfold::cli {
namespace {

using torch::Tensor;

constexpr int64_t kLeastFrames = 64;  // that a model with memory is verified on: drift takes time

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

/// The pairs of a model with memory: an output is given to the model as an input with the next
/// frame.
std::vector<exporters::StatePair> states_of(const graph::Graph& graph) {
  std::vector<exporters::StatePair> states;
  for (const auto* input : graph.inputs()) {
    if (input->name.rfind(train::kStateIn, 0) != 0) continue;
    states.push_back({input->name, train::state_output(input->name)});
  }
  return states;
}

/// How the tasks that find objects finish their detections.
std::vector<exporters::DetectionOptions> detections_of(const JobOptions& job,
                                                       const graph::Graph& graph) {
  std::vector<exporters::DetectionOptions> all;
  for (const auto& [name, options] : job.tasks) {
    const auto task = std::dynamic_pointer_cast<const train::DetectorTask>(options.task);
    if (!task) continue;
    const auto suppression = task->suppression();
    exporters::DetectionOptions detections;
    detections.task = name;
    detections.raw = train::outputs_of(graph, name);
    detections.detector = task->detector();
    detections.input = job.data.network_size();
    detections.threshold = suppression.least_score;
    detections.nms_iou = suppression.nms_iou;
    detections.most_objects = suppression.most_objects;
    detections.decode = [task, input = detections.input](const std::vector<Tensor>& raw) {
      return task->decode(raw, input);
    };
    all.push_back(detections);
  }
  return all;
}

/// Where the scales of an int8 model come from.
std::string source_of_ranges(const JobOptions& job, const JudgedModel& judged) {
  const auto calibrated =
      job.quantise.observer + " over calibration pictures (" + job.calibration + ")";
  if (judged.calibrated_only) return calibrated;
  if (job.qat.learned_steps) return "learned in training, from " + calibrated;
  return "moving average of training, from " + calibrated;
}

exporters::QuantisedModel quantised_model(const JobOptions& job, const JudgedModel& judged) {
  const auto& model = *judged.quantised;
  exporters::QuantisedModel result;
  result.graph = model.encoded();
  result.coverage = quantise::coverage_of(model, source_of_ranges(job, judged));
  for (const auto& row : judged.sensitivity)
    result.coverage["sensitivity"].push_back(
        {{"layer", row.layer}, {"score", row.score}, {"loss", row.loss}});
  result.encodings = [&model](const auto& tensors) {
    return quantise::encodings_json(model, tensors);
  };
  for (const auto& layer : model.plan().layers) result.layers.push_back(layer.node);
  return result;
}

/// The first clip of the validation sets, frame by frame, as example_pictures() does: `count`
/// frames, from its beginning again where it is shorter. Pictures, where there is no clip.
std::vector<std::map<std::string, Tensor>> example_frames(train::ValidationData& data,
                                                          int64_t count) {
  std::vector<std::map<std::string, Tensor>> examples;
  for (const auto& source : data.sources) {
    if (!source->clips()) continue;
    const auto loader = data::evaluation_loader(*source, data.options, data.specs, data.bad_files);
    while (static_cast<int64_t>(examples.size()) < count) {
      const auto batch = loader->next();
      if (!batch || (!examples.empty() && !batch->continues)) break;
      for (const auto& frame : batch->pictures.flatten(0, 1).split(1))
        examples.push_back({{"pictures", frame.clone()}});
    }
    if (!examples.empty()) break;
  }
  if (examples.empty()) examples = example_pictures(data, count);
  for (size_t i = 0; !examples.empty() && static_cast<int64_t>(examples.size()) < count; ++i)
    examples.push_back(examples[i]);
  if (static_cast<int64_t>(examples.size()) > count) examples.resize(static_cast<size_t>(count));
  return examples;
}

}  // namespace

std::vector<std::map<std::string, Tensor>> example_pictures(train::ValidationData& data,
                                                            int64_t count) {
  std::vector<std::map<std::string, Tensor>> examples;
  const auto sets = static_cast<int64_t>(data.sources.size());
  for (int64_t s = 0; s < sets; ++s) {
    int64_t wanted = (count * (s + 1)) / sets - (count * s) / sets;
    const auto loader = data::evaluation_loader(*data.sources[static_cast<size_t>(s)], data.options,
                                                data.specs, data.bad_files);
    for (auto batch = loader->next(); batch && wanted > 0; batch = loader->next()) {
      const auto pictures = batch->pictures.flatten(0, 1);
      for (int64_t row = 0; row < batch->rows() && wanted > 0; ++row, --wanted)
        examples.push_back({{"pictures", pictures.narrow(0, row, 1).clone()}});
    }
  }
  return examples;
}

exporters::PackageOptions package_options(const ExportOptions& exporting, const RunOptions& run) {
  exporters::PackageOptions options;
  options.opset = static_cast<int>(exporting.opset);
  if (exporting.batch == "static") options.batch = 1;
  options.tolerance = exporting.tolerance;
  options.half_ends = exporting.half_ends;
  options.threads = at::get_num_threads();
  options.name = run.name;
  return options;
}

void write_package(const std::filesystem::path& folder, const graph::Graph& graph,
                   const std::vector<std::map<std::string, Tensor>>& examples,
                   const exporters::PackageOptions& options) {
  const auto exported = exporters::export_package(folder, graph, examples, options);
  for (const auto& [precision, verification] : exported.models) {
    spdlog::info("exported {} to {}; {} beside LibTorch on {} pictures:\n{}", precision,
                 folder.string(), verification.runtime, verification.samples, verification.text());
  }
  if (!exported.warnings.empty()) spdlog::warn("{}", exported.warnings);
}

std::vector<quantise::LayerSensitivity> measure_sensitivity(const JobOptions& job,
                                                            const JudgedModel& judged,
                                                            train::ValidationData& validation) {
  if (!judged.quantised || !job.quantise.sensitivity) return {};
  spdlog::info("measuring the sensitivity of {} layers", judged.quantised->plan().layers.size());
  const auto replay = std::make_shared<const graph::Replay>(judged.quantised->graph());
  const auto predict = train::predictor(train::forward_of(replay), judged.model->tasks(),
                                        judged.model->parameters().front().device());
  return quantise::sensitivity(
      *judged.quantised, [&] { return train::evaluate(predict, job.tasks, validation).score; });
}

void export_run(const JobOptions& job, const std::string& config, const JudgedModel& judged,
                train::ValidationData& validation, const std::filesystem::path& folder) {
  auto model = judged.model;
  model->to(torch::kCPU);
  const auto graph = judged.quantised ? judged.quantised->frozen()
                                      : train::trace_model(model, job.data.network_size());
  auto options = package_options(job.exporting, job.run);
  options.states = states_of(graph);
  const auto examples =
      options.states.empty()
          ? example_pictures(validation, job.exporting.pictures)
          : example_frames(validation, std::max(kLeastFrames, job.exporting.pictures));
  if (examples.empty())
    throw UserError("export: data.validation has no pictures to verify the model on");
  options.half = job.precision == "fp16" || job.precision == "fp16_device";
  if (job.exporting.nms) options.detections = detections_of(job, graph);
  options.manifest = manifest_of(job, config);
  if (judged.quantised) options.quantised = quantised_model(job, judged);
  const GateKeeper gate(job, judged, validation);
  options.measure = [&](const exporters::Session& session, const std::string& precision) {
    return gate.measure(session, precision);
  };
  write_package(folder, graph, examples, options);
}

}  // namespace manyfold::cli
