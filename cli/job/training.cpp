#include "cli/job/training.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>

#include "cli/job/build_model.h"
#include "cli/job/job_model.h"
#include "cli/job/run.h"
#include "cli/job/run_export.h"
#include "cli/job/run_report.h"
#include "cli/job/teachers.h"
#include "common/atomic_file.h"
#include "common/error.h"
#include "data/loading/training_data.h"
#include "train/checkpoint.h"
#include "train/diagnosis.h"
#include "train/evaluate.h"
#include "train/precision.h"
#include "train/run_folder.h"
#include "train/saved_step.h"

namespace manyfold::cli {
namespace {

/// The run to go on with; none for a new one.
std::optional<train::RunFolder> resumed_folder(const TrainingRequest& request) {
  if (!request.resume) return {};
  const auto folder = train::run_to_resume(request.job.run.dir);
  const bool int8 = request.job.precision == "int8";
  if (int8 != holds_quantisers(train::load_checkpoint(folder.last()).weights)) {
    throw UserError("cannot resume: " + folder.last().string() +
                    (int8 ? " is of a float run and holds no ranges, which precision=int8 needs; "
                            "begin quantisation-aware training from it by: manyfold qat " +
                                folder.path.string()
                          : " is of an int8 run; leave precision as it was there (int8)"));
  }
  return folder;
}

/// What nobody teaches would be exported as it began.
void refuse_untaught_tasks(const JobOptions& job, const OpenTeachers& teachers) {
  std::set<std::string> taught;
  for (const auto& source : job.data.sources) {
    for (const auto& label : source.second.labels) taught.insert(label.first);
  }
  for (const auto& teacher : teachers) {
    for (const auto& task : teacher->tasks()) taught.insert(task);
  }
  const std::set<std::string> frozen(job.train.freeze.begin(), job.train.freeze.end());
  for (const auto& [task, options] : job.tasks) {
    if (taught.count(task) || frozen.count("heads") || frozen.count("heads." + task)) continue;
    throw ConfigError("task '" + task + "': no source of data.sources labels it" +
                      (teachers.empty() ? "" : " and no teacher answers it") + "; add labels." +
                      task + " to a source, freeze heads." + task +
                      ", or take the task out (~tasks." + task + ")");
  }
}

/// The parts of a training job, in the order in which they depend on each other. Opening them finds
/// what is wrong with the request.
class TrainingJob {
 public:
  explicit TrainingJob(const TrainingRequest& request)
      : request_(request),
        job_(request.job),
        device_(prepare_compute(job_.run)),
        specs_(train::label_specs(job_.tasks)),
        data_(job_.data, specs_, static_cast<uint64_t>(job_.seed), needs_of(job_)),
        validation_(job_.data, specs_),
        precision_(train::precision_of(job_.precision)),
        job_model_(job_, device_, resumed_folder(request)),
        model_(job_model_.model()),
        run_(plan()) {}

  TrainingOutcome run();

 private:
  RunPlan plan();
  void begin(const train::RunFolder& folder);
  Standing evaluate(int64_t steps_done);
  void watch_ranges();
  void keep_skipped(const train::StepRecord& record, const data::Batch& batch);
  TrainingOutcome finish();

