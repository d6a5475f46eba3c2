#include "data/coco_writer.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "common/atomic_file.h"
#include "common/error.h"
#include "data/loading/parallel.h"

namespace manyfold::data {
namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

/// What one sample adds to the file; numbers of annotations are given at the end.
struct Entry {
  ordered_json image;
  std::vector<ordered_json> annotations;
  ordered_json labelled = ordered_json::array();  // names of tasks
  bool lacks_objects = false;                     // of a task that has some
};

/// What the tasks are in the file.
struct Contents {
  explicit Contents(const LabelSpecs& specs) {
    for (const auto& [task, spec] : specs) {
      if (spec.kind == LabelSpec::Kind::mask) add_mask(task);
      if (spec.kind == LabelSpec::Kind::objects) add_objects(task, spec);
    }
  }

  std::string mask_task;
  std::map<std::string, size_t> category;  // id by class name
  ordered_json categories = ordered_json::array();

 private:
  void add_mask(const std::string& task) {
    if (!mask_task.empty()) {
      throw UserError("a COCO set holds one mask for each picture, and there are two: " +
                      mask_task + " and " + task);
    }
    mask_task = task;
  }

  void add_objects(const std::string& task, const LabelSpec& spec) {
    for (const auto& name : spec.classes) {
      const bool fresh = category.emplace(name, category.size() + 1).second;
      if (!fresh) {
        throw UserError("class '" + name + "' of task " + task +
                        " is a class of another task, too; a COCO set has it once");
      }
      ordered_json points = ordered_json::array();
      for (int64_t k = 0; k < spec.landmarks; ++k) points.push_back("p" + std::to_string(k + 1));
      categories.push_back({{"id", category.at(name)}, {"name", name}, {"supercategory", task}});
      if (!points.empty()) categories.back()["keypoints"] = points;
    }
  }
};

/// The path relative to the set's folder.
std::string path_of(const CocoWriteOptions& options, const std::string& kind, int64_t number,
                    const std::string& ending) {
  const auto stem = options.place ? options.place(kind, options.first + number)
                                  : fmt::format("{}/{}/{:06d}", kind, options.split, number);
  return stem + "." + ending;
}

class Writer {
 public:
  Writer(const Source& source, const LabelSpecs& specs, const CocoWriteOptions& options)
      : source_(source), specs_(specs), options_(options), contents_(specs) {}

  int64_t write() {
    const int64_t rest = source_.size() - options_.first;
    const int64_t count = options_.count < 0 ? rest : std::min(options_.count, rest);
    if (count <= 0) throw UserError("source " + source_.name() + ": no samples to write");
    remove_old();
    std::vector<Entry> entries(count);
    parallel_for(count, options_.threads, [&](int64_t i) { entries[i] = write_sample(i); });
    write_json(entries);
    return count;
  }

 private:
  fs::path annotation_file() const { return options_.folder / (options_.split + ".json"); }

  /// Annotations of an earlier set do not belong to the pictures that are written now.
  void remove_old() const {
    std::error_code error;
    fs::remove(annotation_file(), error);
    if (error)
      throw UserError(annotation_file().string() + ": cannot be removed: " + error.message());
  }

  void write_picture(const std::string& relative, const cv::Mat& picture) const {
    const auto path = options_.folder / relative;
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    if (error) throw UserError(path.parent_path().string() + ": " + error.message());
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
    const auto& picture = sample.frames[0].picture;
    const auto& labels = sample.frames[0].labels;
    Entry entry;
    const auto file = coco_picture(options_, number);
    cv::Mat bgr;
    cv::cvtColor(picture, bgr, cv::COLOR_RGB2BGR);
    write_picture(file, bgr);
    entry.image = {{"id", number + 1},
                   {"file_name", file},
                   {"width", picture.cols},
                   {"height", picture.rows},
                   {"origin", sample.origin.name}};
    for (const auto& [task, spec] : specs_) {
      const auto label = labels.find(task);
      if (label != labels.end()) {
        add_label(task, spec, label->second, number, entry);
        entry.labelled.push_back(task);
      } else if (spec.kind == LabelSpec::Kind::objects) {
        entry.lacks_objects = true;
      }
    }
    if (options_.more) entry.image.update(ordered_json(options_.more(options_.first + number)));
    return entry;
  }

  void add_label(const std::string& task, const LabelSpec& spec, const Label& label, int64_t number,
                 Entry& entry) const {
    if (const auto* index = std::get_if<ClassIndex>(&label)) {
      entry.image[task] = spec.classes.at(index->index);
    } else if (const auto* mask = std::get_if<Mask>(&label)) {
      const auto file = path_of(options_, "masks", number, "png");
      write_picture(file, grey_of(mask->classes, spec));
      entry.image["mask_file"] = file;
    } else {
      for (const auto& object : std::get<Objects>(label).list) {
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
    ordered_json json = {
        {"image_id", number + 1},
        {"category_id", contents_.category.at(spec.classes.at(object.class_index))},
        {"bbox", {box.x, box.y, box.width, box.height}},
        {"area", box.area()},
        {"iscrowd", object.ignore ? 1 : 0}};
    if (options_.scores) json["score"] = std::round(1e4 * object.score) / 1e4;
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
    const bool lists = std::any_of(entries.begin(), entries.end(),
                                   [](const Entry& entry) { return entry.lacks_objects; });
    for (auto& entry : entries) {
      if (lists) entry.image["labelled"] = std::move(entry.labelled);
      images.push_back(std::move(entry.image));
      for (auto& annotation : entry.annotations) {
        annotation["id"] = annotations.size() + 1;
        annotations.push_back(std::move(annotation));
      }
    }
    const auto& description = options_.description.empty() ? source_.name() : options_.description;
    ordered_json info = {{"description", description}};
    if (!options_.provenance.is_null()) info["provenance"] = ordered_json(options_.provenance);
    const ordered_json root = {{"info", info},
                               {"categories", contents_.categories},
                               {"images", images},
                               {"annotations", annotations}};
    write_file(annotation_file(), root.dump() + "\n");
  }

  const Source& source_;
  const LabelSpecs& specs_;
  const CocoWriteOptions& options_;
  const Contents contents_;
};

}  // namespace

int64_t write_coco(const Source& source, const LabelSpecs& specs, const CocoWriteOptions& options) {
  if (source.clips()) {
    throw UserError("source " + source.name() + ": holds clips, and a COCO set holds stills; " +
                    (source.synthetic()
                         ? "draw stills with `length: 1`"
                         : "unpack the clips into folders of pictures (`type: pictures`)"));
  }
  return Writer(source, specs, options).write();
}

void check_coco_tasks(const LabelSpecs& specs) {
  for (const auto* taken :
       {"id", "file_name", "mask_file", "width", "height", "origin", "source", "labelled"}) {
    if (specs.count(taken)) {
      throw UserError(std::string("a COCO set has the field '") + taken +
                      "' of its own for each picture: no task can have that name there");
    }
  }
  Contents{specs};
}

std::string coco_picture(const CocoWriteOptions& options, int64_t number) {
  return path_of(options, "images", number, options.format);
}

}  // namespace manyfold::data
