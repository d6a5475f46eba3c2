#include "distill/model_teacher.h"

#include <spdlog/spdlog.h>
#include <torch/types.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/sha256.h"
#include "distill/adapter.h"

namespace manyfold::distill {
namespace {

using torch::Tensor;

/// One task of the student as this teacher answers it.
struct Subject {
  std::string task;
  data::LabelSpec label;
  OutputOptions options;  // with the name of the output
};

std::vector<std::string> names_of(const Named& outputs) {
  std::vector<std::string> names;
  for (const auto& entry : outputs) names.push_back(entry.first);
  return names;
}

/// The outputs that a name means: itself, or "<name>.0", "<name>.1" of a head with several. None
/// where there are none.
std::vector<std::string> parts_of(const Named& outputs, const std::string& name) {
  if (outputs.count(name)) return {name};
  std::vector<std::string> parts;
  while (outputs.count(name + "." + std::to_string(parts.size())))
    parts.push_back(name + "." + std::to_string(parts.size()));
  return parts;
}

/// The name of the output that holds a task; empty when there is none and `needed` is false.
std::string output_for(const TeacherSetup& setup, const std::string& task, const std::string& given,
                       const Named& outputs, bool needed) {
  const auto& name = given.empty() ? task : given;
  if (!parts_of(outputs, name).empty()) return name;
  const bool alone = outputs.size() == 1 && (needed || setup.tasks.size() == 1);
  if (given.empty() && alone) return outputs.begin()->first;
  if (!needed) return "";
  throw ConfigError(who(setup) + " has no output '" + name + "' for task '" + task + "'" +
                    known_names(name, names_of(outputs)) + "; name it in " + section_of(setup) +
                    ".outputs." + task + ".name");
}

std::vector<Subject> subjects_of(const TeacherSetup& setup, const Named& outputs) {
  refuse_unknown_tasks(setup);
  const auto& wanted = setup.options.tasks;
  std::vector<Subject> subjects;
  for (const auto& [task, options] : setup.tasks) {
    const bool named = std::count(wanted.begin(), wanted.end(), task) > 0;
    if (!wanted.empty() && !named) continue;
    const auto* given = setup.options.output(task);
    auto output = given ? *given : OutputOptions();
    output.name = output_for(setup, task, output.name, outputs, named || given);
    if (!output.name.empty()) subjects.push_back({task, options.task->label(), output});
  }
  if (!subjects.empty()) return subjects;
  const auto& first = setup.tasks.front().first;
  throw ConfigError(who(setup) + " has no output named as a task of this job" +
                    known_names(first, names_of(outputs)) + "; say in " + section_of(setup) +
                    ".outputs." + first + ".name which one it is");
}

/// How the answers come about, beside the file.
nlohmann::json reading_of(const TeacherSetup& setup, const std::vector<Subject>& subjects) {
  const auto& input = setup.options.input;
  nlohmann::json reading = {
      {"size", {input.size.height, input.size.width}},
      {"job", {setup.size.height, setup.size.width}},
      {"input", {input.layout, input.colour, input.type}},
      {"range", {input.scale, input.mean, input.deviation}},
      {"features", setup.options.features},
  };
  for (const auto& [task, label, options] : subjects) {
    reading["outputs"][task] = {options.name, options.layout, options.activation, options.classes,
                                label.classes};
  }
  return reading;
}

/// What an error says, without where in LibTorch it arose, and of TorchScript without the lines of
/// code before the cause.
std::string words(const std::exception& error) {
  const auto* of_torch = dynamic_cast<const c10::Error*>(&error);
  std::string text = of_torch ? of_torch->what_without_backtrace() : error.what();
  const std::string cause = "RuntimeError: ";
  const auto found = text.rfind(cause);
  if (found != std::string::npos) text.erase(0, found + cause.size());
  text.erase(text.find_last_not_of(" \n") + 1);
  return text.substr(0, 600);
}

/// One number is looked at, unless it is bad: a sum may overflow where all parts are finite.
bool finite(const Tensor& tensor) {
  return torch::isfinite(tensor.sum()).item<bool>() || torch::isfinite(tensor).all().item<bool>();
}

class ModelTeacher : public Teacher {
 public:
  ModelTeacher(TeacherSetup setup, const std::string& file_hash, Run run)
      : setup_(std::move(setup)), run_(std::move(run)) {
    const auto black = torch::zeros({2, 3, setup_.size.height, setup_.size.width}, torch::kByte);
    const auto outputs = ask(black);
    subjects_ = subjects_of(setup_, outputs);
    const auto answer = adapted(outputs, black);
    doubt_activations(outputs);
    for (const auto& [stride, map] : answer.features) features_.push_back({map.size(1), stride});
    hash_ = sha256(file_hash + reading_of(setup_, subjects_).dump());
  }

  Answer answer(const Tensor& pictures) override { return adapted(ask(pictures), pictures); }
  std::string name() const override { return setup_.name; }
  std::string hash() const override { return hash_; }
  std::vector<models::FeatureInfo> features() const override { return features_; }
  std::vector<std::string> tasks() const override {
    std::vector<std::string> names;
    for (const auto& subject : subjects_) names.push_back(subject.task);
    return names;
  }

