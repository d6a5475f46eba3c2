#include "data/data_options.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "common/error.h"

namespace manyfold::data {
namespace {

cv::Size square(int64_t side) { return {static_cast<int>(side), static_cast<int>(side)}; }

/// The slots of one rank, with the number each has in the global batch.
std::vector<Draw> part_of(const std::vector<Draw>& draws, Shard shard) {
  std::vector<Draw> mine;
  for (auto i = static_cast<size_t>(shard.rank); i < draws.size(); i += shard.world) {
    mine.push_back(draws[i]);
  }
  return mine;
}

}  // namespace

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

TrainingData::TrainingData(const DataOptions& options, const LabelSpecs& specs, uint64_t seed,
                           Unlabelled unlabelled, const std::optional<CropOptions>& crops)
    : options_(options), specs_(specs), seed_(seed), crops_(crops), bad_(options.max_bad_share) {
  if (!crops_) check_mirroring(options_.augment, specs_);
  sources_ = open_training_sources(options_, specs_, unlabelled);
  mixer_ = std::make_unique<Mixer>(sources_.for_mixer(), sources_.mix, options_.batch, seed_);
}

std::unique_ptr<Loader> TrainingData::loader(int64_t first_step, Shard shard) {
  if (options_.batch % shard.world != 0) {
    throw ConfigError("data.batch = " + std::to_string(options_.batch) +
                      " cannot be shared out evenly among " + std::to_string(shard.world) +
                      " processes");
  }
  LoaderPlan plan;
  plan.specs = specs_;
  plan.size = crops_ ? square(crops_->large_size) : options_.network_size();
  plan.frames = crops_ ? 2 : 1;
  if (crops_) plan.crops = {crops_->small, square(crops_->small_size)};
  plan.first_step = first_step;
  plan.threads = static_cast<int>(options_.threads);
  plan.ahead = static_cast<int>(options_.ahead);
  plan.draws = [this, shard](int64_t step) { return part_of(mixer_->batch(step), shard); };
  plan.prepare = [this, shard](const Draw& draw, int64_t step, int64_t slot) {
    return prepare(draw, step, shard.rank + slot * shard.world);
  };
  return std::make_unique<Loader>(std::move(plan));
}

/// `slot`: of the global batch. Called from several threads.
Sample TrainingData::prepare(const Draw& draw, int64_t step, int64_t slot) {
  const auto& entry = sources_.all[static_cast<size_t>(draw.source)];
  const auto& source = *entry.source;
  if (crops_) {
    const auto good = bad_.read(source, draw.index, needed_detail(*crops_));
    Random random(seed_, Random::crops, static_cast<uint64_t>(step), static_cast<uint32_t>(slot));
    return multi_crop(good.sample, *crops_, random);
  }
  const auto& strength = entry.options.augment;
  const auto size = options_.network_size();
  const auto detail = needed_detail(options_.augment, strength, size, options_.how());
  const auto good = bad_.read(source, draw.index, detail);
  Random random = chance(draw.source, good.index, step, slot);
  return augment(good.sample, options_.augment, strength, size, options_.how(), specs_, random);
}

/// What a sample is changed by: another stream for every slot, or that of one of its fixed views.
Random TrainingData::chance(int64_t source, int64_t sample, int64_t step, int64_t slot) const {
  const auto at_step = [&](Random::Purpose purpose) {
    return Random(seed_, purpose, static_cast<uint64_t>(step), static_cast<uint32_t>(slot));
  };
  const auto views = static_cast<uint32_t>(options_.augment.views);
  if (views == 0) return at_step(Random::augment);
  const auto view = at_step(Random::view).below(views);
  // Of a source's stream numbers, the low 16 bits are the view's: kMaxViews fit.
  return Random(seed_, Random::fixed_view, static_cast<uint64_t>(sample),
                static_cast<uint32_t>(source) << 16 | view);
}

std::unique_ptr<Loader> evaluation_loader(const Source& source, const DataOptions& options,
                                          const LabelSpecs& specs, BadFiles& bad) {
  LoaderPlan plan;
  plan.specs = specs;
  plan.size = options.network_size();
  plan.threads = static_cast<int>(options.threads);
  plan.ahead = static_cast<int>(options.ahead);
  plan.draws = [&source, batch = options.batch](int64_t step) {
    std::vector<Draw> draws;
    for (int64_t i = step * batch; i < std::min((step + 1) * batch, source.size()); ++i) {
      draws.push_back({0, i});
    }
    return draws;
  };
  plan.prepare = [&source, &bad, specs, size = plan.size, how = options.how()](const Draw& draw,
                                                                               int64_t, int64_t) {
    auto [sample, index] = bad.read(source, draw.index, needed_detail(size, how));
    if (index != draw.index) {  // a replacement
      sample.labels.clear();
      sample.origin.name.clear();
    }
    return warp(sample, fit(sample.frames.at(0).size(), size, how), specs);
  };
  return std::make_unique<Loader>(std::move(plan));
}

}  // namespace manyfold::data
