#include "cli/teachers.h"

#include <ATen/Parallel.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>

#include "cli/load_model.h"
#include "cli/run_report.h"
#include "common/atomic_file.h"
#include "common/error.h"
#include "common/sha256.h"
#include "distill/asked.h"
#include "distill/cache.h"
#include "distill/check.h"
#include "distill/native_teacher.h"
#include "distill/onnx_teacher.h"
#include "distill/torchscript_teacher.h"

namespace manyfold::cli {
namespace {

namespace fs = std::filesystem;

/// An ONNX file that no export of manyfold made.
bool is_foreign_onnx(const fs::path& path) {
  return path.extension() == ".onnx" &&
         exporters::Session::open(path).metadata().count("config") == 0;
}

bool is_torchscript(const fs::path& path) {
  const auto extension = path.extension().string();
  return extension == ".pt" || extension == ".pth" || extension == ".ts";
}

/// A run, checkpoint or package, on the job's device and threads.
std::shared_ptr<distill::Teacher> open_native(const distill::TeacherSetup& setup,
                                              const JobOptions& job,
                                              const std::vector<int64_t>& strides) {
  auto loaded = load_model(
      setup.options.model,
      {"run.threads=" + std::to_string(at::get_num_threads()), "run.device=" + job.run.device});
  distill::NativeModel model;
  model.tasks = loaded.job.tasks;
  model.size = loaded.job.data.size;
  model.hash = sha256_of_file(loaded.file);
  const bool has_maps = !loaded.model.is_empty() && loaded.job.precision == "fp32";
  if (has_maps) {
    for (const auto& map : loaded.model->encoder().features()) model.strides.push_back(map.stride);
    model.run = distill::run_with_maps(loaded.model);
  } else {
    model.run = distill::run_outputs(
        [loaded](const torch::Tensor& pictures) { return loaded.predict(pictures.cpu()); });
  }
  return distill::native_teacher(setup, std::move(model), strides);
}

std::shared_ptr<distill::Teacher> open_teacher(const distill::TeacherSetup& setup,
                                               const JobOptions& job,
                                               const std::vector<int64_t>& strides,
                                               torch::Device device) {
  const fs::path path = setup.options.model;
  if (!fs::exists(path)) {
    throw UserError("distill.teachers." + setup.name + ".model = " + path.string() +
                    " does not exist; expected a run, a checkpoint, a package, or an ONNX or "
                    "TorchScript file");
  }
  if (is_torchscript(path)) return distill::torchscript_teacher(setup, device);
  if (is_foreign_onnx(path)) return distill::onnx_teacher(setup, at::get_num_threads());
  return open_native(setup, job, strides);
}

/// What the student's heads give for the two pictures that teachers are checked with.
models::Outputs outputs_of(models::MultiTaskModel& student, const torch::Tensor& pictures) {
  const torch::NoGradGuard no_grad;
  student->eval();
  return student->forward(pictures);
}

train::Tasks tasks_of(const JobOptions& job, const distill::Teacher& teacher) {
  const auto answered = teacher.tasks();
  train::Tasks tasks;
  for (const auto& task : job.tasks) {
    if (std::count(answered.begin(), answered.end(), task.first)) tasks.push_back(task);
  }
  return tasks;
}

const distill::TeacherOptions& options_of(const JobOptions& job, const std::string& teacher) {
  for (const auto& [name, options] : job.distill.teachers) {
    if (name == teacher) return options;
  }
  TORCH_CHECK(false, "no teacher '", teacher, "' in the options");
}

void require_score(const std::string& name, const distill::TeacherOptions& options, double score) {
  if (options.least_score <= score || options.least_score == 0) return;
  char text[64];
  std::snprintf(text, sizeof text, "%.4f, below least_score = %g", score, options.least_score);
  throw UserError(
      "teacher '" + name + "' (" + options.model + ") scores " + text +
      ", on the validation sets, before a step of training. If it is better than that elsewhere, "
      "it "
      "sees other pictures or is read wrongly: check input.colour, scale, mean and deviation, and "
      "the outputs' activation and classes");
}

}  // namespace

OpenTeachers open_teachers(const JobOptions& job, models::MultiTaskModel& student,
                           torch::Device device) {
  const auto size = job.data.network_size();
  const auto pictures =
      torch::full({2, 3, size.height, size.width}, 114, torch::TensorOptions(torch::kByte))
          .to(device)
          .contiguous(torch::MemoryFormat::ChannelsLast);
  const auto expected = outputs_of(student, pictures);
  const auto strides = job.distill.strides(student->encoder().features().back().stride);
  OpenTeachers teachers;
  for (const auto& [name, options] : job.distill.teachers) {
    auto teacher = open_teacher({name, options, job.tasks, job.data.size}, job, strides, device);
    distill::check_teacher(*teacher, job.tasks, pictures, expected);
    if (!job.distill.cache.empty()) {
      teacher = std::make_shared<distill::CachedTeacher>(teacher, job.tasks, job.distill.cache,
                                                         at::get_num_threads());
    }
    teachers.push_back(std::move(teacher));
  }
  return teachers;
}

nlohmann::json judge_teachers(const JobOptions& job, const OpenTeachers& teachers,
                              train::ValidationData& validation) {
  nlohmann::json all = nlohmann::json::array();
  for (const auto& teacher : teachers) {
    const auto& options = options_of(job, teacher->name());
    all.push_back({{"name", teacher->name()},
                   {"model", options.model},
                   {"sha256", teacher->hash()},
                   {"tasks", teacher->tasks()}});
    if (validation.sources.empty()) {
      spdlog::warn("teacher '{}' cannot be scored: data.validation is empty", teacher->name());
      continue;
    }
    const auto evaluation = train::evaluate(
        [&](const torch::Tensor& pictures) {
          auto answer = teacher->answer(pictures);
          distill::require_finite(teacher->name(), answer);
          for (auto& entry : answer.outputs) {
            for (auto& tensor : entry.second) tensor = tensor.cpu();
          }
          return std::move(answer.outputs);
        },
        tasks_of(job, *teacher), validation);
    spdlog::info("teacher '{}' ({}, sha256 {}): {}", teacher->name(), options.model,
                 teacher->hash().substr(0, 16), evaluation_line(evaluation));
    all.back()["score"] = evaluation.score;
    all.back()["figures"] = evaluation.flat();
    require_score(teacher->name(), options, evaluation.score);
  }
  return all;
}

void check_teachers(const OpenTeachers& teachers, const train::RunFolder& folder) {
  if (!fs::exists(folder.teachers())) return;
  const auto known = nlohmann::json::parse(read_file(folder.teachers()));
  for (const auto& teacher : teachers) {
    for (const auto& entry : known) {
      if (entry.value("name", "") != teacher->name()) continue;
      const auto hash = entry.value("sha256", "");
      if (hash == teacher->hash()) continue;
      throw UserError("cannot resume: teacher '" + teacher->name() +
                      "' is not the one that the run began with (sha256 " + hash.substr(0, 16) +
                      " then, " + teacher->hash().substr(0, 16) +
                      " now): bring the file and its options back, or begin a new run with "
                      "init=" +
                      folder.path.string());
    }
  }
}

}  // namespace manyfold::cli
