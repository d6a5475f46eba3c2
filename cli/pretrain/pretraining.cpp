#include "cli/pretrain/pretraining.h"

#include <spdlog/spdlog.h>

#include <cmath>
#include <cstdio>
#include <memory>
#include <opencv2/imgproc.hpp>

#include "cli/job/build_model.h"
#include "cli/job/encoder_init.h"
#include "cli/job/run.h"
#include "cli/job/run_export.h"
#include "cli/job/run_report.h"
#include "common/error.h"
#include "data/loading/training_data.h"
#include "data/loading/uncollate.h"
#include "exporters/package.h"
#include "models/weights.h"
#include "pretrain/collapse.h"
#include "pretrain/embed.h"
#include "pretrain/objective.h"
#include "report/report.h"
#include "train/forward.h"

namespace manyfold::cli {
namespace {

using torch::Tensor;

/// Fewer pictures than this have nothing to teach: contrasts within a batch need others.
constexpr int64_t kFewestPictures = 16;

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", 100 * share);
  return text;
}

/// Errors of a data set that is too small for what is asked of it come before the first step.
void check_pictures(const PretrainJob& job, int64_t pictures) {
  if (pictures < kFewestPictures) {
    throw UserError("pre-training needs pictures: data.sources hold " + std::to_string(pictures) +
                    ", fewer than " + std::to_string(kFewestPictures) +
                    "; hundreds are little, thousands are usual. Is the path of the folder right?");
  }
  if (pictures < job.data.batch) {
    throw ConfigError("data.batch = " + std::to_string(job.data.batch) +
                      ", and data.sources hold " + std::to_string(pictures) +
                      " pictures: a batch must not hold one twice; set data.batch=" +
                      std::to_string(pictures / 2));
  }
}

/// The sources of a job as sets that can be gone through in order.
data::DataOptions as_validation(data::DataOptions options) {
  options.validation = options.sources;
  return options;
}

/// The parts of a job of pre-training, in the order in which they depend on each other.
class PretrainingJob {
 public:
  explicit PretrainingJob(const PretrainRequest& request)
      : request_(request),
        job_(request.job),
        device_(prepare_compute(job_.run)),
        data_(job_.data, {}, static_cast<uint64_t>(job_.seed),
              {data::Unlabelled::kept, job_.crops}),
        pictures_(as_validation(job_.data), {}),
        model_(make_model()),
        objective_(
            pretrain::make_objective(job_.pretrain, model_, job_.train.steps,
                                     [this]() -> const models::StateDict& { return average(); })),
        watch_(job_.pretrain) {
    for (const auto& source : pictures_.sources) count_ += source->size();
    check_pictures(job_, count_);
    if (!job_.probe.empty()) probe_ = std::make_unique<Probe>(job_.probe);
    run_ = std::make_unique<Run>(plan());
  }

  int run();

 private:
  models::MultiTaskModel make_model() const;
  const models::StateDict& average() const;
  RunPlan plan();
  Standing evaluate(int64_t steps_done);
  std::vector<ProbeFigures> probe(bool linear);
  void finish();
  void write_report(const std::vector<ProbeFigures>& figures, const std::string& hash);
  std::vector<report::Picture> example_views();
  void export_encoder(const std::string& hash);

