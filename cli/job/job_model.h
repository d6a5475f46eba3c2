#pragma once

#include <memory>
#include <optional>

#include "cli/job/job_options.h"
#include "cli/job/teachers.h"
#include "data/loading/training_data.h"
#include "distill/distillation.h"
#include "models/multitask.h"
#include "train/clip_memory.h"
#include "train/precision.h"
#include "train/qat.h"
#include "train/run_folder.h"
#include "train/supervised.h"

namespace manyfold::cli {

/// The model of a training job, with the weights it begins with, in the job's arithmetic.
class JobModel {
 public:
  /// `resumed`: the run that is gone on with, whose checkpoint brings the weights; none for a new
  /// one. Int8: the ranges of a new run are calibrated here.
  /// Throws ConfigError for int8 without `init`, and UserError for an `init` that does not fit, a
  /// precision that the device cannot run, and as quantise::QuantisedModel.
  JobModel(const JobOptions& job, torch::Device device,
           const std::optional<train::RunFolder>& resumed);

  models::MultiTaskModel& model() { return model_; }
  quantise::QuantisedModel* quantised() { return quantised_.get(); }  // of int8, else null
  /// The float model that int8 training is pulled to; null without.
  models::MultiTaskModel float_model() { return float_model_; }
  const OpenTeachers& teachers() const { return teachers_; }
  /// What is trained beside the model, see train::LoopHooks; may be null.
  std::shared_ptr<torch::nn::Module> beside() const;

  /// The loss terms of a batch in a step counted from 0.
  train::TaskTerms terms(const data::Batch& batch, int64_t step);
  /// The model as it is judged; the caller sets evaluation mode. Of int8: as it stands now, in the
  /// device's arithmetic.
  train::Predictor predictor();

 private:
  train::Lessons lessons(const data::Batch& batch, int64_t step, const models::State& state);
  void load_init();
  void prepare_memory();
  void load_float_model(const train::RunFolder& run);
  void prepare_int8(const std::optional<train::RunFolder>& resumed);

  const JobOptions& job_;
  torch::Device device_;
  models::MultiTaskModel model_, float_model_{nullptr};
  std::shared_ptr<quantise::QuantisedModel> quantised_;
  std::unique_ptr<train::QatSchedule> schedule_;
  train::PrecisionForward forward_;
  train::Forward float_forward_;
  OpenTeachers teachers_;
  std::unique_ptr<distill::Distillation> distillation_;  // null without teachers
  std::shared_ptr<train::ClipMemory> memory_;            // null where steps do not go on with clips
};

/// The weights of a job's terms, by task, and of those on the encoder's maps if it has any.
std::map<std::string, double> task_weights(const JobOptions& job);

/// What a job asks of its training data. Pictures without labels are of use to teachers, and clips
/// without labels to a loss that asks for steadiness.
data::TrainingNeeds needs_of(const JobOptions& job);

models::StateDict without_quantisers(const models::StateDict& weights);

/// Whether weights hold the state of quantisers, as those of an int8 run do.
bool holds_quantisers(const models::StateDict& weights);

}  // namespace manyfold::cli
