#include "pretrain/collapse.h"

#include <cmath>
#include <limits>
#include <sstream>

#include "common/error.h"

namespace manyfold::pretrain {
namespace {

constexpr double kAgrees = 0.01;  // divergence, as a share of ln K
constexpr double kHardlyAny = 0.1;

std::string text(double value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

std::string values_text(const std::string& method, const std::map<std::string, double>& terms) {
  std::string all;
  for (const auto& [name, value] : terms) {
    if (name.rfind(method + ".", 0) != 0) continue;
    all += (all.empty() ? "" : ", ") + name + " = " + text(value);
  }
  return all;
}

}  // namespace

CollapseWatch::CollapseWatch(const PretrainOptions& options)
    : method_(options.method), alarms_(options.alarms) {
  const bool dino = method_ == "dino";
  if (dino) watch_dino(options);
  collapses_.push_back(
      {"has collapsed in its features: they point the same way for all pictures (spread below " +
           text(alarms_.spread) + ")",
       std::string("Lower train.optimizer.lr, use larger batches, or look whether the pictures "
                   "differ at all") +
           (dino ? "" : "; raise pretrain.off_diagonal"),
       [limit = alarms_.spread](const Values& value) { return value("spread") < limit; }});
}

void CollapseWatch::watch_dino(const PretrainOptions& options) {
  const double most = std::log(static_cast<double>(options.dino.prototypes));
  const auto limits = options.alarms;
  const auto temperature = text(options.dino.teacher_temperature);
  collapses_.push_back(
      {"has collapsed to uniform: teacher and student hold all prototypes for equally likely "
       "(entropy above " +
           text(limits.uniform) + " of ln(prototypes) = " + text(most) + ")",
       "Lower pretrain.teacher_temperature (now " + temperature +
           "; 0.02 to 0.04 is sharp) or train.optimizer.lr",
       [=](const Values& value) {
         return value("entropy") > limits.uniform * most && value("divergence") < kAgrees * most;
       }});
  collapses_.push_back(
      {"has collapsed to a constant: the teacher is sure of the same few prototypes for all "
       "pictures (entropy below " +
           text(limits.constant) + " of ln(prototypes) = " + text(most) + ")",
       "Raise pretrain.teacher_temperature a little (now " + temperature +
           "), lower pretrain.centre_momentum (now " + text(options.dino.centre_momentum) +
           "), or use larger batches",
       [=](const Values& value) {
         return value("entropy") < limits.constant * most && value("used") < kHardlyAny;
       }});
}

std::string CollapseWatch::observe(int64_t step, const std::map<std::string, double>& terms) {
  if (alarms_.patience == 0 || step < alarms_.grace) return "";
  const Values value = [&](const char* term) {
    const auto found = terms.find(method_ + "." + term);
    return found == terms.end() ? std::numeric_limits<double>::quiet_NaN() : found->second;
  };
  std::string warning;
  for (auto& collapse : collapses_) {
    collapse.steps = collapse.seen(value) ? collapse.steps + 1 : 0;
    const auto since = " for " + std::to_string(collapse.steps) + " steps up to step " +
                       std::to_string(step) + " (" + values_text(method_, terms) + "). " +
                       collapse.way_out;
    if (collapse.steps >= alarms_.patience) {
      throw UserError("pre-training " + collapse.what + since +
                      "; pretrain.alarms.patience=0 goes on regardless; the last checkpoint is "
                      "kept");
    }
    if (collapse.steps == (alarms_.patience + 1) / 2)
      warning = "pre-training looks as if it " + collapse.what + since;
  }
  return warning;
}

}  // namespace manyfold::pretrain
