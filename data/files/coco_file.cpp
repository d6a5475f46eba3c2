#include "data/files/coco_file.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "common/atomic_file.h"
#include "common/error.h"

namespace manyfold::data {
namespace {

using nlohmann::json;

/// Python's json module writes NaN and Infinity, which no JSON parser has to accept.
std::string without_nan(const std::string& text) {
  std::string clean;
  clean.reserve(text.size() + text.size() / 64);
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') in_string = !in_string;
    const size_t sign = text[i] == '-' ? 1 : 0;
    if (in_string && text[i] == '\\') {
      clean += text[i++];
    } else if (!in_string && text[i] == 'N' && text.compare(i, 3, "NaN") == 0) {
      clean += "null";
      i += 3;
    } else if (!in_string && (sign || text[i] == 'I') &&
               text.compare(i + sign, 8, "Infinity") == 0) {
      clean += "null";
      i += sign + 8;
    }
    if (i < text.size()) clean += text[i];
  }
  return clean;
}

float number(const json& value) {
  return value.is_null() ? std::numeric_limits<float>::quiet_NaN() : value.get<float>();
}

/// Beyond a million pixels the fixed-point numbers that outlines are painted with would overflow.
bool is_coordinate(const json& value) {
  return value.is_number() && std::abs(value.get<double>()) < 1e6;
}

std::vector<cv::Point2f> read_polygon(const json& flat) {
  if (!flat.is_array() || flat.size() < 6 || flat.size() % 2 != 0 ||
      !std::all_of(flat.begin(), flat.end(), is_coordinate)) {
    throw std::invalid_argument(
        "a polygon must be a list of x, y, x, y, ...: at least three points, finite numbers");
  }
  std::vector<cv::Point2f> polygon;
  for (size_t i = 0; i < flat.size(); i += 2) {
    polygon.emplace_back(flat[i].get<float>(), flat[i + 1].get<float>());
  }
  return polygon;
}

/// Throws std::invalid_argument for what is no outline.
Segment read_segment(const json& value) {
  Segment segment;
  if (value.is_array()) {
    for (const auto& flat : value) segment.polygons.push_back(read_polygon(flat));
  } else if (value.is_object()) {
    segment.size = {value.at("size").at(1).get<int>(), value.at("size").at(0).get<int>()};
    const auto& counts = value.at("counts");
    segment.runs = counts.is_string() ? unpack_runs(counts.get<std::string>())
                                      : counts.get<std::vector<uint32_t>>();
  }
  return segment;
}

class Reader {
 public:
  Reader(const std::filesystem::path& path, CocoFile& coco) : file_(path.string()), coco_(coco) {}

  void read(const json& root) {
    read_all(root, "categories", &Reader::read_category);
    read_all(root, "images", &Reader::read_image);
    coco_.annotated = root.contains("annotations");
    if (coco_.annotated) read_all(root, "annotations", &Reader::read_annotation);
  }

 private:
  void read_all(const json& root, const std::string& key, void (Reader::*read)(const json&)) {
    const auto& list = root.at(key);
    for (size_t i = 0; i < list.size(); ++i) {
      try {
        (this->*read)(list.at(i));
      } catch (const json::exception& error) {
        throw UserError(file_ + ": not a COCO annotation file: " + key + "[" + std::to_string(i) +
                        "]: " + error.what());
      }
    }
  }

  void read_category(const json& value) {
    const auto id = value.at("id").get<int64_t>();
    const auto [first, fresh] = category_.emplace(id, coco_.categories.size());
    coco_.categories.push_back(value.at("name").get<std::string>());
    coco_.landmarks.push_back(value.contains("keypoints") ? value["keypoints"].size() : 0);
    if (fresh) return;
    ambiguous_.insert(id);
    coco_.problems.push_back({Fault::unknown_category, file_,
                              "the categories '" + coco_.categories[first->second] + "' and '" +
                                  coco_.categories.back() + "' have one id, " +
                                  std::to_string(id)});
  }

  void read_image(const json& value) {
    CocoImage image;
    image.id = value.at("id").get<int64_t>();
    image.file = value.at("file_name").get<std::string>();
    image.size = {value.value("width", 0), value.value("height", 0)};
    for (const auto& [key, field] : value.items()) {
      if (field.is_string()) image.words[key] = field.get<std::string>();
    }
    if (value.contains("labelled")) {
      image.labelled = value["labelled"].get<std::set<std::string>>();
    }
    const auto mask = image.words.find("mask_file");
    if (mask != image.words.end()) image.mask_file = mask->second;
    const auto [first, fresh] = image_.emplace(image.id, coco_.images.size());
    coco_.images.push_back(std::move(image));
    if (fresh) return;
    const auto text = "has the id " + std::to_string(first->first) +
                      ", which another image has, too: whose annotations are whose?";
    bad_image(first->second, Fault::unknown_image, text);
    bad_image(coco_.images.size() - 1, Fault::unknown_image, text);
  }