 private:
  Named ask(const Tensor& pictures) const;
  Answer adapted(const Named& outputs, const Tensor& pictures) const;
  void doubt_activations(const Named& outputs) const;
  void require_finite(const Tensor& tensor, const std::string& what) const;
  /// Where to look when it cannot be asked.
  std::string way_out() const {
    return setup_.native ? "" : "; see " + section_of(setup_) + ".input";
  }
  std::string place(const std::string& output, const std::string& what) const {
    return who(setup_) + ", output '" + output + "' for " + what;
  }

  TeacherSetup setup_;
  Run run_;
  std::vector<Subject> subjects_;
  std::vector<models::FeatureInfo> features_;
  std::string hash_;
};

Named ModelTeacher::ask(const Tensor& pictures) const {
  const torch::NoGradGuard no_grad;
  const auto input = prepare_pictures(pictures, setup_.options.input);
  try {
    return run_(input);
  } catch (const UserError& error) {
    throw UserError(who(setup_) + ": " + error.what() + way_out());
  } catch (const std::exception& error) {  // LibTorch's, and TorchScript's, which is no c10::Error
    throw UserError(who(setup_) + " failed on pictures " + shape_text(input) + ": " + words(error) +
                    way_out());
  }
}

/// Whether the raw numbers can be what the options say; what is only unlikely is a warning.
void ModelTeacher::doubt_activations(const Named& outputs) const {
  for (const auto& [task, label, options] : subjects_) {
    for (const auto& part : parts_of(outputs, options.name)) {
      const auto doubt = check_activation(place(part, "task '" + task + "'"), outputs.at(part),
                                          options, label.kind);
      if (!doubt.empty()) spdlog::warn(doubt);
    }
  }
}

void ModelTeacher::require_finite(const Tensor& tensor, const std::string& what) const {
  if (finite(tensor)) return;
  throw UserError(who(setup_) + " answers with numbers that are not finite: " + what +
                  (setup_.native
                       ? "; take another checkpoint of it"
                       : "; look at " + section_of(setup_) + ".input (scale, mean, deviation)") +
                  ", or leave it out");
}

Answer ModelTeacher::adapted(const Named& outputs, const Tensor& pictures) const {
  const torch::NoGradGuard no_grad;
  const config::PictureSize size = {pictures.size(2), pictures.size(3)};
  const auto checked = [&](const std::string& name, const std::string& what) {
    const auto found = outputs.find(name);
    if (found == outputs.end()) {
      throw ConfigError(who(setup_) + " has no output '" + name + "' for " + what +
                        known_names(name, names_of(outputs)));
    }
    const auto& raw = found->second;
    if (raw.dim() > 0 && raw.size(0) == pictures.size(0)) return raw.to(pictures.device());
    throw ConfigError(place(name, what) + " is " + shape_text(raw) +
                      ", expected one row for each of " + std::to_string(pictures.size(0)) +
                      " pictures");
  };
  Answer answer;
  for (const auto& [task, label, options] : subjects_) {
    const auto what = "task '" + task + "'";
    for (const auto& part : parts_of(outputs, options.name)) {
      const auto raw = checked(part, what);
      try {
        answer.outputs[task].push_back(adapt_output(place(part, what), raw, options, label, size));
      } catch (const ConfigError& error) {
        throw ConfigError(std::string(error.what()) + "; see " + section_of(setup_) + ".outputs." +
                          task);
      }
      require_finite(answer.outputs[task].back(), what + ", output '" + part + "'");
    }
  }
  for (const auto& [stride, name] : setup_.options.features) {
    const auto map = checked(name, "features at stride " + stride);
    if (map.dim() != 4) {
      throw ConfigError(place(name, "features at stride " + stride) + " is " + shape_text(map) +
                        ", expected [N, channels, height, width]");
    }
    require_finite(map, "features at stride " + stride + ", output '" + name + "'");
    const bool channels_last = setup_.options.input.layout == "nhwc";
    answer.features[std::stoll(stride)] =
        (channels_last ? map.permute({0, 3, 1, 2}) : map).to(torch::kFloat);
  }
  return answer;
}

}  // namespace

const train::Task* find_task(const train::Tasks& tasks, const std::string& name) {
  for (const auto& [known, options] : tasks) {
    if (known == name) return options.task.get();
  }
  return nullptr;
}

std::string who(const TeacherSetup& setup) {
  return "teacher '" + setup.name + "' (" + setup.options.model + ")";
}

std::string section_of(const TeacherSetup& setup) { return "distill.teachers." + setup.name; }

void refuse_unknown_tasks(const TeacherSetup& setup) {
  std::vector<std::string> known, named = setup.options.tasks;
  for (const auto& entry : setup.tasks) known.push_back(entry.first);
  for (const auto& entry : setup.options.outputs) named.push_back(entry.first);
  for (const auto& name : named) {
    if (find_task(setup.tasks, name)) continue;
    throw ConfigError(who(setup) + " is to teach '" + name + "', which is no task of this job" +
                      known_names(name, known));
  }
}

std::shared_ptr<Teacher> model_teacher(const TeacherSetup& setup, const std::string& file_hash,
                                       Run run) {
  return std::make_shared<ModelTeacher>(setup, file_hash, std::move(run));
}

}  // namespace manyfold::distill
