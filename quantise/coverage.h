#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "quantise/quantised_model.h"

namespace manyfold::quantise {

/// The audit of a quantised model: every tensor of its graph as quantised (scale, zero point, where
/// the range came from), shared (with which), or float (why); and every weight with its scales.
///   {"counts": {"quantised", "shared", "float", "weights"},
///    "tensors": [{"name", "state", "type", "scale", "zero_point", "min", "max", "with",
///    "reason"}], "weights": [{"layer", "type", "axis", "scale": [...]}]}
/// `source`: where the ranges come from ("mse over 256 pictures").
nlohmann::json coverage_of(const QuantisedModel& model, const std::string& source);

/// The same encodings for Qualcomm's converters (`--quantization_overrides` of the QNN and SNPE
/// converters), beside the float model: the AIMET encoding format, version 0.6.1
/// (https://quic.github.io/aimet-pages/releases/latest/user_guide/quantization_encoding_specification.html).
/// `tensors`: the ONNX name of each value of `QuantisedModel::frozen()`. A number is
/// scale * (step + offset), with unsigned steps.
std::string encodings_json(const QuantisedModel& model,
                           const std::map<std::string, std::string>& tensors);

}  // namespace manyfold::quantise
