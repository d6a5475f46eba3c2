#include "data/loading/training_data.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "common/error.h"
#include "data/augment/clip_motion.h"
#include "data/augment/film.h"
#include "data/sources/subset.h"

namespace manyfold::data {
namespace {

cv::Size square(int64_t side) { return {static_cast<int>(side), static_cast<int>(side)}; }

/// The slots of one rank, with the number each has in the global batch.
std::vector<Draw> part_of(const std::vector<Draw>& draws, Shard shard) {
  std::vector<Draw> mine;
  for (auto i = static_cast<size_t>(shard.rank); i < draws.size();
       i += static_cast<size_t>(shard.world)) {
    mine.push_back(draws[i]);
  }
  return mine;
}

std::vector<DrawPhase> phases_of(const TrainingNeeds& needs) {
  return needs.phases.empty() ? std::vector<DrawPhase>(1) : needs.phases;
}

/// Every phase is another sequence of draws; stills of the first one are the job's.
uint64_t seed_of(uint64_t seed, size_t phase, bool clips) {
  constexpr uint64_t kGolden = 0x9E3779B97F4A7C15;  // spreads neighbours over all 64 bits
  return seed + (2 * phase + (clips ? 1 : 0)) * kGolden;
}

/// Training on what is left would learn nothing, and look well.
void refuse_unlabelled(const Source& source, const std::vector<int64_t>& kept, int64_t window) {
  const auto labelled = [&](int64_t i) { return source.may_be_labelled(i); };
  if (std::any_of(kept.begin(), kept.end(), labelled)) return;
  std::string lost;  // the first labelled clip
  for (int64_t i = 0; i < source.size() && lost.empty(); ++i) {
    if (labelled(i))
      lost = source.sample_name(i) + " with " + std::to_string(source.length(i)) + " frames";
  }
  if (lost.empty()) return;
  throw UserError("source " + source.name() +
                  ": no clip with labels is long enough: training draws " + std::to_string(window) +
                  " frames of one (frames * chunks of data.clips, or of a phase), and those with "
                  "labels are shorter, such as " +
                  lost + "; lower them, or take longer clips");
}

/// The phase and a step of it as one number of a stream.
uint64_t stream_step(size_t phase, int64_t step) {
  return static_cast<uint64_t>(phase) << 40 | static_cast<uint64_t>(step);
}

}  // namespace

TrainingData::TrainingData(const DataOptions& options, const LabelSpecs& specs, uint64_t seed,
                           TrainingNeeds needs)
    : options_(options),
      specs_(specs),
      seed_(seed),
      needs_(std::move(needs)),
      plan_(phases_of(needs_)),
      bad_(options.max_bad_share) {
  if (!needs_.crops) check_mirroring(options_.augment, specs_);
  sources_ = open_training_sources(options_, specs_, needs_.unlabelled);
  if (options_.clips.film_stills && draws_clips()) film_stills();
  warn_of_unused();
  keep_long_clips();
  for (size_t phase = 0; phase < plan_.phases().size(); ++phase) phases_.push_back(draws_of(phase));
}

const std::map<std::string, double>& TrainingData::mix_of(const DrawPhase& phase) const {
  return phase.mix.empty() ? options_.mix : phase.mix;
}

/// Whether a phase draws from an entry, if its kind is drawn at all.
bool TrainingData::mixes(const DrawPhase& phase, const TrainingSources::Entry& entry) const {
  return phase.mix.empty() || phase.mix.count(entry.options.mix_group()) > 0;
}

bool TrainingData::draws_clips() const {
  for (size_t phase = 0; phase < plan_.phases().size(); ++phase) {
    if (plan_.draws_clips(phase)) return true;
  }
  return false;
}

/// Every source of stills becomes one of clips, too.
void TrainingData::film_stills() {
  const auto entries = sources_.all;
  for (auto entry : entries) {
    if (entry.source->clips()) continue;
    entry.filmed = true;
    sources_.all.push_back(std::move(entry));
  }
}

/// Clips for a run of stills would never be seen.
void TrainingData::warn_of_unused() const {
  if (draws_clips()) return;
  for (const auto& entry : sources_.all) {
    if (entry.source->clips()) {
      spdlog::warn(
          "source {} is not drawn from: it holds clips, and no phase draws them; see "
          "train.phases, or schedule=stills_then_clips",
          entry.source->name());
    }
  }
}

/// The most frames that any phase draws of a clip of this entry.
int64_t TrainingData::window_of(const TrainingSources::Entry& entry) const {
  int64_t window = 0;
  for (size_t i = 0; i < plan_.phases().size(); ++i) {
    const auto& phase = plan_.phases()[i];
    if (plan_.draws_clips(i) && mixes(phase, entry))
      window = std::max(window, phase.frames * phase.chunks);
  }
  return window;
}

/// Clips that are too short for what is drawn of one are left out, and said to be.
void TrainingData::keep_long_clips() {
  for (auto& entry : sources_.all) {
    const auto window = entry.source->clips() ? window_of(entry) : 0;
    if (window == 0) continue;
    std::vector<int64_t> long_ones;
    int64_t longest = 0;
    for (int64_t i = 0; i < entry.source->size(); ++i) {
      longest = std::max(longest, entry.source->length(i));
      if (entry.source->length(i) >= window) long_ones.push_back(i);
    }
    if (long_ones.empty()) {
      throw UserError("source " + entry.source->name() + ": its longest clip has " +
                      std::to_string(longest) + " frames, and training draws " +
                      std::to_string(window) +
                      " of one (frames * chunks of data.clips, or of a phase); lower them, or take "
                      "longer clips");
    }
    const auto size = entry.source->size(), kept = static_cast<int64_t>(long_ones.size());
    if (kept == size) continue;
    if (!entry.rest && needs_.unlabelled == Unlabelled::dropped)
      refuse_unlabelled(*entry.source, long_ones, window);
    spdlog::warn("source {}: {} of {} clips are left out, being shorter than {} frames",
                 entry.source->name(), size - kept, size, window);
    const std::string name = entry.source->name();
    entry.source = std::make_shared<Subset>(name, entry.source, std::move(long_ones));
  }
}

TrainingData::PhaseDraws TrainingData::draws_of(size_t phase) const {
  PhaseDraws draws;
  if (plan_.draws_stills(phase)) draws.stills.emplace(mixed(phase, /*clips=*/false));
  if (plan_.draws_clips(phase)) draws.clips.emplace(mixed(phase, /*clips=*/true));
  return draws;
}

TrainingData::Draws TrainingData::mixed(size_t number, bool clips) const {
  const auto& phase = plan_.phases()[number];
  const auto& mix = mix_of(phase);
  const auto where = phase.mix.empty() ? "data.mix" : "train.phases." + phase.name + ".mix";
  for (const auto& [group, share] : mix) {
    const auto& groups = sources_.groups;
    if (groups.count(group)) continue;
    throw ConfigError(where + "." + group + ": no source is in this group" +
                      known_names(group, {groups.begin(), groups.end()}));
  }
  std::vector<int64_t> numbers;
  std::vector<MixSource> members;
  for (size_t i = 0; i < sources_.all.size(); ++i) {
    const auto& entry = sources_.all[i];
    if (entry.clips() != clips || !mixes(phase, entry)) continue;
    numbers.push_back(static_cast<int64_t>(i));
    members.push_back({entry.source->name(), TrainingSources::group_of(entry, !mix.empty()),
                       entry.source->size(), entry.options.weight});
  }
  if (members.empty() && !sources_.all.empty()) {
    const auto who = phase.name.empty() ? std::string("the run") : "train.phases." + phase.name;
    throw ConfigError(
        who + (clips ? " draws clips, and no source with a share there holds clips: add one "
                       "(`type: clips`, or `type: synthetic` with `length`), or let a camera move "
                       "over the stills (data.clips.film_stills=true)"
                     : " draws stills, and no source with a share there holds stills: add one, or "
                       "draw clips alone by train.phases (clips: [1])"));
  }
  const auto batch = clips ? clips_in_batch(options_, phase) : options_.batch;
  return {numbers,
          Mixer(members, sources_.shares(mix, clips), batch, seed_of(seed_, number, clips), where)};
}

int64_t clips_in_batch(const DataOptions& options, const DrawPhase& phase) {
  return std::max<int64_t>(1, options.batch / phase.frames);
}

std::unique_ptr<Loader> TrainingData::loader(int64_t first_step, Shard shard) {
  const auto check = [&](int64_t batch, const std::string& what) {
    if (batch % shard.world == 0) return;
    throw ConfigError("data.batch = " + std::to_string(options_.batch) + what +
                      " cannot be shared out evenly among " + std::to_string(shard.world) +
                      " processes");
  };
  check(options_.batch, "");
  for (const auto& phase : needs_.phases) {
    if (phase.clips > 0 || phase.last_clips > 0)
      check(clips_in_batch(options_, phase), " / " + std::to_string(phase.frames) + " frames");
  }
  LoaderPlan plan;
  plan.specs = specs_;
  plan.size = needs_.crops ? square(needs_.crops->large_size) : options_.network_size();
  if (needs_.crops) plan.crops = {needs_.crops->small, square(needs_.crops->small_size)};
  plan.first_step = first_step;
  plan.threads = static_cast<int>(options_.threads);
  plan.ahead = static_cast<int>(options_.ahead);
  plan.shape = [this](int64_t step) { return shape(step); };
  plan.draws = [this, shard](int64_t step) { return part_of(draws(step), shard); };
  plan.prepare = [this, shard](const Draw& draw, int64_t step, int64_t slot) {
    return prepare(draw, step, shard.rank + slot * shard.world);
  };
  return std::make_unique<Loader>(std::move(plan));
}

BatchShape TrainingData::shape(int64_t step) const {
  if (needs_.crops) return {2};
  const auto at = plan_.at(step);
  const auto& phase = plan_.phases()[at.phase];
  if (!at.clips) return {};
  return {phase.frames, at.number % phase.chunks > 0, needs_.motion};
}

/// Their sources are numbers in sources_.all.
std::vector<Draw> TrainingData::draws(int64_t step) const {
  const auto at = plan_.at(step);
  const auto& kinds = phases_[at.phase];
  const auto& of_kind = at.clips ? *kinds.clips : *kinds.stills;
  const auto chunks = at.clips ? plan_.phases()[at.phase].chunks : 1;
  auto draws = of_kind.mixer.batch(at.number / chunks);
  for (auto& draw : draws) draw.source = of_kind.sources[static_cast<size_t>(draw.source)];
  return draws;
}

/// `slot`: of the global batch. Called from several threads.
Sample TrainingData::prepare(const Draw& draw, int64_t step, int64_t slot) {
  const auto& entry = sources_.all[static_cast<size_t>(draw.source)];
  const auto& source = *entry.source;
  if (needs_.crops) return prepare_views(source, draw, step, slot);
  const auto at = plan_.at(step);
  if (at.clips) return prepare_clip(entry, draw, at, slot);
  const auto& strength = entry.options.augment;
  const auto size = options_.network_size();
  const auto detail = needed_detail(options_.augment, strength, size, options_.how());
  const auto good = bad_.read(source, draw.index, detail);
  Random random = chance(draw.source, good.index, step, slot);
  return augment(good.sample, options_.augment, strength, size, options_.how(), specs_, random);
}

Sample TrainingData::prepare_views(const Source& source, const Draw& draw, int64_t step,
                                   int64_t slot) {
  const auto good = bad_.read(source, draw.index, needed_detail(*needs_.crops));
  Random random(seed_, Random::crops, static_cast<uint64_t>(step), static_cast<uint32_t>(slot));
  return multi_crop(good.sample, *needs_.crops, random);
}

/// The chunks of a window are frames one after the other of the same clips, changed alike.
Sample TrainingData::prepare_clip(const TrainingSources::Entry& entry, const Draw& draw,
                                  const DrawPlan::Step& at, int64_t slot) {
  const auto& source = *entry.source;
  const auto& phase = plan_.phases()[at.phase];
  const auto& strength = entry.options.augment;
  const auto window = at.number / phase.chunks;
  const auto passed = at.number % phase.chunks * phase.frames;
  const auto chance = [&](Random::Purpose purpose) {
    return Random(seed_, purpose, stream_step(at.phase, window), static_cast<uint32_t>(slot));
  };
  const auto size = options_.network_size();
  const auto detail = needed_detail(options_.augment, strength, size, options_.how());
  Sample clip;
  if (entry.filmed) {
    constexpr int64_t kCloser = 2;  // than the whole picture, at most
    Random camera = chance(Random::film);
    clip = film(bad_.read(source, draw.index, kCloser * detail).sample,
                {passed, phase.frames, needs_.motion}, specs_, camera);
  } else {
    const auto spare = source.length(draw.index) - phase.frames * phase.chunks;
    const auto start = chance(Random::clip_start).below(static_cast<uint32_t>(spare + 1));
    clip =
        bad_.read_part(source, draw.index, {passed + start, phase.frames, needs_.motion}, detail);
    if (needs_.motion && !clip.origin.name.empty()) add_estimated_motion(clip);
  }
  Random view = chance(Random::clip_view);
  return augment(clip, options_.augment, strength, size, options_.how(), specs_, view, passed);
}

/// What a still is changed by: another stream for every slot, or that of one of its fixed views.
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

}  // namespace manyfold::data
