#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/job/job_options.h"
#include "distill/teacher.h"
#include "models/multitask.h"
#include "train/evaluate.h"
#include "train/run_folder.h"

namespace manyfold::cli {

using OpenTeachers = std::vector<std::shared_ptr<distill::Teacher>>;

/// The teachers of a job, each answering as the student's heads do.
/// Throws UserError and ConfigError for a file that is no model, and for one whose pictures,
/// outputs or classes do not fit the student: the teacher, the output and the task are named.
OpenTeachers open_teachers(const JobOptions& job, models::MultiTaskModel& student,
                           torch::Device device);

/// The same behind the job's cache, if it has one. Throws UserError when its folder cannot be made,
/// and warns when it cannot help.
OpenTeachers cached(const JobOptions& job, OpenTeachers teachers);

/// Scores every teacher on the validation sets, says so, and returns the figures: an array of
/// {name, model, hash, tasks, score, figures}.
/// Throws UserError for one that is below its `least_score`, or whose answers are not finite.
nlohmann::json judge_teachers(const JobOptions& job, const OpenTeachers& teachers,
                              train::ValidationData& validation);

/// Throws UserError when a teacher is not the one that the run began with.
void check_teachers(const OpenTeachers& teachers, const train::RunFolder& folder);

}  // namespace manyfold::cli
