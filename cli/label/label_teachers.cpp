#include "cli/label/label_teachers.h"

#include <algorithm>

#include "cli/job/build_model.h"
#include "cli/job/load_model.h"
#include "cli/job/saved_job.h"
#include "cli/job/teachers.h"
#include "common/atomic_file.h"
#include "common/error.h"
#include "common/sha256.h"

namespace manyfold::cli {
namespace {

namespace fs = std::filesystem;

/// One of those who label, with the job whose pictures and tasks it has.
struct Candidate {
  std::string name;  // "runs/x/checkpoints/best.safetensors in LibTorch"
  std::string sha256;
  const JobOptions& job;
  distill::Annotator annotator;
};

bool wanted(const LabelJob& job, const std::string& task) {
  return job.tasks.empty() || std::count(job.tasks.begin(), job.tasks.end(), task) > 0;
}

class Opener {
 public:
  explicit Opener(const LabelJob& job) : job_(job) {
    teachers_.provenance = nlohmann::json::array();
  }

  LabelTeachers open() {
    for (const auto& path : job_.models) {
      const auto kind = path.extension();
      kind == ".yaml" || kind == ".yml" ? open_described(path) : open_model(path);
    }
    for (const auto& task : job_.tasks) {
      if (std::count(known_.begin(), known_.end(), task)) continue;
      throw ConfigError("--task " + task + ": no model has this task" + known_names(task, known_));
    }
    return std::move(teachers_);
  }

 private:
  void open_model(const fs::path& path) {
    const auto loaded = std::make_shared<LoadedModel>(load_model(path, job_.overrides));
    const auto predict = [loaded](const torch::Tensor& pictures) {
      return loaded->predict(pictures);
    };
    add({loaded->origin, sha256_of_file(loaded->file), loaded->job, {predict, loaded->job.tasks}});
  }

  void open_described(const fs::path& path) {
    const auto job = saved_job(read_file(path), path.string(), job_.overrides).job;
    if (job.distill.teachers.empty())
      throw ConfigError(path.string() + " describes no teachers: it needs distill.teachers");
    const auto device = prepare_compute(job.run);
    auto student = build_model(job, device);
    for (const auto& teacher : open_teachers(job, student, device)) {
      train::Tasks tasks;
      for (const auto& task : job.tasks) {
        const auto answered = teacher->tasks();
        if (std::count(answered.begin(), answered.end(), task.first)) tasks.push_back(task);
      }
      const auto predict = [teacher, device](const torch::Tensor& pictures) {
        auto outputs = teacher->answer(pictures.to(device)).outputs;
        for (auto& entry : outputs) {
          for (auto& tensor : entry.second) tensor = tensor.cpu();
        }
        return outputs;
      };
      add({"teacher '" + teacher->name() + "' of " + path.string(),
           teacher->hash(),
           job,
           {predict, tasks}});
    }
  }

  void add(Candidate candidate) {
    const auto& data = candidate.job.data;
    if (first_.empty()) {
      first_ = candidate.name;
      teachers_.data = data;
      teachers_.specs = train::label_specs(candidate.job.tasks);
    }
    check_input(candidate.name, data);
    distill::Annotator annotator{std::move(candidate.annotator.predict), {}};
    nlohmann::json names = nlohmann::json::array();
    for (const auto& task : candidate.annotator.tasks) {
      known_.push_back(task.first);
      if (!wanted(job_, task.first)) continue;
      annotator.tasks.push_back(task);
      names.push_back(task.first);
    }
    teachers_.annotators.push_back(std::move(annotator));
    teachers_.provenance.push_back(
        {{"model", candidate.name}, {"sha256", candidate.sha256}, {"tasks", names}});
  }

  void check_input(const std::string& name, const data::DataOptions& other) const {
    const auto& ours = teachers_.data;
    if (ours.network_size() == other.network_size() && ours.how() == other.how()) return;
    const auto text = [](const std::string& who, const data::DataOptions& data) {
      const auto size = data.network_size();
      return who + " takes " + std::to_string(size.width) + "x" + std::to_string(size.height) +
             " pixels with fit " + data.fit;
    };
    throw UserError(text(name, other) + ", and " + text(first_, ours) +
                    "; models that label together must take the same pictures");
  }

  const LabelJob& job_;
  LabelTeachers teachers_;
  std::string first_;
  std::vector<std::string> known_;  // tasks
};

}  // namespace

LabelTeachers open_label_teachers(const LabelJob& job) { return Opener(job).open(); }

}  // namespace manyfold::cli
