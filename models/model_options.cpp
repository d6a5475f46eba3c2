#include "models/model_options.h"

#include <algorithm>

#include "common/error.h"

namespace manyfold::models {
namespace {

constexpr int64_t kMultiple = 32;  // five halvings

std::vector<std::string> encoder_names() {
  std::vector<std::string> names;
  for (const auto& [name, factory] : encoders()) names.push_back(name);
  return names;
}

}  // namespace

void ModelOptions::fields(config::Fields& f) {
  f.field("encoder", encoder,
          "The shared encoder. The name tells its parameters: 200 thousand, 420 thousand, 2.4 "
          "million.",
          encoder_names());
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
}

std::shared_ptr<Encoder> ModelOptions::make_encoder() const {
  const auto found = encoders().find(encoder);
  if (found == encoders().end()) {
    throw ConfigError("unknown encoder '" + encoder + "'" + known_names(encoder, encoder_names()));
  }
  return found->second(stem);
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
