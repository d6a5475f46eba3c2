#include "data/loading/evaluation_loader.h"

#include <algorithm>

#include "data/augment/augment.h"
#include "data/augment/clip_motion.h"

namespace manyfold::data {
namespace {

/// A stretch of a clip.
struct Stretch {
  int64_t clip = 0, first = 0, count = 0;
};

std::vector<Stretch> stretches_of(const Source& source, int64_t most) {
  std::vector<Stretch> stretches;
  for (int64_t clip = 0; clip < source.size(); ++clip) {
    const auto length = source.length(clip);
    for (int64_t first = 0; first < length; first += most)
      stretches.push_back({clip, first, std::min(most, length - first)});
  }
  return stretches;
}

bool any_mask(const LabelSpecs& specs) {
  return std::any_of(specs.begin(), specs.end(),
                     [](const auto& spec) { return spec.second.kind == LabelSpec::Kind::mask; });
}

void forget_labels(Sample& sample) {
  for (auto& frame : sample.frames) frame.labels.clear();
  sample.origin.name.clear();
}

LoaderPlan plan_of(const DataOptions& options, const LabelSpecs& specs) {
  LoaderPlan plan;
  plan.specs = specs;
  plan.size = options.network_size();
  plan.threads = static_cast<int>(options.threads);
  plan.ahead = static_cast<int>(options.ahead);
  return plan;
}

std::unique_ptr<Loader> clips_loader(const Source& source, const DataOptions& options,
                                     const LabelSpecs& specs, BadFiles& bad) {
  auto plan = plan_of(options, specs);
  const auto all =
      std::make_shared<const std::vector<Stretch>>(stretches_of(source, options.batch));
  plan.draws = [all](int64_t step) {
    if (step >= static_cast<int64_t>(all->size())) return std::vector<Draw>();
    return std::vector<Draw>{{0, step}};
  };
  const bool motion = any_mask(specs);  // nothing else reads it
  plan.shape = [all, motion](int64_t step) {
    const auto& stretch = all->at(static_cast<size_t>(step));
    return BatchShape{stretch.count, stretch.first > 0, motion};
  };
  plan.prepare = [&source, &bad, all, motion, specs, size = plan.size, how = options.how()](
                     const Draw& draw, int64_t, int64_t) {
    const auto& stretch = all->at(static_cast<size_t>(draw.index));
    // What the first frame's motion is seen by: the one before.
    const int64_t lead = motion && stretch.first > 0 ? 1 : 0, first = stretch.first - lead;
    auto sample = bad.read_part(source, stretch.clip, {first, stretch.count + lead, motion},
                                needed_detail(size, how));
    if (motion && !sample.origin.name.empty()) add_estimated_motion(sample);
    auto clip = warp(sample, fit(sample.frames.at(0).picture.size(), size, how), specs);
    clip.frames.erase(clip.frames.begin(), clip.frames.begin() + lead);
    return clip;
  };
  return std::make_unique<Loader>(std::move(plan));
}

}  // namespace

std::unique_ptr<Loader> evaluation_loader(const Source& source, const DataOptions& options,
                                          const LabelSpecs& specs, BadFiles& bad) {
  if (source.clips()) return clips_loader(source, options, specs, bad);
  auto plan = plan_of(options, specs);
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
    if (index != draw.index) forget_labels(sample);
    return warp(sample, fit(sample.frames.at(0).picture.size(), size, how), specs);
  };
  return std::make_unique<Loader>(std::move(plan));
}

}  // namespace manyfold::data
