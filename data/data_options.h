#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/config/fields.h"
#include "data/augment/augment.h"
#include "data/sources/source_options.h"

namespace manyfold::data {

/// What training draws of a clip.
struct ClipDrawOptions {
  int64_t frames = 8;
  int64_t chunks = 1;
  bool film_stills = false;
  void fields(config::Fields& f);
};

/// The section `data` of a configuration.
struct DataOptions {
  std::string root;                       // for sources to refer to as ${data.root}
  config::PictureSize size = {160, 160};  // of the network's picture
  std::string fit = "letterbox";          // or stretch
  int64_t batch = 32;
  int64_t threads = 2;
  int64_t ahead = 4;
  double max_bad_share = 0.01;
  double labelled = 1;
  double unlabelled = 0.5;
  std::map<std::string, double> mix;
  ClipDrawOptions clips;
  AugmentOptions augment;
  std::vector<std::pair<std::string, SourceOptions>> sources;
  std::vector<std::pair<std::string, SourceOptions>> validation;
  void fields(config::Fields& f);

  cv::Size network_size() const {
    return {static_cast<int>(size.width), static_cast<int>(size.height)};
  }
  Fit how() const { return fit == "stretch" ? Fit::stretch : Fit::letterbox; }
};

using Sources = std::vector<std::unique_ptr<Source>>;

/// Opens a source and logs the problems that it states. Errors as make_source.
std::unique_ptr<Source> open_source(const std::string& name, const SourceOptions& options,
                                    const LabelSpecs& specs);

/// Opens every source of a list and logs the problems it states. Errors as make_source.
Sources open_sources(const std::vector<std::pair<std::string, SourceOptions>>& list,
                     const LabelSpecs& specs);

}  // namespace manyfold::data
