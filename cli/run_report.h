#pragma once

#include <string>

#include "cli/run_export.h"
#include "cli/training.h"
#include "report/event_file.h"
#include "train/evaluate.h"
#include "train/run_folder.h"

namespace manyfold::cli {

/// "step 500: score 0.612 (people/segmentation/person_iou 0.71, ...)".
std::string evaluation_line(const train::Evaluation& evaluation, int64_t steps_done);

/// Writes metrics.json and report.html of a run whose best weights `judged` holds: curves, figures,
/// example pictures of every validation set with truth and prediction, costs by layer, the config,
/// and the files that were set aside. The pictures go into `events` as well.
void write_run_report(const train::RunFolder& folder, const TrainingRequest& request,
                      const JudgedModel& judged, train::ValidationData& validation,
                      const data::BadFiles& training_bad_files, report::EventFile& events);

}  // namespace manyfold::cli
