#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "data/data_options.h"
#include "data/loading/bad_files.h"

namespace manyfold::data {

/// Smallest and largest of something, in pixels; 0, 0 when there was nothing.
struct PixelRange {
  double low = 0, high = 0;
  void add(double value);
};

/// What a source says to one task.
struct TaskReport {
  LabelSpec::Kind kind = LabelSpec::Kind::mask;
  int64_t labelled = 0;                    // samples; of clips, those with a labelled frame
  int64_t labelled_frames = 0;             // of stills: the samples
  int64_t without_objects = 0;             // labelled samples that hold none
  int64_t ignored_objects = 0;             // crowds
  int64_t tiny_objects = 0;                // less than two pixels wide or high
  int64_t cut_objects = 0;                 // a quarter of their size or more is out of the picture
  int64_t landmarks = 0;                   // labelled key points
  std::map<std::string, int64_t> classes;  // frames, objects or pixels of each class
  PixelRange object_side;                  // the shorter side of boxes
};

struct SourceReport {
  std::string name;
  std::string failure;  // why the set could not be opened; empty = it could
  bool clips = false;   // samples are clips, else stills
  int64_t samples = 0;
  int64_t read = 0;  // scenes are a sample of the endless set
  int64_t usable = 0;
  int64_t frames = 0;  // of the usable samples
  PixelRange width, height;
  std::map<std::string, TaskReport> tasks;  // all that the source is to label
  std::vector<Problem> problems;            // of the set and its annotations
  std::vector<BadFile> bad;  // samples that cannot be used, in order; of a clip, each bad frame

  bool ok() const { return failure.empty() && problems.empty() && bad.empty(); }
};

/// Pictures whose bytes stand in two sets: labels that may contradict each other, or validation on
/// what was trained.
struct SharedPictures {
  std::string first, second;  // sources
  int64_t count = 0;
  std::string example_first, example_second;  // paths
};

struct CheckReport {
  std::vector<SourceReport> sources;
  std::vector<SharedPictures> shared;

  bool ok() const;
  /// For people: a paragraph for each source, problems with their cause below it.
  std::string text() const;
  /// The same for programs.
  std::string json() const;
};

/// Reads every sample of every source in `options.sources` ("sources.<name>") and
/// `options.validation` ("validation.<name>") on `threads` threads; of scenes, the first
/// `scenes` ones, and of drawn clips as many as hold so many frames. Nothing that is wrong with a
/// set throws: it is all in the report. Wrong options do (ConfigError).
CheckReport check_data(const DataOptions& options, const LabelSpecs& specs, int threads,
                       int64_t scenes = 200);

}  // namespace manyfold::data
