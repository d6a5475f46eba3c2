#include "data/check.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <opencv2/imgproc.hpp>
#include <set>
#include <utility>

#include "common/error.h"
#include "data/files/picture_file.h"
#include "data/loading/parallel.h"

namespace manyfold::data {
namespace {

constexpr int64_t kFrames = 32;  // of a clip, read at a time

using Digest = std::array<unsigned char, 32>;   // SHA-256
using Digests = std::map<Digest, std::string>;  // to the path

Digest digest(const std::string& bytes) {
  Digest digest;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return digest;
}

std::string class_name(const LabelSpec& spec, int64_t index) {
  const bool known = index >= 0 && index < static_cast<int64_t>(spec.classes.size());
  return known ? spec.classes[index] : std::to_string(index);
}

constexpr double kTiny = 2;  // pixels

struct Count {
  const LabelSpec& spec;
  TaskReport& report;
  cv::Size picture;

  void operator()(const Mask& mask) const {
    std::array<int64_t, 256> pixels{};
    for (int y = 0; y < mask.classes.rows; ++y) {
      const auto* row = mask.classes.ptr<uint8_t>(y);
      for (int x = 0; x < mask.classes.cols; ++x) ++pixels[row[x]];
    }
    for (int value = 0; value < 256; ++value) {
      if (pixels[value] == 0) continue;
      report.classes[value == Mask::kIgnore ? "ignore" : class_name(spec, value)] += pixels[value];
    }
  }
  void operator()(const ClassIndex& label) const {
    ++report.classes[class_name(spec, label.index)];
  }
  void operator()(const Objects& objects) const {
    for (const auto& object : objects.list) {
      const auto& box = object.box;
      const auto seen = box & cv::Rect2f({0, 0}, cv::Size2f(picture));
      report.object_side.add(std::min(box.width, box.height));
      report.tiny_objects += std::min(box.width, box.height) < kTiny ? 1 : 0;
      report.cut_objects += seen.area() < 0.75f * box.area() ? 1 : 0;
      report.landmarks += std::count(object.visible.begin(), object.visible.end(), 1);
      if (object.ignore) {
        ++report.ignored_objects;
      } else {
        ++report.classes[class_name(spec, object.class_index)];
      }
    }
  }
};

void add(const PixelRange& from, PixelRange& to) {
  if (from.high == 0) return;
  to.add(from.low);
  to.add(from.high);
}

void add(const TaskReport& from, TaskReport& to) {
  to.labelled += from.labelled;
  to.labelled_frames += from.labelled_frames;
  to.without_objects += from.without_objects;
  to.ignored_objects += from.ignored_objects;
  to.tiny_objects += from.tiny_objects;
  to.cut_objects += from.cut_objects;
  to.landmarks += from.landmarks;
  for (const auto& [name, count] : from.classes) to.classes[name] += count;
  add(from.object_side, to.object_side);
}

/// What one sample adds to the report of its source.
class SampleCount {
 public:
  explicit SampleCount(const LabelSpecs& specs) : specs_(specs) {}

  void add_frame(const Frame& frame) {
    ++frames_;
    width_.add(frame.picture.cols);
    height_.add(frame.picture.rows);
    for (const auto& [task, label] : frame.labels) {
      auto& of_task = tasks_[task];
      of_task.labelled = 1;
      ++of_task.labelled_frames;
      std::visit(Count{specs_.at(task), of_task, frame.picture.size()}, label);
    }
  }
  void add_to(SourceReport& report) const {
    ++report.usable;
    report.frames += frames_;
    add(width_, report.width);
    add(height_, report.height);
    for (auto [task, of_task] : tasks_) {
      const bool objects = specs_.at(task).kind == LabelSpec::Kind::objects;
      of_task.without_objects =
          objects && of_task.classes.empty() && of_task.ignored_objects == 0 ? 1 : 0;
      add(of_task, report.tasks.at(task));
    }
  }

 private:
  const LabelSpecs& specs_;
  int64_t frames_ = 0;
  PixelRange width_, height_;
  std::map<std::string, TaskReport> tasks_;
};

/// Reads a sample, and finds all of its frames that cannot be used.
class SampleReader {
 public:
  SampleReader(const Source& source, int64_t index, const LabelSpecs& specs)
      : count(specs), source_(source), index_(index), files_(source.files(index)) {
    // A long clip is never in memory as a whole.
    const int64_t length = source.length(index);
    for (int64_t first = 0; first < length && !ended_; first += kFrames)
      read({first, std::min(kFrames, length - first)});
  }

  SampleCount count;
  std::vector<BadSample> faults;

 private:
  void read(const FrameRange& range) {
    try {
      const auto part = source_.part(index_, range);
      check_size(range.first, part.frames.at(0).picture.size());
      for (const auto& frame : part.frames) count.add_frame(frame);
    } catch (const BadSample& fault) {
      // Where each frame has a file, one says nothing about the others.
      if (range.count > 1 && files_.size() > 1) {
        for (int64_t t = range.first; t < range.first + range.count; ++t) read({t});
      } else {
        faults.push_back(fault);
        ended_ = files_.size() <= 1;
      }
    }
  }
  /// A change is one fault, however many frames follow it.
  void check_size(int64_t number, cv::Size size) {
    if (size_.empty()) size_ = last_size_ = size;
    if (std::exchange(last_size_, size) == size || size == size_) return;
    faults.emplace_back(Fault::frame_size, source_.sample_name(index_),
                        "frame " + std::to_string(number) + " is " + size_text(size) +
                            " pixels, and the frames before it are " + size_text(size_));
  }

