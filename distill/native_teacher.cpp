#include "distill/native_teacher.h"

#include <algorithm>
#include <tuple>

#include "common/error.h"

namespace manyfold::distill {
namespace {

using Kind = data::LabelSpec::Kind;

/// Detectors are compared number by number: the numbers must mean the same.
void require_same_objects(const std::string& who, const train::Task& student,
                          const train::Task& teacher) {
  const auto ours = student.describe(), theirs = teacher.describe();
  for (const auto* key : {"classes", "landmarks", "anchors", "strides", "points"}) {
    const auto our = ours.value(key, nlohmann::json()), their = theirs.value(key, nlohmann::json());
    // What a lone class is called does not matter.
    const bool lone = key == std::string("classes") && our.size() == 1 && their.size() == 1;
    if (our == their || lone) continue;
    throw ConfigError(who + " has " + key + " = " + their.dump() + ", expected " + our.dump() +
                      " as the student; outputs can be imitated only in one layout. Labels work in "
                      "any: make them with manyfold label, or leave the task out of `tasks`");
  }
}

/// Student class -> channel, by name. In masks class 0 is the background, whatever it is called:
/// all that is nothing else.
std::map<std::string, std::string> classes_by_name(const std::string& who,
                                                   const data::LabelSpec& student,
                                                   const data::LabelSpec& teacher, bool binary) {
  const size_t first = student.kind == Kind::mask ? 1 : 0;
  std::map<std::string, std::string> classes;
  if (first == 1) classes[student.classes[0]] = "rest";
  for (size_t i = first; i < student.classes.size(); ++i) {
    const auto& known = teacher.classes;
    const auto begin = known.begin() + static_cast<std::ptrdiff_t>(first);
    const auto found = std::find(begin, known.end(), student.classes[i]);
    if (found == known.end()) {
      throw ConfigError(
          who + " has no class '" + student.classes[i] + "'" +
          known_names(student.classes[i], {begin, known.end()}) +
          "; say in `classes` which channels it is, or leave the task out of `tasks`");
    }
    classes[student.classes[i]] = std::to_string(found - known.begin() - (binary ? 1 : 0));
  }
  return classes;
}

/// What the teacher's output of a task means to the student.
OutputOptions output_of(const std::string& who, OutputOptions given, const train::Task& student,
                        const train::Task& teacher) {
  const auto ours = student.label(), theirs = teacher.label();
  if (ours.kind != theirs.kind) {
    throw ConfigError(who + " is of type " + teacher.describe().value("type", "") + ", expected " +
                      student.describe().value("type", "") +
                      " as the student; leave the task out of `tasks`");
  }
  if (ours.kind == Kind::objects) {
    require_same_objects(who, student, teacher);
    return given;
  }
  const bool binary = ours.kind == Kind::mask && theirs.classes.size() == 2;
  given.activation = binary ? "binary_logits" : "logits";
  if (given.classes.empty() && ours.classes != theirs.classes)
    given.classes = classes_by_name(who, ours, theirs, binary);
  return given;
}

bool is_set(const InputOptions& input) {
  const auto parts = [](const InputOptions& of) {
    return std::make_tuple(of.size.height, of.size.width, of.layout, of.colour, of.type, of.scale,
                           of.mean, of.deviation);
  };
  return parts(input) != parts(InputOptions());
}

/// What foreign models alone must be told.
void refuse_foreign_options(const TeacherSetup& setup) {
  const auto refuse = [&](const std::string& key, const std::string& known) {
    throw ConfigError(section_of(setup) + "." + key + " is set, and " + setup.options.model +
                      " is a model of manyfold, which knows " + known + "; leave it out");
  };
  if (is_set(setup.options.input)) refuse("input", "how it takes its pictures");
  if (!setup.options.features.empty()) refuse("features", "its own feature maps");
}

/// The tasks that are taught, each with its output.
std::vector<std::pair<std::string, OutputOptions>> outputs_of(const TeacherSetup& setup,
                                                              const NativeModel& model) {
  refuse_unknown_tasks(setup);
  const auto& wanted = setup.options.tasks;
  std::vector<std::string> known;
  for (const auto& entry : model.tasks) known.push_back(entry.first);
  std::vector<std::pair<std::string, OutputOptions>> outputs;
  for (const auto& [task, options] : setup.tasks) {
    const bool named = std::count(wanted.begin(), wanted.end(), task) > 0;
    if (!wanted.empty() && !named) continue;
    const auto* output = setup.options.output(task);
    auto given = output ? *output : OutputOptions();
    const bool chosen = named || !given.name.empty();
    if (given.name.empty()) given.name = task;
    const auto* teacher = find_task(model.tasks, given.name);
    const auto place = who(setup) + ", task '" + given.name + "',";
    if (teacher) {
      outputs.emplace_back(task, output_of(place, given, *options.task, *teacher));
    } else if (chosen) {
      throw ConfigError(who(setup) + " has no task '" + given.name + "'" +
                        known_names(given.name, known));
    }
  }
  if (!outputs.empty()) return outputs;
  throw ConfigError(who(setup) + " has no task of this job" + known_names("", known) + "; say in " +
                    section_of(setup) + ".outputs.<task>.name which of them is a task of the job");
}

/// As exported files name them: "<task>", or "<task>.0", "<task>.1" of a head with several.
void add_outputs(const std::string& task, const std::vector<torch::Tensor>& tensors, Named& named) {
  if (tensors.size() == 1) named[task] = tensors[0];
  for (size_t i = 0; i < tensors.size() && tensors.size() > 1; ++i)
    named[task + "." + std::to_string(i)] = tensors[i];
}

}  // namespace

std::string map_name(int64_t stride) { return "stride" + std::to_string(stride); }

Run run_with_maps(models::MultiTaskModel model) {
  model->eval();
  return [model](const torch::Tensor& pictures) mutable {
    const auto maps = model->encode(pictures.to(model->parameters().front().device()));
    const auto infos = model->encoder().features();
    Named outputs;
    for (size_t i = 0; i < maps.size(); ++i) outputs[map_name(infos[i].stride)] = maps[i];
    const auto seen = model->remember(maps, {}).features;  // every picture by itself
    for (const auto& task : model->tasks()) add_outputs(task, model->head(task, seen), outputs);
    return outputs;
  };
}

Run run_outputs(train::Predictor predict) {
  return [predict = std::move(predict)](const torch::Tensor& pictures) {
    Named named;
    for (const auto& [task, tensors] : predict(pictures)) add_outputs(task, tensors, named);
    return named;
  };
}

std::shared_ptr<Teacher> native_teacher(TeacherSetup setup, NativeModel model,
                                        const std::vector<int64_t>& strides) {
  refuse_foreign_options(setup);
  setup.native = true;
  auto& options = setup.options;
  options.outputs = outputs_of(setup, model);
  options.tasks.clear();
  for (const auto& entry : options.outputs) options.tasks.push_back(entry.first);
  options.input = {};
  options.input.type = "uint8";  // the normalisation is part of the model
  options.input.size = model.size;
  options.features.clear();
  for (const auto stride : strides) {
    if (std::count(model.strides.begin(), model.strides.end(), stride))
      options.features[std::to_string(stride)] = map_name(stride);
  }
  return model_teacher(setup, model.hash, std::move(model.run));
}

}  // namespace manyfold::distill