  const TrainingRequest& request_;
  const JobOptions& job_;
  torch::Device device_;
  data::LabelSpecs specs_;
  data::TrainingData data_;
  train::ValidationData validation_;
  train::Precision precision_;
  JobModel job_model_;
  models::MultiTaskModel& model_;
  Run run_;
  int kept_ = 0;  // skipped steps
};

RunPlan TrainingJob::plan() {
  // Int8 is pulled to the float model's answers of every task.
  if (!job_model_.float_model()) refuse_untaught_tasks(job_, job_model_.teachers());
  // Before the run's folder is touched.
  if (request_.resume) check_teachers(job_model_.teachers(), train::run_to_resume(job_.run.dir));
  auto plan = plan_of("train", request_);
  plan.device = device_;
  plan.model = model_;
  plan.task_weights = task_weights(job_);
  if (train::scales_loss(precision_)) plan.scaler.emplace();
  plan.loader = [this](int64_t first_step) { return data_.loader(first_step); };
  plan.objective = [this](const data::Batch& batch, int64_t step) {
    return job_model_.terms(batch, step);
  };
  plan.beside = job_model_.beside();
  if (!job_.data.validation.empty())
    plan.evaluate = [this](int64_t steps) { return evaluate(steps); };
  plan.skipped = [this](const train::StepRecord& record, const data::Batch& batch) {
    keep_skipped(record, batch);
  };
  plan.begun = [this](const train::RunFolder& folder) { begin(folder); };
  return plan;
}

void TrainingJob::begin(const train::RunFolder& folder) {
  // Before the first step: a broken teacher is found in the first minute, not after a night. One
  // that is refused leaves an empty folder, which the next try may use.
  const auto judged = judge_teachers(job_, job_model_.teachers(), validation_);
  if (!judged.empty()) write_file(folder.teachers(), judged.dump(2) + "\n");
  if (job_model_.float_model()) models::save_weights(folder.init(), *job_model_.float_model());
}

Standing TrainingJob::evaluate(int64_t steps_done) {
  const auto evaluation = train::evaluate(job_model_.predictor(), job_.tasks, validation_);
  if (train::needs_half_range(precision_)) watch_ranges();
  Standing standing = {evaluation.score, {{"val/score", evaluation.score}}, ""};
  for (const auto& [name, value] : evaluation.flat())
    standing.values.emplace_back("val/" + name, value);
  standing.line = "step " + std::to_string(steps_done) + ": " + evaluation_line(evaluation);
  return standing;
}

/// On a few pictures: every value is kept for it.
void TrainingJob::watch_ranges() {
  const auto examples = example_pictures(validation_, 4);
  if (examples.empty()) return;
  std::vector<torch::Tensor> rows;
  for (const auto& example : examples) rows.push_back(example.at("pictures"));
  const auto diagnosis =
      train::diagnose(precision_, model_, torch::cat(rows).to(device_), graph::Mode::eval);
  if (!diagnosis.alarming()) return;
  for (const auto& line : diagnosis.lines()) run_.message("half precision: " + line);
}

void TrainingJob::keep_skipped(const train::StepRecord& record, const data::Batch& batch) {
  constexpr int kMostFiles = 3;
  // Rounding to whole numbers hides no infinity: int8 is looked at in float.
  const bool int8 = precision_ == train::Precision::int8;
  const auto diagnosis = train::diagnose(int8 ? train::Precision::fp32 : precision_, model_,
                                         batch.pictures.flatten(0, 1), graph::Mode::train);
  for (const auto& line : diagnosis.lines()) run_.message("  " + line);
  if (kept_++ >= kMostFiles) return;
  char name[40];
  std::snprintf(name, sizeof name, "step-%06lld.safetensors", static_cast<long long>(record.step));
  auto checkpoint = run_.loop().snapshot();
  checkpoint.config = request_.config;
  const auto folder = run_.folder().skipped();
  std::filesystem::create_directories(folder);
  train::save_step(folder / name, checkpoint, batch);
  run_.message("  run it again by: manyfold train --replay " + (folder / name).string());
}

TrainingOutcome TrainingJob::run() {
  const int code = run_.train();
  if (code == 0) return finish();
  return {code, run_.folder().path.string(), -1, {}};
}

TrainingOutcome TrainingJob::finish() {
  const auto& folder = run_.folder();
  TrainingOutcome outcome;
  outcome.folder = folder.path.string();
  const auto checkpoint = train::load_checkpoint(train::find_checkpoint(folder.path));
  models::load_state(*model_, checkpoint.deployed(), folder.path.string());
  model_->eval();
  const auto evaluation = train::evaluate(job_model_.predictor(), job_.tasks, validation_);
  outcome.score = evaluation.score;
  outcome.figures = evaluation.flat();
  model_->to(torch::kCPU);  // where it is traced
  JudgedModel judged{model_,
                     job_model_.quantised(),
                     job_model_.predictor(),
                     evaluation,
                     /*calibrated_only=*/false,
                     {}};
  judged.sensitivity = measure_sensitivity(job_, judged, validation_);
  write_run_report(folder, request_, judged, validation_, data_.bad_files(), run_.events());
  if (job_.exporting.enabled)
    export_run(job_, request_.config, judged, validation_, folder.package());
  return outcome;
}

}  // namespace

TrainingOutcome run_training(const TrainingRequest& request) { return TrainingJob(request).run(); }

}  // namespace manyfold::cli