  const Source& source_;
  int64_t index_;
  std::vector<std::filesystem::path> files_;
  cv::Size size_, last_size_;  // of the clip, and of the frame before
  bool ended_ = false;
};

/// A report of every task that the source is to label, so that one which it never does shows.
void add_tasks(const SourceOptions& options, const LabelSpecs& specs, SourceReport& report) {
  for (const auto& [task, label] : options.labels) {
    const auto spec = specs.find(task);
    if (spec != specs.end()) report.tasks[task].kind = spec->second.kind;
  }
}

/// Where no sample can be used at all, the bad ones say why.
void find_unlabelled(SourceReport& report) {
  for (const auto& [task, of_task] : report.tasks) {
    if (of_task.labelled > 0 || report.usable == 0) continue;
    report.problems.push_back({Fault::unlabelled, report.name,
                               "none of its " + std::to_string(report.usable) +
                                   (report.clips ? " usable clips" : " usable samples") +
                                   " carries the label of " + task + "; see labels." + task});
  }
}

/// Boxes in other units or of another layout look like this; a few of them are as life is.
void find_odd_boxes(SourceReport& report) {
  for (const auto& [task, of_task] : report.tasks) {
    if (of_task.kind != LabelSpec::Kind::objects) continue;
    auto all = of_task.ignored_objects;
    for (const auto& entry : of_task.classes) all += entry.second;
    const auto odd = [&, task = task](int64_t count, const std::string& what) {
      if (2 * count <= all) return;
      report.problems.push_back({Fault::bad_box, report.name,
                                 std::to_string(count) + " of " + std::to_string(all) +
                                     " objects of " + task + " " + what});
    };
    odd(of_task.tiny_objects,
        "are smaller than 2 pixels: are they shares of the picture instead of pixels?");
    odd(of_task.cut_objects,
        "lie a quarter or more out of their picture: a box is [x, y, width, height], not its two "
        "corners");
  }
}

/// So much of what is endless that it holds at least so many scenes.
int64_t drawn_samples(const Source& source, int64_t scenes) {
  const int64_t length = source.size() > 0 ? source.length(0) : 1;
  return std::min((scenes + length - 1) / length, source.size());
}

void read_source(const Source& source, const LabelSpecs& specs, int threads, int64_t scenes,
                 SourceReport& report, Digests& digests) {
  report.clips = source.clips();
  report.samples = source.size();
  report.read = source.synthetic() ? drawn_samples(source, scenes) : source.size();
  report.problems = source.problems();
  std::mutex mutex;
  std::map<int64_t, std::vector<BadFile>> bad;
  std::set<std::string> hashed;  // several boxes may be cut from one picture
  parallel_for(report.read, threads, [&](int64_t i) {
    const SampleReader sample(source, i, specs);
    std::unique_lock lock(mutex);
    for (const auto& fault : sample.faults)
      bad[i].push_back({source.name(), source.sample_name(i), fault.fault, fault.what()});
    if (!sample.faults.empty()) return;
    sample.count.add_to(report);
    const auto files = source.files(i);
    if (files.empty() || !hashed.insert(files[0].string()).second) return;
    lock.unlock();
    const auto hash = digest(read_sample_file(files[0]));
    lock.lock();
    digests.emplace(hash, files[0].string());
  });
  for (auto& [index, files] : bad) report.bad.insert(report.bad.end(), files.begin(), files.end());
  find_unlabelled(report);
  find_odd_boxes(report);
}

std::vector<SharedPictures> shared_pictures(const std::vector<SourceReport>& reports,
                                            const std::vector<Digests>& digests) {
  std::vector<SharedPictures> all;
  for (size_t a = 0; a < reports.size(); ++a) {
    for (size_t b = a + 1; b < reports.size(); ++b) {
      SharedPictures shared{reports[a].name, reports[b].name, 0, "", ""};
      for (const auto& [hash, path] : digests[a]) {
        const auto other = digests[b].find(hash);
        if (other == digests[b].end()) continue;
        if (shared.count++ > 0) continue;
        shared.example_first = path;
        shared.example_second = other->second;
      }
      if (shared.count > 0) all.push_back(shared);
    }
  }
  return all;
}

}  // namespace

void PixelRange::add(double value) {
  low = high == 0 ? value : std::min(low, value);
  high = std::max(high, value);
}

bool CheckReport::ok() const {
  return shared.empty() &&
         std::all_of(sources.begin(), sources.end(), [](const auto& s) { return s.ok(); });
}

CheckReport check_data(const DataOptions& options, const LabelSpecs& specs, int threads,
                       int64_t scenes) {
  CheckReport check;
  std::vector<Digests> digests;
  const auto add = [&](const std::string& list, const auto& entries) {
    for (const auto& [name, entry] : entries) {
      auto& report = check.sources.emplace_back();
      auto& hashes = digests.emplace_back();
      report.name = list + "." + name;
      try {
        add_tasks(entry, specs, report);
        read_source(*make_source(report.name, entry, specs), specs, threads, scenes, report,
                    hashes);
      } catch (const ConfigError&) {
        throw;
      } catch (const UserError& error) {
        report.failure = error.what();
      }
    }
  };
  add("sources", options.sources);
  add("validation", options.validation);
  check.shared = shared_pictures(check.sources, digests);
  return check;
}

}  // namespace manyfold::data
