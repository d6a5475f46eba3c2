#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/config/fields.h"
#include "data/augment/augment.h"
#include "data/sources/label_rule.h"
#include "data/sources/source.h"
#include "data/synthetic/clip_options.h"
#include "data/synthetic/options.h"

namespace manyfold::data {

/// `type: coco`. Labels `from`: mask (the images' `mask_file`), segments, boxes, category, image (a
/// text field of the image that has the task's name).
struct CocoOptions {
  std::string root;
  std::string split = "train";
  std::string annotations;  // empty: <root>/<split>.json
  std::string view = "whole";
  double margin = 0.25;
  void fields(config::Fields& f);
};

/// `type: folders`: `<root>/<split>/<class>/<picture>`. Labels `from`: folder.
struct FolderOptions {
  std::string root;
  std::string split = "train";
  void fields(config::Fields& f);
};

/// `type: synthetic`: scenes drawn by the program, or clips of them, endless by number. Labels
/// `from`: mask, boxes (categories face, head, body and hand_<gesture>), gesture. What is drawn
/// stands beside.
struct SyntheticOptions {
  int64_t size = 50000;
  int64_t first = 0;
  int64_t seed = 0;
  int64_t length = 1;
  synthetic::ClipOptions motion;
  synthetic::SceneOptions scenes;
  void fields(config::Fields& f);
};

/// `type: clips`: folders of numbered pictures and video files. Labels `from`: mask
/// (`<clip>/masks/`), and boxes, segments, category or image of a COCO file; see ClipsSource.
struct ClipsOptions {
  std::string root;
  std::vector<std::string> clips;
  std::string annotations;
  void fields(config::Fields& f);
};

/// `type: pictures`: every picture in a folder and those below it, without labels.
struct PicturesOptions {
  std::string root;
  void fields(config::Fields& f);
};

/// One entry of `data.sources` or `data.validation`.
struct SourceOptions {
  std::string type;
  std::string group;
  double weight = 0;
  Strength augment;
  std::vector<std::pair<std::string, LabelOptions>> labels;
  ClipsOptions clips;
  CocoOptions coco;
  FolderOptions folders;
  PicturesOptions pictures;
  SyntheticOptions synthetic;
  void fields(config::Fields& f);

  /// The group of `data.mix` it belongs to: `group`, or else "synthetic" or "real".
  std::string mix_group() const;
};

/// Opens a source. It labels those of its `labels` that are in `specs`, the tasks in training;
/// the others are left alone. Throws ConfigError where the options do not fit the tasks or the set,
/// UserError where the set cannot be read or is empty.
std::unique_ptr<Source> make_source(const std::string& name, const SourceOptions& options,
                                    const LabelSpecs& specs);

}  // namespace manyfold::data
