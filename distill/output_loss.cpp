#include "distill/output_loss.h"

#include <torch/types.h>

#include <algorithm>

#include "common/error.h"
#include "losses/channel_wise.h"

namespace manyfold::distill {
namespace {

using torch::Tensor;
using Tensors = std::vector<Tensor>;

/// What the teachers of one task said.
struct Taught {
  std::vector<Tensors> answers;
  std::vector<double> weights;
};

Tensors select(const Tensors& tensors, const Tensor& rows) {
  Tensors selected;
  for (const auto& tensor : tensors)
    selected.push_back(tensor.index_select(0, rows.to(tensor.device())));
  return selected;
}

Taught select(const Taught& taught, const Tensor& rows) {
  Taught selected{{}, taught.weights};
  for (const auto& answer : taught.answers) selected.answers.push_back(select(answer, rows));
  return selected;
}

Taught taught_of(const std::string& task, const Teachers& teachers, const Answers& answers) {
  Taught taught;
  for (size_t i = 0; i < answers.size(); ++i) {
    const auto found = answers[i].outputs.find(task);
    if (found == answers[i].outputs.end()) continue;
    taught.answers.push_back(found->second);
    taught.weights.push_back(teachers.weights[i]);
  }
  return taught;
}

Tensor mean_of(const Taught& taught, size_t output) {
  Tensor sum;
  double total = 0;
  for (size_t i = 0; i < taught.answers.size(); ++i) {
    const auto part = taught.answers[i].at(output) * taught.weights[i];
    sum = sum.defined() ? sum + part : part;
    total += taught.weights[i];
  }
  return sum / total;
}

Tensor channel_loss(const Tensors& outputs, const Taught& taught, double temperature) {
  Tensor loss;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const auto part = losses::imitate_channels(outputs[i], mean_of(taught, i), temperature);
    loss = loss.defined() ? loss + part : part;
  }
  return loss;
}

/// A detector's channels are no maps of something: coordinates are strong nowhere.
bool has_map(const train::Task& task) { return task.label().kind == data::LabelSpec::Kind::mask; }

/// The rows of a batch that a loss is about; none = all.
train::Rows rows_of(const LossOptions& options, const data::Batch& batch, const std::string& task) {
  const auto& present = batch.labels.at(task).present;
  auto chosen = torch::ones_like(present);
  if (options.rows == "labelled") chosen = present.clone();
  if (options.rows == "unlabelled") chosen = present.logical_not();
  const auto frames = batch.frames();
  for (int64_t n = 0; n < batch.size() && !options.sources.empty(); ++n) {
    const auto& source = batch.origins[static_cast<size_t>(n)].source;
    if (std::count(options.sources.begin(), options.sources.end(), source) == 0)
      chosen.narrow(0, n * frames, frames).fill_(false);
  }
  if (chosen.all().item<bool>()) return {};
  return chosen.nonzero().flatten();
}

void check_names(const std::string& place, const std::vector<std::string>& names,
                 const train::Tasks& tasks) {
  std::vector<std::string> known;
  for (const auto& entry : tasks) known.push_back(entry.first);
  for (const auto& name : names) {
    if (std::count(known.begin(), known.end(), name)) continue;
    throw ConfigError(place + ".tasks names '" + name + "', which is no task of this job" +
                      known_names(name, known));
  }
}

bool answered(const std::string& task, const Teachers& teachers) {
  return std::any_of(teachers.all.begin(), teachers.all.end(), [&](const auto& teacher) {
    const auto tasks = teacher->tasks();
    return std::count(tasks.begin(), tasks.end(), task) > 0;
  });
}

}  // namespace

OutputLoss::OutputLoss(std::string name, LossOptions options, const train::Tasks& tasks,
                       const Teachers& teachers)
    : name_(std::move(name)), options_(std::move(options)) {
  const auto place = "distill.losses." + name_;
  const auto& wanted = options_.tasks;
  check_names(place, wanted, tasks);
  for (const auto& entry : tasks) {
    const bool named = std::count(wanted.begin(), wanted.end(), entry.first) > 0;
    if (!wanted.empty() && !named) continue;
    const bool mapless = options_.type == "channels" && !has_map(*entry.second.task);
    if (answered(entry.first, teachers) && !mapless) {
      tasks_.push_back(entry);
    } else if (named) {
      throw ConfigError(place + " cannot teach '" + entry.first + "': " +
                        (mapless ? "it has no map of classes; use type: outputs"
                                 : "no teacher answers it; see distill.teachers.*.tasks"));
    }
  }
  if (tasks_.empty())
    throw ConfigError(place + " has nothing to teach: no teacher answers a task that it can be of");
}

void OutputLoss::teach(train::Lessons& lessons, double weight, const Teachers& teachers,
                       const Answers& answers, const data::Batch& batch) const {
  for (const auto& [name, entry] : tasks_) {
    const auto taught = taught_of(name, teachers, answers);
    const auto compare = [task = entry.task, options = options_,
                          by_confidence = teachers.by_confidence](const Tensors& outputs,
                                                                  const Taught& from) {
      if (options.type == "channels") return channel_loss(outputs, from, options.temperature);
      const auto& [each, weights] = from;
      return task->imitation(outputs,
                             each.size() == 1
                                 ? each[0]
                                 : task->blend(each, weights, options.temperature, by_confidence),
                             options.temperature);
    };
    const auto rows = rows_of(options_, batch, name);
    if (rows && rows->size(0) == 0) continue;
    const auto here = rows ? select(taught, *rows) : taught;
    const auto loss = [compare, here](const Tensors& outputs) { return compare(outputs, here); };
    lessons.by_task[name].push_back({name_, weight, rows, loss});
  }
}

}  // namespace manyfold::distill
