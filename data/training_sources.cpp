#include "data/training_sources.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>

#include "data/data_options.h"
#include "data/partly_labelled.h"

namespace manyfold::data {
namespace {

using Part = PartlyLabelled::Part;

/// The group of the samples whose labels do not count.
std::string rest_of(const std::string& group) { return group + ", unlabelled"; }

bool labels_any(const SourceOptions& options, const LabelSpecs& specs) {
  return std::any_of(options.labels.begin(), options.labels.end(),
                     [&](const auto& label) { return specs.count(label.first) > 0; });
}

class Opener {
 public:
  Opener(const DataOptions& options, const LabelSpecs& specs, Unlabelled unlabelled)
      : options_(options), specs_(specs), keep_(unlabelled == Unlabelled::kept) {}

  TrainingSources open() {
    for (const auto& [name, entry] : options_.sources) open(name, entry);
    share_out();
    return std::move(opened_);
  }

 private:
  void open(const std::string& name, const SourceOptions& entry) {
    const bool useful = labels_any(entry, specs_);
    if (!useful && !keep_) {
      spdlog::info("source {} is left out: it labels no task in training", name);
      return;
    }
    // Without shares all are one group, and so are all samples that are left over.
    const auto group = options_.mix.empty() ? std::string("all") : entry.mix_group();
    auto source = open_source(name, entry, specs_);
    if (!useful || options_.labelled == 1) return add(entry, group, std::move(source));
    const std::shared_ptr<const Source> whole = std::move(source);
    add(entry, group, std::make_unique<PartlyLabelled>(whole, options_.labelled, Part::labelled));
    if (keep_) {
      add(entry, rest_of(group),
          std::make_unique<PartlyLabelled>(whole, options_.labelled, Part::unlabelled));
    }
  }

  void add(const SourceOptions& entry, const std::string& group, std::unique_ptr<Source> source) {
    if (source->size() == 0) {
      spdlog::info("source {}: of the group '{}' it has no sample (data.labelled = {})",
                   source->name(), group, options_.labelled);
      return;
    }
    groups_.insert(group);
    opened_.all.push_back({entry, group, std::move(source)});
  }

  /// Groups that came out empty have no share; one that is split has two.
  void share_out() {
    const auto configured =
        options_.mix.empty() ? std::map<std::string, double>{{"all", 1}} : options_.mix;
    for (const auto& [group, share] : configured) {
      const bool labelled = groups_.count(group) > 0, rest = groups_.count(rest_of(group)) > 0;
      const double to_rest = !rest ? 0 : labelled ? options_.unlabelled : 1;
      // A group that no source ever named is for the mixer to refuse.
      const bool named = std::any_of(
          options_.sources.begin(), options_.sources.end(),
          [&, g = group](const auto& source) { return source.second.mix_group() == g; });
      if (labelled || (!named && !options_.mix.empty())) opened_.mix[group] = share * (1 - to_rest);
      if (rest) opened_.mix[rest_of(group)] = share * to_rest;
    }
  }

  const DataOptions& options_;
  const LabelSpecs& specs_;
  bool keep_;
  std::set<std::string> groups_;
  TrainingSources opened_;
};

}  // namespace

std::vector<MixSource> TrainingSources::for_mixer() const {
  std::vector<MixSource> sources;
  for (const auto& entry : all) {
    sources.push_back(
        {entry.source->name(), entry.group, entry.source->size(), entry.options.weight});
  }
  return sources;
}

TrainingSources open_training_sources(const DataOptions& options, const LabelSpecs& specs,
                                      Unlabelled unlabelled) {
  return Opener(options, specs, unlabelled).open();
}

}  // namespace manyfold::data
