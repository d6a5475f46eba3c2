#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cli/job/run_export.h"

namespace manyfold::cli {

/// Judges exported models in ONNX Runtime on the validation sets, against the model that training
/// gave. What it was given must outlive it.
class GateKeeper {
 public:
  GateKeeper(const JobOptions& job, const JudgedModel& judged, train::ValidationData& validation);

  /// The figures of both, the gate, and for int8 how far the runtime is from the same model in
  /// LibTorch: {"figures", "largest_difference", "gate", "agreement", "agreement_in_float"}.
  /// Throws UserError past a limit, with the way out.
  nlohmann::json measure(const exporters::Session& session, const std::string& precision) const;

 private:
  train::Evaluation evaluate(const graph::Graph& graph) const;
  std::string way_out(bool int8) const;

  const JobOptions& job_;
  const JudgedModel& judged_;
  train::ValidationData& validation_;
  train::Evaluation float_;    // of the weights without quantisation
  train::Evaluation rounded_;  // of the int8 model, its roundings computed in float
};

}  // namespace manyfold::cli
