#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "distill/options.h"
#include "distill/teacher.h"
#include "train/task.h"

namespace manyfold::distill {

/// Tensors by name.
using Named = std::map<std::string, torch::Tensor>;

/// A model, wherever it runs: prepared pictures -> all its outputs, raw.
using Run = std::function<Named(const torch::Tensor& input)>;

/// Who teaches whom: what every kind of teacher is made from.
struct TeacherSetup {
  std::string name;  // in the config
  TeacherOptions options;
  train::Tasks tasks;        // the student's
  config::PictureSize size;  // of the job's pictures
  bool native = false;       // a model of this project, which knows how it takes its pictures
};

/// A teacher out of a model with named outputs: prepares its pictures, runs it, and brings its
/// outputs to the student's classes and layout. `file_hash`: of the model's file.
///
/// Runs it once, on two black pictures. Throws ConfigError, which names the teacher, the task and
/// the output, for an output that the model has not and for one that cannot be what the options
/// say.
/// Its answers throw UserError, which says the same, where a number is not finite.
std::shared_ptr<Teacher> model_teacher(const TeacherSetup& setup, const std::string& file_hash,
                                       Run run);

/// The task of a name; null when there is none.
const train::Task* find_task(const train::Tasks& tasks, const std::string& name);

/// "teacher 'big' (teacher.onnx)", to begin an error with.
std::string who(const TeacherSetup& setup);
/// "distill.teachers.big", where its options stand.
std::string section_of(const TeacherSetup& setup);

/// Throws ConfigError when `tasks` or `outputs` name a task that the job has not.
void refuse_unknown_tasks(const TeacherSetup& setup);

}  // namespace manyfold::distill