  void read_annotation(const json& value) {
    CocoAnnotation annotation;
    annotation.id = value.value("id", int64_t{0});
    const auto where = "annotation " + std::to_string(annotation.id);
    const auto image_id = value.at("image_id").get<int64_t>();
    const auto image = image_.find(image_id);
    if (image == image_.end()) {
      coco_.problems.push_back(
          {Fault::unknown_image, file_,
           where + " belongs to image " + std::to_string(image_id) + ", which is not in `images`"});
      return;
    }
    const auto category_id = value.at("category_id").get<int64_t>();
    const auto category = category_.find(category_id);
    if (category == category_.end()) {
      bad_image(image->second, Fault::unknown_category,
                where + " has category " + std::to_string(category_id) +
                    ", which is not in `categories`");
      return;
    }
    if (ambiguous_.count(category_id) > 0) {
      bad_image(image->second, Fault::unknown_category,
                where + " has category " + std::to_string(category_id) +
                    ", which several of `categories` have: which is meant?");
      return;
    }
    annotation.category = category->second;
    annotation.crowd = value.contains("iscrowd") && value["iscrowd"].get<int>() != 0;
    read_box(value, image->second, where, annotation);
    read_landmarks(value, where, annotation);
    try {
      if (value.contains("segmentation")) annotation.segment = read_segment(value["segmentation"]);
    } catch (const std::invalid_argument& error) {
      bad_image(image->second, Fault::bad_segment, where + ": " + error.what());
    }
    coco_.images[image->second].annotations.push_back(std::move(annotation));
  }

  void read_box(const json& value, size_t index, const std::string& where,
                CocoAnnotation& annotation) {
    if (!value.contains("bbox")) return;
    const auto& b = value["bbox"];
    const bool numbers = std::all_of(
        b.begin(), b.end(), [](const json& value) { return value.is_number() || value.is_null(); });
    if (!b.is_array() || b.size() != 4 || !numbers) {
      return bad_image(index, Fault::bad_box,
                       where + " has the box " + b.dump() +
                           ", and a box is four numbers, [x, y, width, height]");
    }
    annotation.box = {number(b.at(0)), number(b.at(1)), number(b.at(2)), number(b.at(3))};
    const auto& box = annotation.box;
    const auto text = where + " has the box " + b.dump();
    if (!(box.width > 0 && box.height > 0) || !std::isfinite(box.x + box.y + box.area())) {
      return bad_image(index, Fault::bad_box, text + ", which has no area");
    }
    const cv::Rect2f picture({0, 0}, cv::Size2f(coco_.images[index].size));
    if (!picture.empty() && (box & picture).empty()) {
      bad_image(index, Fault::bad_box, text + ", which lies outside its picture");
    }
  }

  void read_landmarks(const json& value, const std::string& where, CocoAnnotation& annotation) {
    if (!value.contains("keypoints")) return;
    const auto& flat = value["keypoints"];
    int64_t lost = 0;
    for (size_t i = 0; i + 2 < flat.size(); i += 3) {
      const cv::Point2f point(number(flat[i]), number(flat[i + 1]));
      const bool labelled = number(flat[i + 2]) > 0;
      const bool known =
          std::isfinite(point.x) && std::isfinite(point.y) && point.x >= 0 && point.y >= 0;
      if (labelled && !known) ++lost;
      annotation.visible.push_back(labelled && known);
      annotation.landmarks.push_back(labelled && known ? point : cv::Point2f());
    }
    if (lost > 0) {
      coco_.problems.push_back({Fault::bad_landmarks, file_,
                                where + " has " + std::to_string(lost) +
                                    " key points marked as labelled whose coordinates are NaN or "
                                    "negative; they count as not labelled"});
    }
  }

  void bad_image(size_t index, Fault fault, const std::string& text) {
    const Problem problem{fault, coco_.images[index].file, text};
    coco_.problems.push_back(problem);
    coco_.bad_images.emplace(index, problem);
  }

  std::string file_;
  CocoFile& coco_;
  std::map<int64_t, int64_t> category_;
  std::set<int64_t> ambiguous_;  // ids of several categories
  std::map<int64_t, size_t> image_;
};

}  // namespace

CocoFile read_coco(const std::filesystem::path& path) {
  const std::string text = without_nan(read_file(path));
  CocoFile coco;
  try {
    Reader(path, coco).read(json::parse(text));
  } catch (const json::exception& error) {
    throw UserError(path.string() + ": not a COCO annotation file: " + error.what());
  }
  return coco;
}

}  // namespace manyfold::data
