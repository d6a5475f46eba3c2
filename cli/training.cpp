#include "cli/training.h"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <memory>

#include "cli/build_model.h"
#include "cli/job_model.h"
#include "cli/run_export.h"
#include "cli/run_report.h"
#include "common/atomic_file.h"
#include "common/config/yaml_writer.h"
#include "common/error.h"
#include "report/event_file.h"
#include "report/metrics_log.h"
#include "report/progress.h"
#include "train/checkpoint.h"
#include "train/diagnosis.h"
#include "train/evaluate.h"
#include "train/forward.h"
#include "train/loop.h"
#include "train/precision.h"
#include "train/run_folder.h"
#include "train/saved_step.h"
#include "train/signals.h"
#include "train/supervised.h"

namespace manyfold::cli {
namespace {

std::map<std::string, double> task_weights(const train::Tasks& tasks) {
  std::map<std::string, double> weights;
  for (const auto& [name, options] : tasks) weights[name] = options.weight;
  return weights;
}

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

std::string overrides_yaml(const std::vector<std::string>& lines) {
  return config::to_yaml(config::List(lines.begin(), lines.end()));
}

/// The parts of one run, in the order in which they depend on each other. Opening them finds what
/// is wrong with the request.
class Run {
 public:
  explicit Run(const TrainingRequest& request)
      : request_(request),
        job_(request.job),
        device_(prepare_compute(job_.run)),
        specs_(train::label_specs(job_.tasks)),
        data_(job_.data, specs_, static_cast<uint64_t>(job_.seed)),
        validation_(job_.data, specs_),
        precision_(train::precision_of(job_.precision)),
        job_model_(job_, device_, resumed_folder(request)),
        model_(job_model_.model()),
        loop_(job_.train, static_cast<uint64_t>(job_.seed), model_, task_weights(job_.tasks),
              hooks(),
              train::scales_loss(precision_) ? std::optional(train::GradScaler()) : std::nullopt) {
    open_folder();
  }

  TrainingOutcome run();

