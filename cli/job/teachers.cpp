#include "cli/job/teachers.h"

#include <ATen/Parallel.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "cli/job/load_model.h"
#include "cli/job/run_report.h"
#include "common/atomic_file.h"
#include "common/error.h"
#include "common/sha256.h"
#include "distill/cache.h"
#include "distill/check.h"
#include "distill/native_teacher.h"
#include "distill/onnx_teacher.h"
#include "distill/torchscript_teacher.h"

namespace manyfold::cli {
namespace {

namespace fs = std::filesystem;

/// An ONNX file that no export of manyfold made, or that cannot be loaded, which is then said of
/// it.
bool is_foreign_onnx(const fs::path& path) {
  if (path.extension() != ".onnx") return false;
  try {
    return exporters::Session::open(path).metadata().count("config") == 0;
  } catch (const UserError&) {
    return true;
  }
}

bool is_torchscript(const fs::path& path) {
  const auto extension = path.extension().string();
  return extension == ".pt" || extension == ".pth" || extension == ".ts";
}

bool is_foreign(const fs::path& path) { return is_torchscript(path) || is_foreign_onnx(path); }

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
  const auto& precision = loaded.job.precision;
  const bool has_maps =
      !loaded.model.is_empty() && precision != "int8" && precision != "fp16_device";
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
    throw UserError(
        "there is no such file; distill.teachers." + setup.name +
        ".model must be a run, a checkpoint, a package, or an ONNX or TorchScript file");
  }
  if (is_torchscript(path)) return distill::torchscript_teacher(setup, device);
  if (is_foreign_onnx(path)) return distill::onnx_teacher(setup, at::get_num_threads());
  return open_native(setup, job, strides);
}

/// The same; what is wrong with a file is said with whose file it is.
std::shared_ptr<distill::Teacher> open_named(const distill::TeacherSetup& setup,
                                             const JobOptions& job,
                                             const std::vector<int64_t>& strides,
                                             torch::Device device) {
  const auto who = distill::who(setup);
  try {
    return open_teacher(setup, job, strides, device);
  } catch (const ConfigError&) {
    throw;  // of the job's own keys, which it names
  } catch (const UserError& error) {
    const std::string text = error.what();
    throw UserError(text.rfind("teacher '", 0) == 0 ? text : who + ": " + text);
  }
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

void require_no_score(const std::string& name, const distill::TeacherOptions& options,
                      const std::string& why) {
  if (options.least_score == 0) return;
  throw UserError("teacher '" + name + "' (" + options.model + ") must score " +
                  std::to_string(options.least_score) + " (least_score), and " + why +
                  ": give sets that label what it teaches, or leave least_score out");
}

void require_score(const std::string& name, const distill::TeacherOptions& options, double score) {
  if (options.least_score == 0 || options.least_score <= score) return;
  char text[64];
  std::snprintf(text, sizeof text, "%.4f, below least_score = %g", score, options.least_score);
  const auto section = "distill.teachers." + name;
  throw UserError(
      "teacher '" + name + "' (" + options.model + ") scores " + text +
      ", on the validation sets, before a step of training. If it is better than that elsewhere, "
      "it " +
      (is_foreign(options.model)
           ? "sees other pictures or is read wrongly: check colour, scale, mean and deviation of " +
                 section + ".input, and activation and classes of " + section + ".outputs"
           : "sees other pictures: compare data.size, data.fit and the sets with those of its "
             "config"));
}

/// A folder that cannot be made is found before a night of training without it.
void make_cache_folder(const JobOptions& job) {
  std::error_code error;
  fs::create_directories(job.distill.cache, error);
  if (error) {
    throw UserError("distill.cache = " + job.distill.cache + ": cannot make this folder: " +
                    error.message() + "; name another, or leave it out");
  }
  if (!job.data.augment.enabled || job.data.augment.views > 0) return;
  spdlog::warn(
      "distill.cache = {}: with data.augment.views = 0 an augmented picture never comes again, and "
      "the cache cannot help; set data.augment.views, such as 4, or leave the cache out",
      job.distill.cache);
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
    auto teacher = open_named({name, options, job.tasks, job.data.size}, job, strides, device);
    distill::check_teacher(*teacher, job.tasks, pictures, expected);
    teachers.push_back(std::move(teacher));
  }
  return teachers;
}

OpenTeachers cached(const JobOptions& job, OpenTeachers teachers) {
  if (job.distill.cache.empty()) return teachers;
  make_cache_folder(job);
  for (auto& teacher : teachers) {
    teacher = std::make_shared<distill::CachedTeacher>(teacher, job.tasks, job.distill.cache,
                                                       at::get_num_threads());
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
                   {"hash", teacher->hash()},
                   {"tasks", teacher->tasks()}});
    if (validation.sources.empty()) {
      require_no_score(teacher->name(), options, "data.validation is empty");
      spdlog::warn("teacher '{}' cannot be scored: data.validation is empty", teacher->name());
      continue;
    }
    const auto evaluation = train::evaluate(
        [&](const torch::Tensor& pictures) {
          auto answer = teacher->answer(pictures);
          for (auto& entry : answer.outputs) {
            for (auto& tensor : entry.second) tensor = tensor.cpu();
          }
          return std::move(answer.outputs);
        },
        tasks_of(job, *teacher), validation);
    if (evaluation.score < 0)
      require_no_score(teacher->name(), options, "data.validation labels none of its tasks");
    spdlog::info("teacher '{}' ({}, hash {}): {}", teacher->name(), options.model,
                 teacher->hash().substr(0, 16), evaluation_line(evaluation));
    all.back()["score"] = evaluation.score;
    all.back()["figures"] = evaluation.flat();
    require_score(teacher->name(), options, evaluation.score);
  }
  return all;
}

void check_teachers(const OpenTeachers& teachers, const train::RunFolder& folder) {
  if (!fs::exists(folder.teachers())) return;
  std::map<std::string, std::string> then, now;
  for (const auto& entry : nlohmann::json::parse(read_file(folder.teachers())))
    then[entry.value("name", "")] = entry.value("hash", "");
  for (const auto& teacher : teachers) now[teacher->name()] = teacher->hash();
  if (then == now) return;
  std::string changes;
  for (const auto& [name, hash] : now) {
    const auto found = then.find(name);
    if (found == then.end()) {
      changes += "; '" + name + "' is new";
    } else if (found->second != hash) {
      changes += "; '" + name + "' has hash " + hash.substr(0, 16) + ", and had " +
                 found->second.substr(0, 16);
    }
  }
  for (const auto& [name, hash] : then) {
    if (now.count(name) == 0) changes += "; '" + name + "' is gone";
  }
  throw UserError(
      "cannot resume: the teachers are not those that the run began with" + changes +
      ". Bring their files and options back, or begin a new run with init=" + folder.path.string());
}

}  // namespace manyfold::cli
