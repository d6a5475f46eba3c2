#include "models/encoders.h"

#include "models/encoders/stdc_encoder.h"

namespace manyfold::models {
namespace {

EncoderFactory stdc(std::vector<int64_t> channels, std::vector<int64_t> modules) {
  return [options =
              StdcEncoderOptions(std::move(channels), std::move(modules))](Stem stem) mutable {
    return std::make_shared<StdcEncoderImpl>(options.space_to_depth(stem == Stem::space_to_depth));
  };
}

}  // namespace

const std::map<std::string, EncoderFactory>& encoders() {
  static const std::map<std::string, EncoderFactory> table = {
      {"edge_200k", stdc({24, 48, 96, 88}, {1, 2, 1})},
      {"edge_2m4", stdc({64, 128, 256, 376}, {2, 3, 2})},
      {"edge_420k", stdc({32, 64, 128, 152}, {2, 2, 1})},
  };
  return table;
}

}  // namespace manyfold::models
