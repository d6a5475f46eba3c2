#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data/files/coco_file.h"
#include "data/files/video_file.h"
#include "data/sources/clip_source.h"
#include "data/sources/label_rule.h"
#include "data/sources/source_options.h"

namespace manyfold::data {

/// Clips in a folder: each a folder of numbered pictures without gaps (`<clip>/frames/000000.jpg`,
/// or `<clip>/000000.jpg`) or a video file. A folder's frames may be labelled, each or a few:
///
/// - mask: `<clip>/masks/<number>.png`, grey values as of `values`; a frame without one is not
///   labelled.
/// - boxes, segments, category, image: the frame's entry in a COCO file, as of CocoSource
///   (`file_name` relative to the root); a frame without an entry is not labelled, and one of
///   another size than its entry states is a bad sample.
///
/// A folder with a gap in its numbers, with two files of one number or with none that is called by
/// a number is left out and stands among the problems; so do pictures, masks and entries that
/// belong to no frame. A rule whose label no frame can have, because the file lacks what it reads,
/// is refused.
class ClipsSource : public ClipSource {
 public:
  using LabelList = std::vector<std::pair<std::string, LabelOptions>>;

  /// Throws UserError when there is no clip, or no clip that can be used, when the root is a clip
  /// itself, and when two entries of the COCO file are of one frame; ConfigError for a name in
  /// `clips` that is not there and for labels that no frame can have.
  ClipsSource(const std::string& name, const ClipsOptions& options, const LabelList& labels,
              const LabelSpecs& specs);

  int64_t size() const override { return static_cast<int64_t>(clips_.size()); }
  int64_t length(int64_t index) const override { return clip(index).length; }
  bool may_be_labelled(int64_t index) const override;
  Sample part(int64_t index, const FrameRange& range, int64_t detail = 0) const override;
  std::string sample_name(int64_t index) const override { return clip(index).name; }
  std::vector<std::filesystem::path> files(int64_t index) const override;

 private:
  struct Clip {
    std::string name;
    std::filesystem::path path;                      // the folder of frames, or the video
    std::vector<std::filesystem::path> frames;       // of a folder
    std::map<int64_t, std::filesystem::path> masks;  // by frame
    int64_t length = 0;
  };

  const Clip& clip(int64_t index) const { return clips_.at(static_cast<size_t>(index)); }
  void find_clips(const ClipsOptions& options);
  Clip open_folder(const std::filesystem::path& folder);
  static Clip open_video(const std::filesystem::path& file);
  void make_rules(const ClipsOptions& options, const LabelList& labels, const LabelSpecs& specs);
  void find_entries(const std::string& annotations);
  void find_strays(const std::string& annotations);
  std::optional<size_t> entry_of(const std::filesystem::path& frame) const;
  void check_labelled(const std::string& annotations) const;
  void label(const Clip& clip, int64_t number, Frame& frame) const;

  std::filesystem::path root_;
  std::string where_;
  std::vector<Clip> clips_;
  mutable VideoReaders videos_;
  std::vector<LabelRule> rules_;
  CocoFile coco_;
  std::map<std::string, size_t> image_of_;  // of coco_, by file
  std::map<std::string, std::vector<std::string>> words_;
};

}  // namespace manyfold::data
