#include "data/data_options.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "common/error.h"

namespace manyfold::data {
void ClipDrawOptions::fields(config::Fields& f) {
  f.field("frames", frames, "Frames of a clip that a training step looks at, one after the other.",
          config::between(2, 1024));
  f.field(
      "chunks", chunks,
      "Steps in a row that go on with the same clips, each from what the model remembers of the "
      "one before, without gradients across (truncated back-propagation).",
      config::between(1, 1024));
  f.field("film_stills", film_stills,
          "Steps of clips also draw stills, by their groups' shares: a camera in a hand moves over "
          "each.");
}

void DataOptions::fields(config::Fields& f) {
  f.field("root", root, "Folder of the data sets, for sources to refer to as ${data.root}.");
  f.field("size", size, "Of the network's picture.", config::between(8, 8192));
  f.field("fit", fit, "How a picture of another shape fits it.", {"letterbox", "stretch"});
  f.field("batch", batch, "Pictures in a training step, of all processes.", config::at_least(1));
  f.field("threads", threads, "Workers that decode and augment.", config::between(1, 256));
  f.field("ahead", ahead, "Batches made ahead of their use.", config::between(1, 1024));
  f.field("max_bad_share", max_bad_share, "Share of a source's samples that may be unusable.",
          config::between(0, 1));
  f.field("labelled", labelled,
          "Share of each source's samples whose labels are trained on, always the same ones; the "
          "others are left out, or pictures without labels where there is a teacher. A smaller "
          "share lies within a larger one.",
          config::between(0, 1));
  f.field("unlabelled", unlabelled,
          "Where those others are kept: their share of the pictures in a batch.",
          config::between(0, 1));
  f.field("mix", mix, "Share of every batch by group of sources; empty: all are one group.",
          config::between(0, 1e9));
  f.section("clips", clips, "What is drawn of clips, in steps that draw them (train.phases).");
  f.section("augment", augment, "Random changes of training pictures.");
  f.entries("sources", sources, "Training sets by name.");
  f.entries("validation", validation, "Sets that metrics are measured on, by name.");
}

std::unique_ptr<Source> open_source(const std::string& name, const SourceOptions& options,
                                    const LabelSpecs& specs) {
  auto source = make_source(name, options, specs);
  for (const auto& problem : source->problems()) {
    spdlog::warn("source {}: {} ({}): {}", name, problem.file, fault_name(problem.fault),
                 problem.text);
  }
  return source;
}

Sources open_sources(const std::vector<std::pair<std::string, SourceOptions>>& list,
                     const LabelSpecs& specs) {
  Sources sources;
  for (const auto& [name, options] : list) sources.push_back(open_source(name, options, specs));
  return sources;
}

}  // namespace manyfold::data
