#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/job/job_options.h"
#include "data/loading/loader.h"
#include "report/event_file.h"
#include "report/metrics_log.h"
#include "report/progress.h"
#include "train/loop.h"
#include "train/run_folder.h"

namespace manyfold::cli {

/// A job as it was asked for.
template <class Job>
struct JobRequest {
  Job job;
  std::string config;                  // YAML, as composed
  std::vector<std::string> overrides;  // as typed
  bool resume = false;                 // the run in `run.dir`
};

/// How a model stands in the course of a run.
struct Standing {
  double score = -1;           // the best checkpoint has the highest
  report::NamedValues values;  // logged, such as "val/score"
  std::string line;            // for people
};

/// What a run trains on whom, and where it keeps what it leaves. What is empty is not called.
struct RunPlan {
  std::string command;  // "train"
  RunOptions run;
  train::LoopOptions train;
  uint64_t seed = 0;
  std::string config;                  // YAML, as composed
  std::vector<std::string> overrides;  // as typed
  bool resume = false;
  torch::Device device = torch::kCPU;
  models::MultiTaskModel model{nullptr};
  std::map<std::string, double> task_weights;
  std::optional<train::GradScaler> scaler;
  int64_t views = 1;  // frames of a batch that are views of one picture
  /// Terms to show in the progress line beside the sum, by name; empty: the loss of each task.
  std::vector<std::string> shown;

  std::function<std::unique_ptr<data::Loader>(int64_t first_step)> loader;
  std::function<train::TaskTerms(const data::Batch&, int64_t step)> objective;
  std::shared_ptr<torch::nn::Module> beside;  // see LoopHooks
  std::function<Standing(int64_t steps_done)> evaluate;
  /// Looks at every step; what it returns is shown, and an error that it throws ends the run.
  std::function<std::string(const train::StepRecord&)> watch;
  /// Of a step that was skipped and not for its loss scale; see LoopHooks.
  std::function<void(const train::StepRecord&, const data::Batch&)> skipped;
  /// The folder of a new run, before its first step.
  std::function<void(const train::RunFolder&)> begun;
};

/// A plan with what every job says of its run.
template <class Job>
RunPlan plan_of(const std::string& command, const JobRequest<Job>& request) {
  RunPlan plan;
  plan.command = command;
  plan.run = request.job.run;
  plan.train = request.job.train;
  plan.seed = static_cast<uint64_t>(request.job.seed);
  plan.config = request.config;
  plan.overrides = request.overrides;
  plan.resume = request.resume;
  return plan;
}

/// One run of the training loop with all that it leaves in its folder: config, checkpoints, logs.
class Run {
 public:
  /// Makes the folder, or takes up the run in it. Throws as train::Loop, train::new_run and
  /// train::run_to_resume.
  explicit Run(RunPlan plan);

  /// Trains to the end: 0, or 128 + the signal that stopped it after the step in hand, with a
  /// checkpoint.
  int train();

  const train::RunFolder& folder() const { return folder_; }
  train::Loop& loop() { return loop_; }
  report::EventFile& events() { return *events_; }
  /// A line for people, above the progress.
  void message(const std::string& text);

 private:
  train::LoopHooks hooks();
  void open_folder();
  data::Batch next_batch();
  void log(const train::StepRecord& record);
  double evaluate(int64_t steps_done);
  void save(const train::Checkpoint& checkpoint, bool best);

  RunPlan plan_;
  train::Loop loop_;
  train::RunFolder folder_;
  std::unique_ptr<data::Loader> loader_;
  std::unique_ptr<report::MetricsLog> metrics_;
  std::unique_ptr<report::EventFile> events_;
  std::unique_ptr<report::Progress> progress_;
  double waited_ = 0;  // for data, up to the last step
};

}  // namespace manyfold::cli