 private:
  train::LoopHooks hooks();
  void open_folder();
  data::Batch next_batch();
  void log(const train::StepRecord& record);
  double evaluate(int64_t steps_done);
  void watch_ranges();
  void keep_skipped(const train::StepRecord& record, const data::Batch& batch);
  void save(const train::Checkpoint& checkpoint, bool best);
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
  train::Loop loop_;
  train::RunFolder folder_;
  std::unique_ptr<data::Loader> loader_;
  std::unique_ptr<report::MetricsLog> metrics_;
  std::unique_ptr<report::EventFile> events_;
  std::unique_ptr<report::Progress> progress_;
  double waited_ = 0;  // for data, up to the last step
  int kept_ = 0;       // skipped steps
};

void Run::open_folder() {
  std::optional<int64_t> done;
  if (request_.resume) {
    folder_ = train::run_to_resume(job_.run.dir);
    loop_.restore(train::load_checkpoint(folder_.last()));
    done = loop_.steps_done();
    spdlog::info("resuming {} after step {}", folder_.path.string(), *done);
  } else {
    folder_ = train::new_run(job_.run.dir, job_.run.name);
    if (job_model_.teacher()) models::save_weights(folder_.init(), *job_model_.teacher());
  }
  write_file(folder_.overrides(), overrides_yaml(request_.overrides));
  write_file(folder_.config(), request_.config);
  // The log counts records by steps done.
  metrics_ = std::make_unique<report::MetricsLog>(folder_.log(), done);
  events_ = std::make_unique<report::EventFile>(folder_.path, done);
  events_->text(done.value_or(0), "config", "```yaml\n" + request_.config + "```");
}

train::LoopHooks Run::hooks() {
  train::LoopHooks hooks;
  hooks.batch = [this](int64_t) { return next_batch(); };
  hooks.objective = [this](const data::Batch& batch, int64_t step) {
    return job_model_.terms(batch, step);
  };
  hooks.logged = [this](const train::StepRecord& record) { log(record); };
  hooks.skipped = [this](const train::StepRecord& record, const data::Batch& batch) {
    keep_skipped(record, batch);
  };
  if (!job_.data.validation.empty())
    hooks.evaluate = [this](int64_t steps) { return evaluate(steps); };
  hooks.save = [this](const train::Checkpoint& checkpoint, bool best) { save(checkpoint, best); };
  hooks.stop = [] { return train::StopSignals::received() != 0; };
  return hooks;
}

data::Batch Run::next_batch() {
  auto batch = loader_->next();
  TORCH_CHECK(batch, "the loader of an endless sequence ended");
  return train::to_device(std::move(*batch), device_);
}

void Run::log(const train::StepRecord& record) {
  report::NamedValues losses = {{"total", record.loss}};
  report::NamedValues values = {{"loss/total", record.loss}};
  for (const auto& [task, value] : record.losses) {
    losses.emplace_back(task, value);
    values.emplace_back("loss/" + task, value);
  }
  for (const auto& [name, value] : record.terms) values.emplace_back("loss/" + name, value);
  for (const auto& [task, weight] : record.weights) values.emplace_back("weight/" + task, weight);
  values.emplace_back("lr", record.lr);
  values.emplace_back("grad_norm", record.grad_norm);
  if (record.loss_scale > 0) values.emplace_back("loss_scale", record.loss_scale);
  if (record.skipped) values.emplace_back("skipped", 1);
  metrics_->add(record.step + 1, values);
  if ((record.step + 1) % 10 == 0) events_->scalars(record.step + 1, values);
  const double waited = loader_->wait_seconds();
  progress_->step(record.pictures, waited - waited_, losses, record.lr);
  waited_ = waited;
}

double Run::evaluate(int64_t steps_done) {
  const auto evaluation = train::evaluate(job_model_.predictor(), job_.tasks, validation_);
  if (train::needs_half_range(precision_)) watch_ranges();
  report::NamedValues values = {{"val/score", evaluation.score}};
  for (const auto& [name, value] : evaluation.flat()) values.emplace_back("val/" + name, value);
  metrics_->add(steps_done, values);
  events_->scalars(steps_done, values);
  progress_->message(evaluation_line(evaluation, steps_done));
  progress_->skip_time();
  return evaluation.score;
}

/// On a few pictures: every value is kept for it.
void Run::watch_ranges() {
  const auto examples = example_pictures(validation_, 4);
  if (examples.empty()) return;
  std::vector<torch::Tensor> rows;
  for (const auto& example : examples) rows.push_back(example.at("pictures"));
  const auto diagnosis =
      train::diagnose(precision_, model_, torch::cat(rows).to(device_), graph::Mode::eval);
  if (!diagnosis.alarming()) return;
  for (const auto& line : diagnosis.lines()) progress_->message("half precision: " + line);
}

void Run::keep_skipped(const train::StepRecord& record, const data::Batch& batch) {
  constexpr int kMostFiles = 3;
  progress_->message("step " + std::to_string(record.step) +
                     " was skipped: its loss or gradient is not finite");
  // Rounding to whole numbers hides no infinity: int8 is looked at in float.
  const bool int8 = precision_ == train::Precision::int8;
  const auto diagnosis = train::diagnose(int8 ? train::Precision::fp32 : precision_, model_,
                                         batch.pictures.flatten(0, 1), graph::Mode::train);
  for (const auto& line : diagnosis.lines()) progress_->message("  " + line);
  if (kept_++ >= kMostFiles) return;
  char name[40];
  std::snprintf(name, sizeof name, "step-%06lld.safetensors", static_cast<long long>(record.step));
  auto checkpoint = loop_.snapshot();
  checkpoint.config = request_.config;
  std::filesystem::create_directories(folder_.skipped());
  const auto file = folder_.skipped() / name;
  train::save_step(file, checkpoint, batch);
  progress_->message("  run it again by: manyfold train --replay " + file.string());
}

void Run::save(const train::Checkpoint& checkpoint, bool best) {
  auto complete = checkpoint;
  complete.config = request_.config;
  train::save_checkpoint(best ? folder_.best() : folder_.last(), complete);
  progress_->skip_time();
}

TrainingOutcome Run::run() {
  spdlog::info("run folder: {}", folder_.path.string());
  loader_ = data_.loader(loop_.steps_done());
  progress_ = std::make_unique<report::Progress>("train", job_.train.steps, loop_.steps_done());
  int signal = 0;
  {
    const train::StopSignals signals;  // a later one ends the program
    loop_.run();
    signal = train::StopSignals::received();
  }
  progress_->finish();
  loader_.reset();
  if (signal == 0) return finish();
  spdlog::warn("stopped by a signal after step {}; go on with: manyfold train --resume run.dir={}",
               loop_.steps_done(), folder_.path.string());
  return {128 + signal, folder_.path.string(), -1, {}};
}

TrainingOutcome Run::finish() {
  TrainingOutcome outcome;
  outcome.folder = folder_.path.string();
  const auto checkpoint = train::load_checkpoint(train::find_checkpoint(folder_.path));
  models::load_state(*model_, checkpoint.deployed(), folder_.path.string());
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
  write_run_report(folder_, request_, judged, validation_, data_.bad_files(), *events_);
  if (job_.exporting.enabled)
    export_run(job_, request_.config, judged, validation_, folder_.package());
  return outcome;
}

}  // namespace

TrainingOutcome run_training(const TrainingRequest& request) { return Run(request).run(); }

}  // namespace manyfold::cli
