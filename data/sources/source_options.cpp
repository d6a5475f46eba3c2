#include "data/sources/source_options.h"

#include "common/error.h"
#include "data/sources/clips_source.h"
#include "data/sources/coco_source.h"
#include "data/sources/folder_source.h"
#include "data/sources/pictures_source.h"
#include "data/sources/synthetic_source.h"

namespace manyfold::data {
namespace {

std::unique_ptr<Source> pictures_source(const std::string& name, const SourceOptions& options) {
  if (!options.labels.empty()) {
    throw ConfigError("source " + name + ": labels." + options.labels[0].first +
                      " is given, and `type: pictures` has no labels; remove it, or choose a type "
                      "that has: clips, coco, folders, synthetic");
  }
  return std::make_unique<PicturesSource>(name, options.pictures);
}

}  // namespace

void CocoOptions::fields(config::Fields& f) {
  f.field("root", root, "Folder that file_name and mask_file are relative to.");
  f.required("root");
  f.field("split", split, "Reads <root>/<split>.json.");
  f.field("annotations", annotations, "Path of the annotation file, when it is called otherwise.");
  f.field("view", view, "whole: a sample for each picture; crop: a sample for each box.",
          {"whole", "crop"});
  f.field("margin", margin, "With view: crop, what is added on each side, in box sizes.",
          config::between(0, 4));
}

void FolderOptions::fields(config::Fields& f) {
  f.field("root", root, "Folder of the set.");
  f.required("root");
  f.field("split", split, "Reads <root>/<split>/<class>/*.");
}

void ClipsOptions::fields(config::Fields& f) {
  f.field("root", root,
          "Folder of the clips: folders of numbered pictures, which may stand in `frames`, and "
          "video files.");
  f.required("root");
  f.field("clips", clips, "Their names; empty: all in the folder.");
  f.field("annotations", annotations,
          "A COCO file that labels frames by file_name, relative to the root; empty: none.");
}

void PicturesOptions::fields(config::Fields& f) {
  f.field("root", root, "Folder of the pictures; those below it count too.");
  f.required("root");
}

void SyntheticOptions::fields(config::Fields& f) {
  f.field("size", size, "How many different scenes.", config::at_least(1));
  f.field("first", first, "Number of the first scene, so that sets do not share scenes.",
          config::at_least(0));
  f.field("seed", seed, "Another seed, other scenes.", config::at_least(0));
  f.field("length", length, "Frames of a clip, 30 a second; 1: the scenes are stills.",
          config::between(1, 1 << 20));
  f.section("motion", motion, "What moves in clips.");
  scenes.fields(f);
}

void SourceOptions::fields(config::Fields& f) {
  f.variant("type", type, "What the set is.",
            {{"clips", [this](config::Fields& g) { clips.fields(g); }},
             {"coco", [this](config::Fields& g) { coco.fields(g); }},
             {"folders", [this](config::Fields& g) { folders.fields(g); }},
             {"pictures", [this](config::Fields& g) { pictures.fields(g); }},
             {"synthetic", [this](config::Fields& g) { synthetic.fields(g); }}});
  f.required("type");
  f.field("group", group, "Group of data.mix; default: synthetic for scenes, real for the rest.");
  f.field("weight", weight, "Share within its group; 0: by the number of samples.",
          config::between(0, 1e9));
  f.section("augment", augment, "Strength of augmentation beside data.augment.");
  f.entries("labels", labels, "By task: where its label comes from.");
}

std::string SourceOptions::mix_group() const {
  if (!group.empty()) return group;
  return type == "synthetic" ? "synthetic" : "real";
}

std::unique_ptr<Source> make_source(const std::string& name, const SourceOptions& options,
                                    const LabelSpecs& specs) {
  if (options.type == "clips")
    return std::make_unique<ClipsSource>(name, options.clips, options.labels, specs);
  if (options.type == "coco") {
    return std::make_unique<CocoSource>(name, options.coco, options.labels, specs);
  }
  if (options.type == "folders") {
    return std::make_unique<FolderSource>(name, options.folders, options.labels, specs);
  }
  if (options.type == "pictures") return pictures_source(name, options);
  if (options.type == "synthetic") {
    return std::make_unique<SyntheticSource>(name, options.synthetic, options.labels, specs);
  }
  throw ConfigError(
      "source " + name + ": type = " + options.type +
      known_names(options.type, {"clips", "coco", "folders", "pictures", "synthetic"}));
}

}  // namespace manyfold::data