  const PretrainRequest& request_;
  const PretrainJob& job_;
  torch::Device device_;
  data::TrainingData data_;
  train::ValidationData pictures_;  // the same in order, as they are
  int64_t count_ = 0;               // of pictures
  models::MultiTaskModel model_;
  std::unique_ptr<pretrain::Objective> objective_;
  pretrain::CollapseWatch watch_;
  std::unique_ptr<Probe> probe_;
  std::unique_ptr<Run> run_;
};

models::MultiTaskModel PretrainingJob::make_model() const {
  torch::manual_seed(static_cast<uint64_t>(job_.seed));
  auto model = placed(pretrain::make_student(job_.pretrain, job_.model.make_encoder()), device_);
  for (const auto& part : job_.train.freeze) model->freeze(part);  // the teacher is a copy
  if (!request_.resume && !job_.encoder.init.empty()) load_encoder(job_.encoder, model);
  return model;
}

const models::StateDict& PretrainingJob::average() const {
  static const models::StateDict none;
  const auto* average = run_->loop().average();
  return average ? average->weights() : none;
}

RunPlan PretrainingJob::plan() {
  const auto& method = job_.pretrain.method;
  auto plan = plan_of("pretrain", request_);
  plan.device = device_;
  plan.model = model_;
  plan.task_weights = {{method, 1}};
  plan.views = 2;
  plan.shown = {method + ".entropy", method + ".spread"};
  plan.loader = [this](int64_t first_step) { return data_.loader(first_step); };
  plan.objective = [this](const data::Batch& batch, int64_t step) {
    return objective_->terms(batch, step);
  };
  plan.beside = objective_->own();
  plan.watch = [this](const train::StepRecord& record) {
    return record.skipped ? std::string() : watch_.observe(record.step, record.terms);
  };
  if (probe_) plan.evaluate = [this](int64_t steps) { return evaluate(steps); };
  return plan;
}

/// In the middle of a run: neighbours alone, as they need no training.
Standing PretrainingJob::evaluate(int64_t steps_done) {
  const auto figures = probe(/*linear=*/false);
  Standing standing = {mean_knn(figures), {{"val/knn", mean_knn(figures)}}, ""};
  standing.line =
      "step " + std::to_string(steps_done) + ": k-NN accuracy " + percent(standing.score);
  for (const auto& each : figures) {
    standing.values.emplace_back("val/" + each.set + "/knn", each.knn);
    standing.line += ", " + each.set + " " + percent(each.knn);
  }
  return standing;
}

std::vector<ProbeFigures> PretrainingJob::probe(bool linear) {
  return probe_->measure(
      [this](const Tensor& pictures) { return pretrain::embed(model_, pictures); }, linear);
}

int PretrainingJob::run() {
  const int code = run_->train();
  if (code == 0) finish();
  return code;
}

void PretrainingJob::finish() {
  const auto& folder = run_->folder();
  const auto file = train::find_checkpoint(folder.path);
  models::load_state(*model_, train::load_checkpoint(file).deployed(), file.string());
  model_->eval();
  const auto hash = encoder_hash(model_);
  std::vector<ProbeFigures> figures;
  if (probe_) figures = probe(/*linear=*/true);
  report::NamedValues values;
  for (const auto& each : figures) {
    values.emplace_back(each.set + "/knn", each.knn);
    values.emplace_back(each.set + "/linear", each.linear);
  }
  if (probe_) values.emplace_back("score", mean_knn(figures));
  report::write_metrics(folder.metrics(), values);
  write_report(figures, hash);
  if (job_.exporting.enabled) export_encoder(hash);
  spdlog::info("encoder in {} (sha256 {}); train from it by encoder.init={}", file.string(),
               hash.substr(0, 16), folder.path.string());
}

/// The views of some pictures, each in a row.
std::vector<report::Picture> PretrainingJob::example_views() {
  std::vector<report::Picture> pictures;
  const auto batch = data_.loader()->next();
  for (int64_t row = 0; batch && row < std::min<int64_t>(6, batch->size()); ++row) {
    std::vector<cv::Mat> views;
    for (int64_t view = 0; view < batch->pictures.size(1); ++view)
      views.push_back(data::picture_of(batch->pictures, row, view));
    const auto large = views.front().size();
    for (int64_t view = 0; batch->crops.defined() && view < batch->crops.size(1); ++view) {
      views.emplace_back();
      cv::resize(data::picture_of(batch->crops, row, view), views.back(), large, 0, 0,
                 cv::INTER_NEAREST);
    }
    cv::Mat strip;
    cv::hconcat(views, strip);
    pictures.push_back({"views of " + batch->origins[static_cast<size_t>(row)].name, strip});
  }
  return pictures;
}

void PretrainingJob::write_report(const std::vector<ProbeFigures>& figures,
                                  const std::string& hash) {
  report::Report page;
  page.title = job_.run.name + ": " + job_.model.encoder + ", " + job_.pretrain.method;
  page.subtitle = "manyfold pretrain, an encoder trained without labels";
  page.facts = {{"pictures", std::to_string(count_)},
                {"steps", std::to_string(job_.train.steps)},
                {"batch", std::to_string(job_.data.batch)},
                {"encoder (sha256)", hash.substr(0, 16)}};
  for (const auto& each : figures) {
    page.figures.push_back({each.set,
                            {{"knn", each.knn, true, each.pictures, "pictures",
                              "accuracy of the nearest neighbours' vote"},
                             {"linear", each.linear, true, each.pictures, "pictures",
                              "accuracy of a linear classifier on frozen features"}}});
  }
  page.charts = report::charts_of(report::read_curves(run_->folder().log()));
  page.pictures = example_views();
  page.config = request_.config;
  page.overrides = request_.overrides;
  std::vector<const data::BadFiles*> lists = {&data_.bad_files()};
  if (probe_) lists.push_back(&probe_->bad_files());
  for (const auto* bad : lists) {
    for (const auto& file : bad->list()) page.bad_files.push_back(file.source + ": " + file.cause);
  }
  page.environment = environment(job_.run);
  report::write_report(run_->folder().report(), page);
}

/// Its embedding is the model's one output.
void PretrainingJob::export_encoder(const std::string& hash) {
  auto encoder = build_encoder(job_.model, /*seed=*/0, torch::kCPU);
  model_->to(torch::kCPU);
  models::load_state(encoder->encoder(), models::state_dict(model_->encoder()), "the encoder");
  encoder->eval();
  auto options = package_options(job_.exporting, job_.run);
  options.manifest = {{"encoder", job_.model.encoder},
                      {"encoder_sha256", hash},
                      {"embedding", "the coarsest map averaged over the picture"},
                      {"input_layout", "NCHW"},
                      {"input_colours", "RGB"},
                      {"input_fit", job_.data.fit}};
  write_package(run_->folder().package(), train::trace_model(encoder, job_.data.network_size()),
                example_pictures(pictures_, job_.exporting.pictures), options);
}

}  // namespace

int run_pretraining(const PretrainRequest& request) { return PretrainingJob(request).run(); }

}  // namespace manyfold::cli
