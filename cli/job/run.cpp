#include "cli/job/run.h"

#include <spdlog/spdlog.h>

#include "common/atomic_file.h"
#include "common/config/yaml_writer.h"
#include "common/error.h"
#include "train/saved_step.h"
#include "train/signals.h"

namespace manyfold::cli {
namespace {

std::string overrides_yaml(const std::vector<std::string>& lines) {
  return config::to_yaml(config::List(lines.begin(), lines.end()));
}

/// The sum, and what the plan shows beside it.
report::NamedValues shown_values(const train::StepRecord& record,
                                 const std::vector<std::string>& shown) {
  report::NamedValues values = {{"total", record.loss}};
  if (shown.empty()) {
    for (const auto& [task, value] : record.losses) values.emplace_back(task, value);
  }
  for (const auto& name : shown) {
    const auto term = record.terms.find(name);
    if (term != record.terms.end())
      values.emplace_back(name.substr(name.find('.') + 1), term->second);
  }
  return values;
}

report::NamedValues logged_values(const train::StepRecord& record) {
  report::NamedValues values = {{"loss/total", record.loss}};
  for (const auto& [task, value] : record.losses) values.emplace_back("loss/" + task, value);
  for (const auto& [name, value] : record.terms) values.emplace_back("loss/" + name, value);
  for (const auto& [task, weight] : record.weights) values.emplace_back("weight/" + task, weight);
  values.emplace_back("lr", record.lr);
  values.emplace_back("grad_norm", record.grad_norm);
  if (record.loss_scale > 0) values.emplace_back("loss_scale", record.loss_scale);
  if (record.skipped) values.emplace_back("skipped", 1);
  return values;
}

}  // namespace

Run::Run(RunPlan plan)
    : plan_(std::move(plan)),
      loop_(plan_.train, plan_.seed, plan_.model, plan_.task_weights, hooks(), plan_.scaler) {
  open_folder();
}

void Run::open_folder() {
  std::optional<int64_t> done;
  if (plan_.resume) {
    folder_ = train::run_to_resume(plan_.run.dir);
    loop_.restore(train::load_checkpoint(folder_.last()));
    done = loop_.steps_done();
    spdlog::info("resuming {} after step {}", folder_.path.string(), *done);
  } else {
    folder_ = train::new_run(plan_.run.dir, plan_.run.name);
    if (plan_.begun) plan_.begun(folder_);
  }
  write_file(folder_.overrides(), overrides_yaml(plan_.overrides));
  write_file(folder_.config(), plan_.config);
  // The log counts records by steps done.
  metrics_ = std::make_unique<report::MetricsLog>(folder_.log(), done);
  events_ = std::make_unique<report::EventFile>(folder_.path, done);
  events_->text(done.value_or(0), "config", "```yaml\n" + plan_.config + "```");
}

train::LoopHooks Run::hooks() {
  train::LoopHooks hooks;
  hooks.batch = [this](int64_t) { return next_batch(); };
  hooks.objective = plan_.objective;
  hooks.beside = plan_.beside;
  hooks.logged = [this](const train::StepRecord& record) { log(record); };
  hooks.skipped = [this](const train::StepRecord& record, const data::Batch& batch) {
    message("step " + std::to_string(record.step) +
            " was skipped: its loss or gradient is not finite");
    if (plan_.skipped) plan_.skipped(record, batch);
  };
  if (plan_.evaluate) hooks.evaluate = [this](int64_t steps) { return evaluate(steps); };
  hooks.save = [this](const train::Checkpoint& checkpoint, bool best) { save(checkpoint, best); };
  hooks.stop = [] { return train::StopSignals::received() != 0; };
  return hooks;
}

data::Batch Run::next_batch() {
  std::optional<data::Batch> batch;
  try {
    batch = loader_->next();
  } catch (const UserError& error) {  // too many bad files, say: what was learnt stays
    save(loop_.snapshot(), /*best=*/false);
    std::string why = error.what();
    if (why.back() != '\n') why += "\n";
    throw UserError(why + "step " + std::to_string(loop_.steps_done()) + " is saved: `manyfold " +
                    plan_.command + " --resume run.dir=" + folder_.path.string() +
                    "` goes on there");
  }
  TORCH_CHECK(batch, "the loader of an endless sequence ended");
  return train::to_device(std::move(*batch), plan_.device);
}

void Run::log(const train::StepRecord& record) {
  const auto values = logged_values(record);
  metrics_->add(record.step + 1, values);
  if ((record.step + 1) % 10 == 0) events_->scalars(record.step + 1, values);
  const double waited = loader_->wait_seconds();
  progress_->step(record.pictures / plan_.views, waited - waited_,
                  shown_values(record, plan_.shown), record.lr);
  waited_ = waited;
  if (!plan_.watch) return;
  const auto warning = plan_.watch(record);
  if (!warning.empty()) message(warning);
}

double Run::evaluate(int64_t steps_done) {
  const auto standing = plan_.evaluate(steps_done);
  metrics_->add(steps_done, standing.values);
  events_->scalars(steps_done, standing.values);
  message(standing.line);
  progress_->skip_time();
  return standing.score;
}

void Run::save(const train::Checkpoint& checkpoint, bool best) {
  auto complete = checkpoint;
  complete.config = plan_.config;
  train::save_checkpoint(best ? folder_.best() : folder_.last(), complete);
  progress_->skip_time();
}

void Run::message(const std::string& text) { progress_->message(text); }

int Run::train() {
  spdlog::info("run folder: {}", folder_.path.string());
  loader_ = plan_.loader(loop_.steps_done());
  progress_ =
      std::make_unique<report::Progress>(plan_.command, plan_.train.steps, loop_.steps_done());
  int signal = 0;
  {
    const train::StopSignals signals;  // a later one ends the program
    loop_.run();
    signal = train::StopSignals::received();
  }
  progress_->finish();
  loader_.reset();
  if (signal == 0) return 0;
  spdlog::warn("stopped by a signal after step {}; go on with: manyfold {} --resume run.dir={}",
               loop_.steps_done(), plan_.command, folder_.path.string());
  return 128 + signal;
}

}  // namespace manyfold::cli
