#include "cli/label_teachers.h"

#include <algorithm>

#include "common/error.h"
#include "common/sha256.h"

namespace manyfold::cli {
namespace {

void check_input(const LoadedModel& first, const LoadedModel& other) {
  const auto &a = first.job.data, &b = other.job.data;
  if (a.network_size() == b.network_size() && a.how() == b.how()) return;
  const auto text = [](const LoadedModel& loaded) {
    const auto size = loaded.job.data.network_size();
    return loaded.origin + " takes " + std::to_string(size.width) + "x" +
           std::to_string(size.height) + " pixels with fit " + loaded.job.data.fit;
  };
  throw UserError(text(other) + ", and " + text(first) +
                  "; models that label together must take the same pictures");
}

bool wanted(const LabelJob& job, const std::string& task) {
  return job.tasks.empty() || std::count(job.tasks.begin(), job.tasks.end(), task) > 0;
}

void check_tasks(const LabelJob& job, const std::vector<std::string>& known) {
  for (const auto& task : job.tasks) {
    if (std::count(known.begin(), known.end(), task)) continue;
    throw ConfigError("--task " + task + ": no model has this task" + known_names(task, known));
  }
}

}  // namespace

LabelTeachers open_label_teachers(const LabelJob& job) {
  LabelTeachers teachers;
  teachers.provenance = nlohmann::json::array();
  std::vector<std::string> known;
  for (const auto& path : job.models) {
    teachers.models.push_back(load_model(path, job.overrides));
    const auto& loaded = teachers.models.back();
    check_input(teachers.models.front(), loaded);
    distill::Annotator annotator{loaded.predict, {}};
    nlohmann::json names = nlohmann::json::array();
    for (const auto& task : loaded.job.tasks) {
      known.push_back(task.first);
      if (!wanted(job, task.first)) continue;
      annotator.tasks.push_back(task);
      names.push_back(task.first);
    }
    teachers.annotators.push_back(std::move(annotator));
    teachers.provenance.push_back(
        {{"model", loaded.origin}, {"sha256", sha256_of_file(loaded.file)}, {"tasks", names}});
  }
  check_tasks(job, known);
  teachers.data = teachers.models.front().job.data;
  teachers.specs = train::label_specs(teachers.models.front().job.tasks);
  return teachers;
}

}  // namespace manyfold::cli
