#include "data/sources/clips_source.h"

#include <algorithm>
#include <optional>
#include <set>

#include "common/error.h"
#include "data/files/picture_file.h"
#include "data/sources/clip_folder.h"
#include "data/sources/coco_labels.h"
#include "data/sources/mask_file.h"

namespace manyfold::data {
namespace {

namespace fs = std::filesystem;

bool is_clip(const fs::path& path) {
  return fs::is_directory(path) ? holds_pictures(path) : named_like_video(path);
}

/// An entry of other pixels has its objects elsewhere.
void check_size(const CocoImage& entry, const fs::path& path, cv::Size size) {
  if (entry.size.empty() || entry.size == size) return;
  throw BadSample(
      Fault::picture_size, path.string(),
      "is " + size_text(size) + " pixels, and the annotations say " + size_text(entry.size));
}

}  // namespace

ClipsSource::ClipsSource(const std::string& name, const ClipsOptions& options,
                         const LabelList& labels, const LabelSpecs& specs)
    : ClipSource(name, /*synthetic=*/false), root_(options.root), where_("source " + name) {
  find_clips(options);
  make_rules(options, labels, specs);
  check_labelled(options.annotations);
}

void ClipsSource::find_clips(const ClipsOptions& options) {
  if (holds_pictures(root_) &&
      (fs::is_directory(root_ / "frames") || fs::is_directory(root_ / "masks"))) {
    throw UserError(where_ + ".root: " + root_.string() +
                    " is one clip, with its frames and masks; give the folder that it lies in, and "
                    "this one's name in `clips`");
  }
  std::vector<std::string> names;
  for (const auto& path : entries_of(root_)) {
    if (!is_clip(path)) continue;
    names.push_back(path.filename().string());
    const auto& wanted = options.clips;
    if (!wanted.empty() && std::count(wanted.begin(), wanted.end(), names.back()) == 0) continue;
    try {
      clips_.push_back(fs::is_directory(path) ? open_folder(path) : open_video(path));
    } catch (const BadSample& error) {
      problems_.push_back({error.fault, error.file, "the clip is left out: " + error.text});
    }
  }
  for (const auto& name : options.clips) {
    if (std::count(names.begin(), names.end(), name)) continue;
    throw ConfigError(where_ + ".clips: " + root_.string() + " has no clip '" + name + "'" +
                      known_names(name, names));
  }
  if (!clips_.empty()) return;
  std::string why;
  for (const auto& problem : problems_) why += "\n" + problem.file + ": " + problem.text;
  throw UserError(where_ + ": " + root_.string() +
                  " holds no clip that can be used: folders of numbered pictures (000000.jpg, "
                  "000001.jpg ..., also in `frames`) or video files (.mp4, .avi, .mkv and so on)" +
                  why);
}

ClipsSource::Clip ClipsSource::open_folder(const fs::path& folder) {
  auto found = read_clip_folder(folder);
  problems_.insert(problems_.end(), found.problems.begin(), found.problems.end());
  const auto length = static_cast<int64_t>(found.frames.size());
  return {folder.filename().string(), found.path, std::move(found.frames), std::move(found.masks),
          length};
}

ClipsSource::Clip ClipsSource::open_video(const fs::path& file) {
  const auto header = read_video_header(file);
  if (header.frames < 1) {
    throw BadSample(Fault::not_a_video, file.string(),
                    "it does not say how many frames it has; write it again, or unpack its frames "
                    "into a folder");
  }
  return {file.filename().string(), file, {}, {}, header.frames};
}

void ClipsSource::make_rules(const ClipsOptions& options, const LabelList& labels,
                             const LabelSpecs& specs) {
  if (!options.annotations.empty()) {
    coco_ = read_coco(options.annotations);
    problems_.insert(problems_.end(), coco_.problems.begin(), coco_.problems.end());
    find_entries(options.annotations);
    find_strays(options.annotations);
  }
  for (const auto& [task, label] : labels) {
    const auto spec = specs.find(task);
    if (spec == specs.end()) continue;
    if (label.from != "mask" && options.annotations.empty()) {
      throw ConfigError(
          where_ + ".labels." + task + ".from = " + label.from +
          " reads a COCO file, and `annotations` is empty; give its path" +
          (spec->second.kind == LabelSpec::Kind::mask ? ", or use `from: mask`" : ""));
    }
    if (label.from == "image") words_[task] = coco_words(coco_, task);
    rules_.push_back(make_rule(where_, task, label, spec->second, coco_kinds(),
                               label.from == "image" ? words_.at(task) : coco_.categories));
    check_landmarks(where_, rules_.back(), coco_);
  }
}

/// A frame is one sample: of two entries, one would be lost. An entry without a frame is a problem.
void ClipsSource::find_entries(const std::string& annotations) {
  std::vector<std::string> lost;
  for (size_t i = 0; i < coco_.images.size(); ++i) {
    const auto& image = coco_.images[i];
    const auto [first, fresh] = image_of_.emplace(image.file, i);
    if (!fs::exists(root_ / image.file)) lost.push_back(image.file);
    if (fresh) continue;
    throw UserError(where_ + ": " + annotations + ": the images " +
                    std::to_string(coco_.images[first->second].id) + " and " +
                    std::to_string(image.id) + " have one `file_name`, " + image.file +
                    ": which of them is the frame's? Make one of them");
  }
  if (lost.empty()) return;
  problems_.push_back({Fault::missing_file, annotations,
                       std::to_string(lost.size()) + " of " + std::to_string(image_of_.size()) +
                           " images are not there, such as " + lost[0] +
                           "; a `file_name` is relative to " + root_.string()});
}

/// What lies in a clip, or is one, and is none of its frames: a mask, or a video.
void ClipsSource::find_strays(const std::string& annotations) {
  std::set<std::string> clips, frames;
  for (const auto& clip : clips_) {
    clips.insert(clip.name);
    for (const auto& frame : clip.frames)
      frames.insert(frame.lexically_relative(root_).generic_string());
  }
  std::vector<std::string> strays;
  for (const auto& [file, entry] : image_of_) {
    const bool in_clip = clips.count(file.substr(0, file.find('/'))) > 0;
    if (in_clip && !frames.count(file) && fs::exists(root_ / file)) strays.push_back(file);
  }
  if (strays.empty()) return;
  problems_.push_back({Fault::unlabelled, annotations,
                       std::to_string(strays.size()) + " of " + std::to_string(image_of_.size()) +
                           " images are no frame of a clip, such as " + strays[0] +
                           "; a frame is called as kitchen/frames/000007.jpg is"});
}

std::optional<size_t> ClipsSource::entry_of(const fs::path& frame) const {
  const auto entry = image_of_.find(frame.lexically_relative(root_).generic_string());
  return entry == image_of_.end() ? std::nullopt : std::optional(entry->second);
}

/// A label that no frame has would be found missing by nobody.
void ClipsSource::check_labelled(const std::string& annotations) const {
  bool masks = false;
  std::vector<const CocoImage*> entries;  // of frames
  for (const auto& clip : clips_) {
    masks |= !clip.masks.empty();
    for (const auto& frame : clip.frames) {
      if (const auto entry = entry_of(frame)) entries.push_back(&coco_.images[*entry]);
    }
  }
  for (const auto& rule : rules_) {
    const auto nothing = where_ + ": labels." + rule.task + " `from: " + rule.from +
                         "` labels no frame of any clip: ";
    if (rule.from == "mask") {
      if (masks) continue;
      throw UserError(nothing + "none of " + root_.string() +
                      "/<clip>/masks/ holds a picture with a frame's number");
    }
    if (entries.empty()) {
      throw UserError(nothing + "no `file_name` in " + annotations + " is a frame below " +
                      root_.string());
    }
    check_rule(where_ + ": " + annotations, rule, coco_, entries);
  }
}

bool ClipsSource::may_be_labelled(int64_t index) const {
  const auto& of = clip(index);
  return std::any_of(rules_.begin(), rules_.end(), [&](const LabelRule& rule) {
    if (rule.from == "mask") return !of.masks.empty();
    return std::any_of(of.frames.begin(), of.frames.end(),
                       [&](const fs::path& frame) { return entry_of(frame).has_value(); });
  });
}

std::vector<fs::path> ClipsSource::files(int64_t index) const {
  const auto& found = clip(index);
  return found.frames.empty() ? std::vector<fs::path>{found.path} : found.frames;
}

Sample ClipsSource::part(int64_t index, const FrameRange& range, int64_t detail) const {
  const auto& from = clip(index);
  Sample sample;
  sample.origin = {name(), from.name + "#" + std::to_string(range.first), synthetic()};
  if (from.frames.empty()) {
    for (auto& picture : videos_.read(from.path, range.first, range.count))
      sample.frames.push_back({picture});
    return sample;
  }
  for (int64_t t = range.first; t < range.first + range.count; ++t) {
    auto& frame = sample.frames.emplace_back();
    const auto& path = from.frames.at(static_cast<size_t>(t));
    // Labels stand in the full picture's pixels.
    frame.picture =
        decode_picture(read_sample_file(path), path.string(), rules_.empty() ? detail : 0);
    const auto size = frame.picture.size(), expected = sample.frames[0].picture.size();
    if (size != expected) {
      throw BadSample(
          Fault::frame_size, path.string(),
          "is " + size_text(size) + " pixels, and the frames before it are " + size_text(expected));
    }
    label(from, t, frame);
  }
  return sample;
}

void ClipsSource::label(const Clip& clip, int64_t number, Frame& frame) const {
  static const std::vector<std::string> no_words;
  const auto& path = clip.frames.at(static_cast<size_t>(number));
  const auto entry = entry_of(path);
  const auto size = frame.picture.size();
  for (const auto& rule : rules_) {
    if (rule.from == "mask") {
      const auto mask = clip.masks.find(number);
      if (mask != clip.masks.end())
        frame.labels[rule.task] = Mask{read_mask(mask->second, rule, size)};
    } else if (entry) {
      const auto bad = coco_.bad_images.find(*entry);
      if (bad != coco_.bad_images.end() && rule.from != "image")
        throw BadSample(bad->second.fault, bad->second.file, bad->second.text);
      check_size(coco_.images[*entry], path, size);
      const auto words = words_.find(rule.task);
      auto label = coco_label(coco_.images[*entry], rule, size,
                              words == words_.end() ? no_words : words->second);
      if (label) frame.labels[rule.task] = std::move(*label);
    }
  }
}

}  // namespace manyfold::data
