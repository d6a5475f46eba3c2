#include "data/check.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <opencv2/imgproc.hpp>
#include <set>

#include "common/error.h"
#include "data/parallel.h"
#include "data/picture_file.h"

namespace manyfold::data {
namespace {

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

struct Count {
  const LabelSpec& spec;
  TaskReport& report;

  void operator()(const Mask& mask) const {
    for (const auto& frame : mask.frames) {
      std::array<int64_t, 256> pixels{};
      for (int y = 0; y < frame.rows; ++y) {
        const auto* row = frame.ptr<uint8_t>(y);
        for (int x = 0; x < frame.cols; ++x) ++pixels[row[x]];
      }
      for (int value = 0; value < 256; ++value) {
        if (pixels[value] == 0) continue;
        report.classes[value == Mask::kIgnore ? "ignore" : class_name(spec, value)] +=
            pixels[value];
      }
    }
  }
  void operator()(const ClassIndex& label) const {
    ++report.classes[class_name(spec, label.index)];
  }
  void operator()(const Objects& objects) const {
    bool any = false;
    for (const auto& frame : objects.frames) {
      for (const auto& object : frame) {
        any = true;
        report.object_side.add(std::min(object.box.width, object.box.height));
        report.landmarks += std::count(object.visible.begin(), object.visible.end(), 1);
        if (object.ignore) {
          ++report.ignored_objects;
        } else {
          ++report.classes[class_name(spec, object.class_index)];
        }
      }
    }
    report.without_objects += !any;
  }
};

void count_sample(const Sample& sample, const LabelSpecs& specs, SourceReport& report) {
  ++report.usable;
  for (const auto& frame : sample.frames) {
    report.width.add(frame.cols);
    report.height.add(frame.rows);
  }
  for (const auto& [task, label] : sample.labels) {
    auto& of_task = report.tasks.at(task);
    ++of_task.labelled;
    std::visit(Count{specs.at(task), of_task}, label);
  }
}

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
                                   " usable samples carries the label of " + task +
                                   "; see labels." + task});
  }
}

void read_source(const Source& source, const LabelSpecs& specs, int threads, int64_t scenes,
                 SourceReport& report, Digests& digests) {
  report.samples = source.size();
  report.read = source.synthetic() ? std::min(scenes, source.size()) : source.size();
  report.problems = source.problems();
  std::mutex mutex;
  std::map<int64_t, BadFile> bad;
  std::set<std::string> hashed;  // several boxes may be cut from one picture
  parallel_for(report.read, threads, [&](int64_t i) {
    try {
      const auto sample = source.get(i);
      const auto files = source.files(i);
      std::unique_lock lock(mutex);
      count_sample(sample, specs, report);
      if (files.empty() || !hashed.insert(files[0].string()).second) return;
      lock.unlock();
      const auto hash = digest(read_sample_file(files[0]));
      lock.lock();
      digests.emplace(hash, files[0].string());
    } catch (const BadSample& error) {
      const std::lock_guard lock(mutex);
      bad[i] = {source.name(), source.sample_name(i), error.fault, error.what()};
    }
  });
  for (auto& [index, file] : bad) report.bad.push_back(std::move(file));
  find_unlabelled(report);
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
