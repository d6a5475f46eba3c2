#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "data/sources/source.h"
#include "distill/pseudo_labels.h"

namespace manyfold::distill {

/// What became of one task over a whole set.
struct TaskCount {
  int64_t labelled = 0, unlabelled = 0;  // pictures
  std::vector<int64_t> classes;          // by class: pictures, objects or pixels
  int64_t ignored = 0;                   // ignore regions, or pixels
  double score = 0;                      // mean over the labelled pictures
};

/// The pictures of a source with what a Labeller says of them in place of their own labels.
/// Everything is predicted when it is made, batch by batch, and only labels are kept (masks as
/// PNG), so that get() is as fast and as safe to call from several threads as the source's.
/// Pictures that cannot be used are left out.
class LabelledSource : public data::Source {
 public:
  struct Options {
    int64_t batch = 16;  // pictures predicted at once
    int threads = 2;     // that decode
    std::function<void(int64_t pictures)> progress;
  };

  /// `pictures` must outlive it.
  LabelledSource(const data::Source& pictures, const Labeller& labeller, const Options& options);

  int64_t size() const override { return static_cast<int64_t>(items_.size()); }
  /// Always the whole picture, whatever the `detail`.
  data::Sample get(int64_t index, int64_t detail = 0) const override;
  std::string sample_name(int64_t index) const override;
  std::vector<std::filesystem::path> files(int64_t index) const override;

  /// The class that a picture was given; nothing where it is not labelled.
  std::optional<int64_t> class_of(int64_t index, const std::string& task) const;
  /// For the picture's entry in a COCO file: `source`, the file it was read from, and
  /// `<task>_score`.
  nlohmann::json fields(int64_t index) const;

  const std::map<std::string, TaskCount>& counts() const { return counts_; }
  /// Why each picture that was left out could not be used, naming it.
  const std::vector<std::string>& failures() const { return failures_; }

 private:
  struct Item {
    int64_t index;        // in the source of pictures
    PseudoLabels labels;  // without masks
    std::map<std::string, std::vector<uint8_t>> masks;
  };

  void label_batch(const std::vector<int64_t>& batch, const Labeller& labeller, int threads);
  void keep(int64_t index, PseudoLabels labels, const data::LabelSpecs& specs);

  const data::Source& pictures_;
  std::vector<Item> items_;
  std::map<std::string, TaskCount> counts_;
  std::vector<std::string> failures_;
};

}  // namespace manyfold::distill
