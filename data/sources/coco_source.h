#pragma once

#include <opencv2/core.hpp>
#include <string>
#include <utility>
#include <vector>

#include "data/files/coco_file.h"
#include "data/files/picture_file.h"
#include "data/sources/source_options.h"

namespace manyfold::data {

/// Pictures annotated in a COCO file. What a picture is labelled with:
///
/// - mask: its `mask_file`; a picture without one is not labelled, which is not an empty mask.
/// - segments: the outlines of its annotations, small ones over large ones; crowds are ignored
///   regions. Every picture is labelled; one with an object that has no outline is a bad sample.
/// - boxes: its annotations; crowds are ignore objects. Every picture is labelled, with none if it
///   has none.
/// - category: the one category of its annotations. Without annotations: `empty`. With several
///   different ones it is not labelled.
/// - image: its text field of the task's name; not labelled without it.
///
/// A picture with a list `labelled` that lacks the task is not labelled for it, whatever else the
/// file holds: no annotations then mean that nobody has looked.
///
/// A rule whose label no picture can have, because the file lacks what it reads, is refused.
///
/// With `view: crop` each box of a category that counts (not crowds) is a sample of its own, cut
/// out with a margin, and its category is the box's.
class CocoSource : public Source {
 public:
  using LabelList = std::vector<std::pair<std::string, LabelOptions>>;

  CocoSource(const std::string& name, const CocoOptions& options, const LabelList& labels,
             const LabelSpecs& specs);

  int64_t size() const override { return static_cast<int64_t>(items_.size()); }
  Sample get(int64_t index, int64_t detail = 0) const override;
  std::string sample_name(int64_t index) const override;
  std::vector<std::filesystem::path> files(int64_t index) const override;

 private:
  struct Item {
    size_t image;
    int64_t annotation;  // of the image; -1 = the whole picture
  };

  void make_rules(const LabelList& labels, const LabelSpecs& specs);
  void check_labels() const;
  void make_items(bool crop);
  const std::vector<std::string>& words_of(const LabelRule& rule) const;
  void check_item(int64_t index) const;
  cv::Rect crop_of(const Item& item) const;
  cv::Rect part_of(int64_t index, cv::Size picture, int reduction) const;
  DecodedPicture decode(const Item& item, int64_t detail) const;
  void label(const Item& item, cv::Size full, std::map<std::string, Label>& labels) const;

  std::filesystem::path root_;
  std::string where_;
  std::string file_;  // of the annotations
  double margin_;
  CocoFile coco_;
  std::vector<LabelRule> rules_;
  std::vector<Item> items_;
  LabelSpecs specs_;
  std::map<std::string, std::vector<std::string>> words_;  // by task of a rule `from: image`
  bool uses_annotations_ = false;
};

}  // namespace manyfold::data
