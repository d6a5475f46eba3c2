#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <string>
#include <vector>

#include "data/augment/warp.h"
#include "data/label.h"
#include "data/sources/source.h"

namespace manyfold::data {

/// While it lives, root is nobody in particular: permissions count.
class Unprivileged {
 public:
  Unprivileged() { become(65534); }
  ~Unprivileged() { become(0); }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;

 private:
  void become(uid_t user) const {
    if (was_root_ && seteuid(user) != 0) ADD_FAILURE() << "cannot become user " << user;
  }

  const bool was_root_ = geteuid() == 0;
};

/// A folder of its own for one test, removed at its end.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "manyfold_data_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  std::string string() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

inline void write_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

/// A smooth picture (RGB), another one for each `seed`.
inline cv::Mat drawn_picture(int width, int height, int seed = 0) {
  cv::Mat picture(height, width, CV_8UC3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      picture.at<cv::Vec3b>(y, x) =
          cv::Vec3b((x * 255 / width + 40 * seed) % 256, y * 255 / height, (17 * seed + 90) % 256);
    }
  }
  return picture;
}

/// An RGB picture or a mask as the bytes of a file.
inline std::string encoded(const cv::Mat& picture, const std::string& ending) {
  cv::Mat bgr;
  if (picture.channels() == 3) {
    cv::cvtColor(picture, bgr, cv::COLOR_RGB2BGR);
  } else {
    bgr = picture;
  }
  std::vector<uint8_t> bytes;
  cv::imencode(ending, bgr, bytes);
  return {bytes.begin(), bytes.end()};
}

inline void write_picture(const std::filesystem::path& path, const cv::Mat& picture) {
  write_bytes(path, encoded(picture, path.extension().string()));
}

inline LabelSpec mask_spec() {
  LabelSpec spec;
  spec.kind = LabelSpec::Kind::mask;
  spec.classes = {"background", "person"};
  return spec;
}

inline LabelSpec class_spec(std::vector<std::string> classes) {
  LabelSpec spec;
  spec.kind = LabelSpec::Kind::class_index;
  spec.classes = std::move(classes);
  return spec;
}

inline LabelSpec object_spec(std::vector<std::string> classes, int64_t landmarks = 0) {
  LabelSpec spec;
  spec.kind = LabelSpec::Kind::objects;
  spec.classes = std::move(classes);
  spec.landmarks = landmarks;
  return spec;
}

/// A COCO file in the making: images and annotations get their ids in order, from 1.
struct CocoFixture {
  explicit CocoFixture(const TempFolder& folder) : folder(folder) {
    json = {{"images", nlohmann::json::array()},
            {"annotations", nlohmann::json::array()},
            {"categories", nlohmann::json::array()}};
  }
  CocoFixture& category(const std::string& name, int landmarks = 0) {
    auto points = nlohmann::json::array();
    for (int k = 0; k < landmarks; ++k) points.push_back("p" + std::to_string(k));
    json["categories"].push_back(
        {{"id", json["categories"].size() + 1}, {"name", name}, {"keypoints", points}});
    return *this;
  }
  /// Writes a PNG of the size and lists it; `more` holds further fields.
  CocoFixture& image(int width = 64, int height = 48, nlohmann::json more = {}) {
    const auto id = static_cast<int>(json["images"].size()) + 1;
    const auto file = "images/" + std::to_string(id) + ".png";
    write_picture(folder / file, drawn_picture(width, height, id));
    more.update({{"id", id}, {"file_name", file}, {"width", width}, {"height", height}});
    json["images"].push_back(more);
    return *this;
  }
  CocoFixture& mask(const cv::Mat& mask) {
    const auto file = "masks/" + std::to_string(json["images"].size()) + ".png";
    write_picture(folder / file, mask);
    json["images"].back()["mask_file"] = file;
    return *this;
  }
  /// Of the last image.
  CocoFixture& box(std::vector<double> box, int category = 1, nlohmann::json more = {}) {
    more.update({{"id", json["annotations"].size() + 1},
                 {"image_id", json["images"].size()},
                 {"category_id", category},
                 {"bbox", box}});
    json["annotations"].push_back(more);
    return *this;
  }
  void write(const std::string& split = "train") const {
    write_bytes(folder / (split + ".json"), json.dump());
  }

  const TempFolder& folder;
  nlohmann::json json;
};

/// What `run` throws, or "(nothing)".
template <class Error, class Run>
std::string message_of(const Run& run) {
  try {
    run();
  } catch (const Error& error) {
    return error.what();
  }
  return "(nothing)";
}

/// The fault of the BadSample that `run` throws.
template <class Run>
std::string fault_of(const Run& run) {
  try {
    run();
  } catch (const BadSample& error) {
    return fault_name(error.fault);
  }
  return "(nothing)";
}

}  // namespace manyfold::data
