#include "data/check.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <set>

#include "common/error.h"
#include "data/checked_sample.h"
#include "data/files/picture_file.h"
#include "data/loading/parallel.h"

namespace manyfold::data {
namespace {

using Digest = std::array<unsigned char, 32>;   // SHA-256
using Digests = std::map<Digest, std::string>;  // to the path

Digest digest(const std::string& bytes) {
  Digest digest;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return digest;
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
    const CheckedSample sample(source, i, specs);
    std::unique_lock lock(mutex);
    for (const auto& fault : sample.faults())
      bad[i].push_back({source.name(), source.sample_name(i), fault.fault, fault.what()});
    if (!sample.faults().empty()) return;
    sample.add_to(report);
    const auto files = source.files(i);
    if (files.empty() || !hashed.insert(files[0].string()).second) return;
    lock.unlock();
    try {
      const auto hash = digest(read_sample_file(files[0]));
      lock.lock();
      digests.emplace(hash, files[0].string());
    } catch (const BadSample& fault) {
      lock.lock();
      bad[i].push_back({source.name(), source.sample_name(i), fault.fault, fault.what()});
    }
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
