#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "data/files/fault.h"
#include "data/sources/source.h"

namespace manyfold::data {

/// One sample that was set aside.
struct BadFile {
  std::string source;
  std::string sample;
  Fault fault;
  std::string cause;  // the whole message, with the file
};

/// A sample that could be used, and its number in the source.
struct GoodSample {
  Sample sample;
  int64_t index = 0;
};

/// Keeps the samples that could not be used: each is logged when it is met first, another takes its
/// place, and all are listed at the end. More than a set share of one source ends the run. Safe to
/// share between threads.
class BadFiles {
 public:
  /// `max_share`: of one source's samples.
  explicit BadFiles(double max_share) : max_share_(max_share) {}

  /// Sample `index` of the source, or, if that is bad, the next good one after it (from the end on
  /// from the start). Throws UserError, listing what was found, when more than the allowed share of
  /// the source is bad.
  GoodSample read(const Source& source, int64_t index, int64_t detail = 0);
  /// Frames of clip `index`; where one of them is bad, as many empty ones without labels, so that
  /// no frames of another clip follow those of this one. The share that is allowed is that of bad
  /// files: frames, or videos. Throws UserError past it.
  Sample read_part(const Source& source, int64_t index, const FrameRange& range,
                   int64_t detail = 0);

  /// In the order of source and sample.
  std::vector<BadFile> list() const;

  /// A line for each bad sample; empty when there is none.
  std::string describe() const;

 private:
  /// A sample of a source, and of a clip the file in which the fault is.
  using Place = std::pair<int64_t, std::string>;

  bool is_bad(const Source& source, int64_t index) const;
  void set_aside(const Source& source, const Place& place, const BadSample& error);

  double max_share_;
  mutable std::mutex mutex_;
  std::map<std::string, std::map<Place, BadFile>> bad_;  // by source
  std::map<std::string, int64_t> files_;                 // of the sources in bad_
};

}  // namespace manyfold::data
