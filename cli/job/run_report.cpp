#include "cli/job/run_report.h"

#include <ATen/Parallel.h>
#include <torch/version.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "cli/job/run_export.h"
#include "common/atomic_file.h"
#include "data/loading/evaluation_loader.h"
#include "data/loading/uncollate.h"
#include "graph/cost.h"
#include "report/comparison.h"

namespace manyfold::cli {
namespace {

std::string number(double value, const char* format = "%.3f") {
  char text[32];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

constexpr int64_t kPicturesOfASet = 4;

/// Rows of a batch that are labelled for a task, a few, spread over it: neighbours of a clip look
/// alike.
std::vector<int64_t> shown_rows(const data::Batch& batch, const data::Labels& labels,
                                const data::LabelSpec& spec, cv::Size size) {
  std::vector<int64_t> labelled, shown;
  for (int64_t row = 0; row < batch.rows(); ++row) {
    if (data::label_of(labels, spec, row, size)) labelled.push_back(row);
  }
  const auto all = static_cast<int64_t>(labelled.size());
  const auto count = std::min(all, kPicturesOfASet);
  for (int64_t i = 0; i < count; ++i)
    shown.push_back(labelled[static_cast<size_t>(i * all / count)]);
  return shown;
}

/// "hall, frame 12"; a still's name as it is. A part of a clip is called "hall#8".
std::string row_name(const data::Batch& batch, int64_t row) {
  const auto& name = batch.origins[static_cast<size_t>(row / batch.frames())].name;
  const auto mark = name.rfind('#');
  if (batch.frames() == 1 || mark == std::string::npos) return name;
  const auto frame = std::stoll(name.substr(mark + 1)) + row % batch.frames();
  return name.substr(0, mark) + ", frame " + std::to_string(frame);
}

/// Truth beside prediction for some pictures of every set that are labelled for a task.
std::vector<report::Picture> example_pictures(const train::Predictor& predict,
                                              const train::Tasks& tasks,
                                              train::ValidationData& data) {
  std::vector<report::Picture> pictures;
  const auto size = data.options.network_size();
  for (const auto& source : data.sources) {
    const auto batch =
        data::evaluation_loader(*source, data.options, data.specs, data.bad_files)->next();
    if (!batch) continue;
    const auto outputs = predict.along(batch->pictures, {}).outputs;
    for (const auto& [task, options] : tasks) {
      const auto predicted = options.task->decode(outputs.at(task), size);
      report::OverlayStyle style;
      style.least_score = options.task->threshold();
      const auto& labels = batch->labels.at(task);
      const auto& spec = data.specs.at(task);
      for (const auto row : shown_rows(*batch, labels, spec, size)) {
        const auto picture =
            data::picture_of(batch->pictures, row / batch->frames(), row % batch->frames());
        pictures.push_back({source->name() + ", " + task + ": " + row_name(*batch, row),
                            report::compare(picture, *data::label_of(labels, spec, row, size),
                                            predicted.at(static_cast<size_t>(row)), spec, style)});
      }
    }
  }
  return pictures;
}

/// The part of the model that a layer belongs to: "encoder", "temporal" or a head, "heads.faces".
std::string part_of(const std::string& scope) {
  const auto end = scope.find('.', scope.rfind("heads.", 0) == 0 ? std::strlen("heads.") : 0);
  return scope.substr(0, end);
}

void add_cost(graph::NodeCost& sum, const graph::NodeCost& node) {
  sum.parameters += node.parameters;
  sum.macs += node.macs;
  sum.activations += node.activations;
}

/// Parameters, multiplications and activations by layer, with the sums of the model and its parts
/// above them.
report::Table cost_table(models::MultiTaskModel& model, cv::Size input) {
  const auto costs = graph::count_cost(train::trace_model(model, input));
  report::Table table;
  table.title = "Cost of one picture";
  table.note = "Multiplications (MACs) and numbers moved, at " + std::to_string(input.width) +
               " x " + std::to_string(input.height) + "; layers without parameters are left out.";
  table.columns = {"layer", "parameters", "MACs", "activations"};
  std::vector<graph::NodeCost> rows(1);  // the sums; then the layers
  rows[0].scope = "all";
  for (const auto& node : costs.nodes) {
    add_cost(rows[0], node);
    const auto part = part_of(node.scope);
    const auto is_part = [&](const graph::NodeCost& sum) { return sum.scope == part; };
    auto sum = std::find_if(rows.begin(), rows.end(), is_part);
    if (sum == rows.end()) {
      sum = rows.insert(sum, graph::NodeCost());
      sum->scope = part;
    }
    add_cost(*sum, node);
  }
  rows.insert(rows.end(), costs.nodes.begin(), costs.nodes.end());
  for (const auto& row : rows) {
    if (row.parameters == 0) continue;
    table.rows.push_back({row.scope, std::to_string(row.parameters), std::to_string(row.macs),
                          std::to_string(row.activations)});
  }
  return table;
}

/// Who taught, and what each scored before the first step.
report::Table teachers_table(const std::filesystem::path& file) {
  report::Table table;
  table.title = "Teachers";
  table.note = "Scores on the validation sets before the first step.";
  table.columns = {"teacher", "model", "tasks", "score"};
  for (const auto& teacher : nlohmann::json::parse(read_file(file))) {
    std::string tasks;
    for (const auto& task : teacher["tasks"])
      tasks += (tasks.empty() ? "" : ", ") + task.get<std::string>();
    table.rows.push_back({teacher["name"], teacher["model"], tasks,
                          teacher.contains("score") ? number(teacher["score"]) : "-"});
  }
  return table;
}

report::Bars sensitivity_bars(const std::vector<quantise::LayerSensitivity>& layers) {
  report::Bars bars;
  bars.title = "Sensitivity";
  bars.note =
      "Loss of the score when one layer alone is quantised, its weight and its output; the layers "
      "at the top are those to keep in float (quantise.float) if any.";
  for (const auto& row : layers) bars.rows.emplace_back(row.layer, row.loss);
  return bars;
}

}  // namespace

report::NamedTexts environment(const RunOptions& run) {
  auto texts = report::system_info();
  texts.emplace_back("LibTorch", TORCH_VERSION);
  texts.emplace_back("Threads", std::to_string(at::get_num_threads()));
  texts.emplace_back("Device", run.device);
  return texts;
}

std::string evaluation_line(const train::Evaluation& evaluation) {
  std::string text = "score " + number(evaluation.score);
  for (const auto& set : evaluation.sets) {
    // Of clips without labels it is only known how steady the predictions are.
    const auto figure = std::find_if(set.figures.begin(), set.figures.end(),
                                     [](const auto& f) { return std::isfinite(f.value); });
    if (figure == set.figures.end()) continue;
    text += ", " + set.set + "/" + set.task + " " + figure->name + " " + number(figure->value);
  }
  return text;
}

void write_run_report(const train::RunFolder& folder, const TrainingRequest& request,
                      const JudgedModel& judged, train::ValidationData& validation,
                      const data::BadFiles& training_bad_files, report::EventFile& events) {
  const auto& job = request.job;
  const auto& evaluation = judged.evaluation;
  auto model = judged.model;
  report::NamedValues figures = {{"score", evaluation.score}};
  for (const auto& [name, value] : evaluation.flat()) figures.emplace_back(name, value);
  report::write_metrics(folder.metrics(), figures);

  report::Report page;
  page.title = job.run.name + ": " + job.model.encoder;
  if (job.precision != "fp32") page.title += ", " + job.precision;
  page.subtitle = "manyfold train, figures of the best checkpoint on the validation sets";
  int64_t parameters = 0;
  for (const auto& parameter : model->parameters()) parameters += parameter.numel();
  page.facts = {{"steps", std::to_string(job.train.steps)},
                {"batch", std::to_string(job.data.batch)},
                {"parameters", std::to_string(parameters)},
                {"score", number(evaluation.score)}};
  for (const auto& set : evaluation.sets)
    page.figures.push_back({set.set + ", " + set.task, set.figures});
  page.charts = report::charts_of(report::read_curves(folder.log()));
  page.pictures = example_pictures(judged.predict, job.tasks, validation);
  for (const auto& example : page.pictures)
    events.picture(job.train.steps, "examples/" + example.caption, example.rgb);
  if (!judged.sensitivity.empty()) page.bars = {sensitivity_bars(judged.sensitivity)};
  if (std::filesystem::exists(folder.teachers()))
    page.tables.push_back(teachers_table(folder.teachers()));
  page.tables.push_back(cost_table(model, job.data.network_size()));
  page.config = request.config;
  page.overrides = request.overrides;
  for (const auto* bad :
       {&training_bad_files, &static_cast<const data::BadFiles&>(validation.bad_files)}) {
    for (const auto& file : bad->list()) page.bad_files.push_back(file.source + ": " + file.cause);
  }
  page.environment = environment(job.run);
  report::write_report(folder.report(), page);
}

}  // namespace manyfold::cli
