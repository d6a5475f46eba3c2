#pragma once

#include <string>

#include "cli/job/run_export.h"
#include "cli/job/training.h"
#include "report/event_file.h"
#include "report/report.h"
#include "train/evaluate.h"
#include "train/run_folder.h"

namespace manyfold::cli {

/// "score 0.612, people/segmentation person_iou 0.71, ...": the headline of each set.
std::string evaluation_line(const train::Evaluation& evaluation);

/// What a run was made with, for the end of its report.
report::NamedTexts environment(const RunOptions& run);

/// Writes metrics.json and report.html of a run whose best weights `judged` holds: curves, figures,
/// example pictures of every validation set with truth and prediction, costs by layer, the config,
/// and the files that were set aside. The pictures go into `events` as well.
void write_run_report(const train::RunFolder& folder, const TrainingRequest& request,
                      const JudgedModel& judged, train::ValidationData& validation,
                      const data::BadFiles& training_bad_files, report::EventFile& events);

}  // namespace manyfold::cli
