#include "cli/job/gate_keeper.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>

#include "cli/predict/session_model.h"
#include "common/error.h"
#include "train/gate.h"

namespace manyfold::cli {
namespace {

/// Figures of both runtimes side by side, and how far they are apart.
nlohmann::json compare_figures(const train::Evaluation& torch, const train::Evaluation& runtime) {
  const auto left = torch.flat(), right = runtime.flat();
  nlohmann::json figures = nlohmann::json::object();
  double largest = 0;
  for (const auto& [name, value] : left) {
    const auto found = right.find(name);
    if (found == right.end()) continue;
    figures[name] = {{"libtorch", value}, {"onnxruntime", found->second}};
    largest = std::max(largest, std::abs(value - found->second));
  }
  return {{"figures", figures}, {"largest_difference", largest}};
}

void refuse(const train::Gate& gate, const std::string& precision, const std::string& way_out) {
  if (gate.passed()) return;
  throw UserError("export: the " + precision +
                  " model loses more on the validation sets than is allowed:\n" + gate.text() +
                  "nothing was written; " + way_out);
}

}  // namespace

GateKeeper::GateKeeper(const JobOptions& job, const JudgedModel& judged,
                       train::ValidationData& validation)
    : job_(job), judged_(judged), validation_(validation), float_(judged.evaluation) {
  if (!judged.quantised) return;
  float_ = evaluate(judged.quantised->float_graph());
  judged.quantised->set_mode(quantise::Mode::quantise);
  rounded_ = evaluate(judged.quantised->graph());
}

nlohmann::json GateKeeper::measure(const exporters::Session& session,
                                   const std::string& precision) const {
  const auto found = train::evaluate(predictor(session, job_.tasks), job_.tasks, validation_);
  const bool int8 = precision == "int8";
  const auto& trained = int8 && !judged_.calibrated_only ? judged_.evaluation : float_;
  const auto gate = train::gate_check(trained, found, job_.tasks, job_.exporting.limits);
  auto json = compare_figures(trained, found);
  json["gate"] = gate.json();
  spdlog::info("{} in ONNX Runtime against training:\n{}", precision, gate.text());
  refuse(gate, precision, way_out(int8));
  if (!int8) return json;
  json["agreement_in_float"] = train::agreement_check(rounded_, found, job_.tasks).json();
  const auto agreement = train::agreement_check(judged_.evaluation, found, job_.tasks);
  json["agreement"] = agreement.json();
  if (!agreement.passed()) {
    spdlog::warn(
        "int8 in ONNX Runtime and its model in LibTorch are further apart than 0.1 point (on "
        "processors without VNNI the runtime's products of uint8 and int8 saturate):\n{}",
        agreement.text());
  }
  return json;
}

train::Evaluation GateKeeper::evaluate(const graph::Graph& graph) const {
  const auto replay = std::make_shared<const graph::Replay>(graph);
  return train::evaluate(
      train::predictor(train::forward_of(replay), judged_.model->tasks(), torch::kCPU), job_.tasks,
      validation_);
}

std::string GateKeeper::way_out(bool int8) const {
  const std::string limits = "allow more (+export.limits={TASK.FIGURE: LIMIT})";
  if (!int8) return limits;
  return (judged_.calibrated_only ? "train for int8 (manyfold qat RUN), try another "
                                    "quantise.observer, or "
                                  : "train longer, keep the most sensitive layers in float "
                                    "(quantise.sensitivity, quantise.float), or ") +
         limits;
}

}  // namespace manyfold::cli
