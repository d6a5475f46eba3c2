#include "models/model_options.h"

#include <algorithm>

#include "common/error.h"

namespace manyfold::models {
namespace {

constexpr int64_t kMultiple = 32;  // five halvings

template <class Table>
std::vector<std::string> names_of(const Table& table) {
  std::vector<std::string> names;
  for (const auto& [name, factory] : table) names.push_back(name);
  return names;
}

/// The entry of a table. Throws ConfigError for an unknown name: "unknown encoder 'edge_420'".
template <class Table>
const auto& entry(const Table& table, const std::string& kind, const std::string& name) {
  const auto found = table.find(name);
  if (found != table.end()) return found->second;
  throw ConfigError("unknown " + kind + " '" + name + "'" + known_names(name, names_of(table)));
}

}  // namespace

void ModelOptions::fields(config::Fields& f) {
  f.field("encoder", encoder,
          "The shared encoder. The name tells its parameters: 200 thousand, 420 thousand, 2.4 "
          "million.",
          names_of(encoders()));
  std::string stem_name = stem == Stem::conv ? "conv" : "space_to_depth";
  f.field("stem", stem_name,
          "How the encoder begins: one 7x7 convolution with stride 4, or 2x2 pixels moved into "
          "channels and a 3x3 convolution with stride 2.",
          {"conv", "space_to_depth"});
  stem = stem_name == "conv" ? Stem::conv : Stem::space_to_depth;
  f.field("input_size", input_size,
          "Of the pictures; both sides are multiples of 32, one of them at least 64.",
          config::at_least(kMultiple));
  const auto problem = input_size_problem(input_size);
  f.require(problem.empty(), "input_size", problem);
  f.section("temporal", temporal, "Memory from frame to frame, for videos.");
}

std::shared_ptr<Encoder> ModelOptions::make_encoder() const {
  return entry(encoders(), "encoder", encoder)(stem);
}

std::shared_ptr<Temporal> ModelOptions::make_temporal(
    const std::vector<FeatureInfo>& features) const {
  return entry(temporal_layers(), "temporal layer", temporal.type)(features, temporal);
}

std::string input_size_problem(const config::PictureSize& size) {
  for (const auto side : {size.height, size.width}) {
    if (side > 0 && side % kMultiple == 0) continue;
    const auto below = std::max<int64_t>(side / kMultiple, 0) * kMultiple;
    const auto above = std::to_string(below + kMultiple);
    return "sides must be multiples of 32: instead of " + std::to_string(side) + " use " +
           (below > 0 ? std::to_string(below) + " or " + above : above);
  }
  if (size.height == kMultiple && size.width == kMultiple) {
    return "one side must be at least 64: 32 x 32 leaves one cell in the coarsest map, and "
           "BatchNorm cannot learn from one cell of one picture";
  }
  return "";
}

}  // namespace manyfold::models
