#include "data/sources/coco_source.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "common/error.h"
#include "data/sources/coco_labels.h"
#include "data/sources/mask_file.h"

namespace manyfold::data {
namespace {

/// A size divided and rounded up, as libjpeg does.
cv::Size reduced(cv::Size size, int times) {
  return {(size.width + times - 1) / times, (size.height + times - 1) / times};
}

}  // namespace

CocoSource::CocoSource(const std::string& name, const CocoOptions& options, const LabelList& labels,
                       const LabelSpecs& specs)
    : Source(name, /*synthetic=*/false),
      root_(options.root),
      where_("source " + name),
      margin_(options.margin) {
  file_ = options.annotations.empty() ? (root_ / (options.split + ".json")).string()
                                      : options.annotations;
  coco_ = read_coco(file_);
  problems_ = coco_.problems;
  make_rules(labels, specs);
  make_items(options.view == "crop");
  if (items_.empty()) {
    throw UserError(where_ + ": " + file_ + " has no " +
                    (options.view == "crop" ? "boxes that count" : "images"));
  }
  check_labels();
}

void CocoSource::make_rules(const LabelList& labels, const LabelSpecs& specs) {
  for (const auto& [task, options] : labels) {
    const auto spec = specs.find(task);
    if (spec == specs.end()) continue;
    const bool by_word = options.from == "image";
    if (by_word) words_[task] = coco_words(coco_, task);
    rules_.push_back(make_rule(where_, task, options, spec->second, coco_kinds(),
                               by_word ? words_.at(task) : coco_.categories));
    check_landmarks(where_, rules_.back(), coco_);
    uses_annotations_ |= !by_word && options.from != "mask";
    specs_[task] = spec->second;
  }
}

void CocoSource::check_labels() const {
  std::vector<const CocoImage*> images;
  for (const auto& image : coco_.images) images.push_back(&image);
  for (const auto& rule : rules_) check_rule(where_ + ": " + file_, rule, coco_, images);
}

void CocoSource::make_items(bool crop) {
  const auto counts = [this](const CocoAnnotation& annotation) {
    bool by_category = false;
    for (const auto& rule : rules_) {
      if (rule.from != "category") continue;
      by_category = true;
      if (rule.class_of[annotation.category] != LabelRule::kSkip) return true;
    }
    return !by_category;
  };
  for (size_t i = 0; i < coco_.images.size(); ++i) {
    const auto& annotations = coco_.images[i].annotations;
    if (!crop) items_.push_back({i, -1});
    for (size_t a = 0; crop && a < annotations.size(); ++a) {
      if (!annotations[a].crowd && counts(annotations[a])) {
        items_.push_back({i, static_cast<int64_t>(a)});
      }
    }
  }
}

std::string CocoSource::sample_name(int64_t index) const {
  const auto& item = items_.at(index);
  const auto& image = coco_.images[item.image];
  if (item.annotation < 0) return image.file;
  return image.file + "#" + std::to_string(image.annotations[item.annotation].id);
}

std::vector<std::filesystem::path> CocoSource::files(int64_t index) const {
  const auto& image = coco_.images[items_.at(index).image];
  std::vector<std::filesystem::path> files{root_ / image.file};
  if (!image.mask_file.empty()) files.push_back(root_ / image.mask_file);
  return files;
}

/// The sample's part of the full picture; it may reach outside.
cv::Rect CocoSource::crop_of(const Item& item) const {
  const auto& box = coco_.images[item.image].annotations[item.annotation].box;
  const double x = margin_ * box.width, y = margin_ * box.height;
  const cv::Point low(std::floor(box.x - x), std::floor(box.y - y));
  const cv::Point high(std::ceil(box.x + box.width + x), std::ceil(box.y + box.height + y));
  return {low, high};
}

void CocoSource::check_item(int64_t index) const {
  const auto& item = items_.at(index);
  const bool cut_out = item.annotation >= 0;
  const auto bad = coco_.bad_images.find(item.image);
  if (bad != coco_.bad_images.end() && (uses_annotations_ || cut_out)) {
    throw BadSample(bad->second.fault, bad->second.file, bad->second.text);
  }
  if (cut_out && coco_.images[item.image].annotations[item.annotation].box.empty()) {
    throw BadSample(Fault::bad_box, sample_name(index), "has no box to cut out");
  }
}

/// The sample's part of a picture that is `reduction` times smaller than its annotations say.
cv::Rect CocoSource::part_of(int64_t index, cv::Size picture, int reduction) const {
  const auto& item = items_.at(index);
  const cv::Rect whole({0, 0}, picture);
  if (item.annotation < 0) return whole;
  const auto crop = crop_of(item);
  const auto part =
      whole & cv::Rect(crop.x / reduction, crop.y / reduction, std::max(1, crop.width / reduction),
                       std::max(1, crop.height / reduction));
  if (part.empty()) {
    throw BadSample(Fault::bad_box, sample_name(index),
                    "has a box outside of its picture, which is " + size_text(picture) + " pixels");
  }
  return part;
}

DecodedPicture CocoSource::decode(const Item& item, int64_t detail) const {
  const auto& image = coco_.images[item.image];
  const bool stated = !image.size.empty();
  if (!stated) detail = 0;  // the labels' scale would not be known
  if (item.annotation >= 0) {
    const auto crop = crop_of(item);
    detail =
        detail * std::max(image.size.width, image.size.height) / std::max(crop.width, crop.height);
  }
  const auto path = (root_ / image.file).string();
  auto decoded = decode_reduced(read_sample_file(path), path, detail);
  const auto size = decoded.picture.size();
  if (stated && size != reduced(image.size, decoded.reduction)) {
    const auto times = std::to_string(decoded.reduction);
    throw BadSample(Fault::picture_size, path,
                    "is " + size_text(size) + " pixels" +
                        (decoded.reduction > 1 ? " at 1/" + times + " of its size" : "") +
                        ", and the annotations say " + size_text(image.size));
  }
  return decoded;
}

Sample CocoSource::get(int64_t index, int64_t detail) const {
  check_item(index);
  const auto& item = items_.at(index);
  const auto& image = coco_.images[item.image];
  const auto [picture, reduction] = decode(item, detail);
  const cv::Size full = image.size.empty() ? picture.size() : image.size;
  const auto part = part_of(index, picture.size(), reduction);
  Sample sample;
  sample.origin = {name(), sample_name(index), synthetic()};
  auto& frame = sample.frames.emplace_back();
  frame.picture = part.size() == picture.size() ? picture : picture(part).clone();
  label(item, full, frame.labels);
  if (part.size() == full) return sample;
  Geometry geometry;
  geometry.size = part.size();
  geometry.map = shift(-part.x, -part.y) *
                 scale(double(picture.cols) / full.width, double(picture.rows) / full.height);
  for (auto& [task, label] : frame.labels) label = warp_label(label, geometry, specs_.at(task));
  return sample;
}

void CocoSource::label(const Item& item, cv::Size full,
                       std::map<std::string, Label>& labels) const {
  const auto& image = coco_.images[item.image];
  for (const auto& rule : rules_) {
    if (!image.labelled_for(rule.task)) continue;
    if (rule.from == "mask") {
      if (!image.mask_file.empty())
        labels[rule.task] = Mask{read_mask(root_ / image.mask_file, rule, full)};
    } else if (rule.from == "category" && item.annotation >= 0) {
      const auto annotation = static_cast<size_t>(item.annotation);
      const auto index = rule.class_of[image.annotations[annotation].category];
      if (index != LabelRule::kSkip) labels[rule.task] = ClassIndex{index};
    } else if (auto label = coco_label(image, rule, full, words_of(rule))) {
      labels[rule.task] = std::move(*label);
    }
  }
}

const std::vector<std::string>& CocoSource::words_of(const LabelRule& rule) const {
  static const std::vector<std::string> none;
  const auto words = words_.find(rule.task);
  return words == words_.end() ? none : words->second;
}

}  // namespace manyfold::data
