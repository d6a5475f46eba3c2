#include "data/loading/training_sources.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "data/data_options.h"
#include "data/sources/partly_labelled.h"

namespace manyfold::data {
namespace {

using Part = PartlyLabelled::Part;

/// The group of all sources where no shares are given.
constexpr const char* kAll = "all";

/// The group of the samples whose labels do not count.
std::string rest_of(const std::string& group) { return group + ", unlabelled"; }

bool labels_any(const SourceOptions& options, const LabelSpecs& specs) {
  return std::any_of(options.labels.begin(), options.labels.end(),
                     [&](const auto& label) { return specs.count(label.first) > 0; });
}

class Opener {
 public:
  Opener(const DataOptions& options, const LabelSpecs& specs, Unlabelled unlabelled)
      : options_(options), specs_(specs), unlabelled_(unlabelled) {}

  TrainingSources open() {
    opened_.unlabelled = options_.unlabelled;
    for (const auto& [name, entry] : options_.sources) open(name, entry);
    return std::move(opened_);
  }

 private:
  void open(const std::string& name, const SourceOptions& entry) {
    opened_.groups.insert(entry.mix_group());
    const bool useful = labels_any(entry, specs_);
    if (!useful && unlabelled_ == Unlabelled::dropped) return leave_out(name);
    auto source = open_source(name, entry, specs_);
    const bool keep = unlabelled_ == Unlabelled::kept ||
                      (unlabelled_ == Unlabelled::kept_clips && source->clips());
    if (!useful && !keep) return leave_out(name);
    if (!useful || options_.labelled == 1) return add(entry, /*rest=*/false, std::move(source));
    const std::shared_ptr<const Source> whole = std::move(source);
    add(entry, /*rest=*/false,
        std::make_unique<PartlyLabelled>(whole, options_.labelled, Part::labelled));
    if (keep) {
      add(entry, /*rest=*/true,
          std::make_unique<PartlyLabelled>(whole, options_.labelled, Part::unlabelled));
    }
  }

  static void leave_out(const std::string& name) {
    spdlog::info("source {} is left out: it labels no task in training", name);
  }

  void add(const SourceOptions& entry, bool rest, std::unique_ptr<Source> source) {
    if (source->size() == 0) {
      spdlog::info("source {}: {} no sample (data.labelled = {})", source->name(),
                   rest ? "its rest has" : "it has", options_.labelled);
      return;
    }
    opened_.all.push_back({entry, rest, std::move(source)});
  }

  const DataOptions& options_;
  const LabelSpecs& specs_;
  Unlabelled unlabelled_;
  TrainingSources opened_;
};

}  // namespace

std::string TrainingSources::group_of(const Entry& entry, bool grouped) {
  const auto group = grouped ? entry.options.mix_group() : std::string(kAll);
  return entry.rest ? rest_of(group) : group;
}

std::map<std::string, double> TrainingSources::shares(const std::map<std::string, double>& mix,
                                                      bool clips) const {
  const bool grouped = !mix.empty();
  const auto holds = [&](const std::string& group) {
    return std::any_of(all.begin(), all.end(), [&](const Entry& entry) {
      return entry.clips() == clips && group_of(entry, grouped) == group;
    });
  };
  std::map<std::string, double> shares;
  for (const auto& [group, share] : grouped ? mix : std::map<std::string, double>{{kAll, 1}}) {
    const bool labelled = holds(group), rest = holds(rest_of(group));
    const double to_rest = !rest ? 0 : labelled ? unlabelled : 1;
    if (labelled) shares[group] = share * (1 - to_rest);
    if (rest) shares[rest_of(group)] = share * to_rest;
  }
  return shares;
}

TrainingSources open_training_sources(const DataOptions& options, const LabelSpecs& specs,
                                      Unlabelled unlabelled) {
  return Opener(options, specs, unlabelled).open();
}

}  // namespace manyfold::data
