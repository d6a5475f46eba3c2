#include "data/coco_writer.h"

#include <spdlog/fmt/fmt.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "common/atomic_file.h"
#include "common/error.h"
#include "data/parallel.h"

namespace manyfold::data {
namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

/// What one sample adds to the file; numbers of annotations are given at the end.
struct Entry {
  ordered_json image;
  std::vector<ordered_json> annotations;
};

class Writer {
 public:
  Writer(const Source& source, const LabelSpecs& specs, const CocoWriteOptions& options)
      : source_(source), specs_(specs), options_(options) {
    for (const auto& [task, spec] : specs_) add_task(task, spec);
  }

  int64_t write() {
    const int64_t rest = source_.size() - options_.first;
    const int64_t count = options_.count < 0 ? rest : std::min(options_.count, rest);
    if (count <= 0) throw UserError("source " + source_.name() + ": no samples to write");
    remove_old();
    make_folder("images");
    if (!mask_task_.empty()) make_folder("masks");
    std::vector<Entry> entries(count);
    parallel_for(count, options_.threads, [&](int64_t i) { entries[i] = write_sample(i); });
    write_json(entries);
    return count;
  }

 private:
  void add_task(const std::string& task, const LabelSpec& spec) {
    if (spec.kind == LabelSpec::Kind::mask) {
      if (!mask_task_.empty()) {
        throw UserError("a COCO set holds one mask for each picture, and there are two: " +
                        mask_task_ + " and " + task);
      }
      mask_task_ = task;
    }
    if (spec.kind != LabelSpec::Kind::objects) return;
    for (const auto& name : spec.classes) {
      const bool fresh = category_.emplace(name, category_.size() + 1).second;
      if (!fresh) {
        throw UserError("class '" + name + "' of task " + task +
                        " is a class of another task, too; a COCO set has it once");
      }
      ordered_json points = ordered_json::array();
      for (int64_t k = 0; k < spec.landmarks; ++k) points.push_back("p" + std::to_string(k + 1));
      categories_.push_back({{"id", category_.at(name)}, {"name", name}, {"supercategory", task}});
      if (!points.empty()) categories_.back()["keypoints"] = points;
    }
  }

  fs::path annotation_file() const { return options_.folder / (options_.split + ".json"); }

  /// Annotations of an earlier set do not belong to the pictures that are written now.
  void remove_old() const {
    std::error_code error;
    fs::remove(annotation_file(), error);
    if (error)
      throw UserError(annotation_file().string() + ": cannot be removed: " + error.message());
  }

  void make_folder(const char* kind) const {
    std::error_code error;
    fs::create_directories(options_.folder / kind / options_.split, error);
    if (error) throw UserError(options_.folder.string() + ": " + error.message());
  }

  /// The path relative to the set's folder.
  std::string path_of(const char* kind, int64_t number, const std::string& ending) const {
    return fmt::format("{}/{}/{:06d}.{}", kind, options_.split, number, ending);
  }

  void write_picture(const std::string& relative, const cv::Mat& picture) const {
    const auto path = options_.folder / relative;
    std::vector<uint8_t> bytes;
    cv::imencode(path.extension().string(), picture, bytes,
                 {cv::IMWRITE_JPEG_QUALITY, options_.quality});
    std::ofstream out(path, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (!out) throw UserError(path.string() + ": cannot be written");
  }

  Entry write_sample(int64_t number) const {
    const Sample sample = source_.get(options_.first + number);
    if (sample.frames.size() != 1) throw UserError("a COCO set holds stills, not clips");
    const auto& picture = sample.frames[0];
    Entry entry;
    const auto file = path_of("images", number, options_.format);
    cv::Mat bgr;
    cv::cvtColor(picture, bgr, cv::COLOR_RGB2BGR);
    write_picture(file, bgr);
    entry.image = {{"id", number + 1},
                   {"file_name", file},
                   {"width", picture.cols},
                   {"height", picture.rows},
                   {"origin", sample.origin.name}};
    for (const auto& [task, label] : sample.labels) {
      const auto spec = specs_.find(task);
      if (spec != specs_.end()) add_label(task, spec->second, label, number, entry);
    }
    return entry;
  }

  void add_label(const std::string& task, const LabelSpec& spec, const Label& label, int64_t number,
                 Entry& entry) const {
    if (const auto* index = std::get_if<ClassIndex>(&label)) {
      entry.image[task] = spec.classes.at(index->index);
    } else if (const auto* mask = std::get_if<Mask>(&label)) {
      const auto file = path_of("masks", number, "png");
      write_picture(file, grey_of(mask->frames.at(0), spec));
      entry.image["mask_file"] = file;
    } else {
      for (const auto& object : std::get<Objects>(label).frames.at(0)) {
        entry.annotations.push_back(annotation(object, spec, number));
      }
    }
  }

  static cv::Mat grey_of(const cv::Mat& mask, const LabelSpec& spec) {
    if (spec.classes.size() != 2) return mask;
    cv::Mat table = cv::Mat::zeros(1, 256, CV_8U), grey;
    table.at<uint8_t>(1) = 255;
    table.at<uint8_t>(Mask::kIgnore) = 128;
    cv::LUT(mask, table, grey);
    return grey;
  }

  ordered_json annotation(const Object& object, const LabelSpec& spec, int64_t number) const {
    const auto& box = object.box;
    ordered_json json = {{"image_id", number + 1},
                         {"category_id", category_.at(spec.classes.at(object.class_index))},
                         {"bbox", {box.x, box.y, box.width, box.height}},
                         {"area", box.area()},
                         {"iscrowd", object.ignore ? 1 : 0}};
    if (object.landmarks.empty()) return json;
    int64_t labelled = 0;
    auto& points = json["keypoints"] = ordered_json::array();
    for (size_t k = 0; k < object.landmarks.size(); ++k) {
      const bool visible = object.visible.at(k) != 0;
      labelled += visible;
      points.push_back(visible ? object.landmarks[k].x : 0.0f);
      points.push_back(visible ? object.landmarks[k].y : 0.0f);
      points.push_back(visible ? 2 : 0);
    }
    json["num_keypoints"] = labelled;
    return json;
  }

  void write_json(std::vector<Entry>& entries) const {
    ordered_json images = ordered_json::array(), annotations = ordered_json::array();
    for (auto& entry : entries) {
      images.push_back(std::move(entry.image));
      for (auto& annotation : entry.annotations) {
        annotation["id"] = annotations.size() + 1;
        annotations.push_back(std::move(annotation));
      }
    }
    const ordered_json root = {{"info", {{"description", source_.name()}}},
                               {"categories", categories_},
                               {"images", images},
                               {"annotations", annotations}};
    write_file(annotation_file(), root.dump() + "\n");
  }

  const Source& source_;
  const LabelSpecs& specs_;
  const CocoWriteOptions& options_;
  std::string mask_task_;
  std::map<std::string, size_t> category_;  // id by class name
  ordered_json categories_ = ordered_json::array();
};

}  // namespace

int64_t write_coco(const Source& source, const LabelSpecs& specs, const CocoWriteOptions& options) {
  return Writer(source, specs, options).write();
}

}  // namespace manyfold::data
