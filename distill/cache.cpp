#include "distill/cache.h"

#include <spdlog/spdlog.h>
#include <torch/types.h>

#include <algorithm>
#include <set>

#include "common/atomic_file.h"
#include "common/error.h"
#include "common/sha256.h"
#include "data/loading/parallel.h"
#include "distill/model_teacher.h"

namespace manyfold::distill {
namespace {

namespace fs = std::filesystem;
using torch::Tensor;

// Names of an entry's tensors: "output/<task>/<which>" and "map/<stride>".
const std::string kOutput = "output/", kMap = "map/";

/// The answer's tensors by name, as they are kept: float16, on the CPU, all rows.
Entry flattened(const Answer& answer, const train::Tasks& tasks) {
  Entry all;
  for (const auto& [name, outputs] : answer.outputs) {
    const auto* task = find_task(tasks, name);
    TORCH_CHECK(task, "CachedTeacher: no task '", name, "'");
    const auto kept = task->essence(outputs);
    for (size_t i = 0; i < kept.size(); ++i)
      all[kOutput + name + "/" + std::to_string(i)] = to_cached(kept[i]).cpu();
  }
  for (const auto& [stride, map] : answer.features)
    all[kMap + std::to_string(stride)] = to_cached(map).cpu();
  return all;
}

/// All rows' entries as one answer.
Answer joined(const std::vector<Entry>& entries, torch::Device device) {
  Answer answer;
  for (const auto& [name, first] : entries.front()) {
    std::vector<Tensor> rows;
    for (const auto& entry : entries) rows.push_back(entry.at(name));
    const auto tensor = torch::stack(rows).to(device, torch::kFloat);
    if (name.rfind(kMap, 0) == 0) {
      answer.features[std::stoll(name.substr(kMap.size()))] = tensor;
    } else {
      const auto slash = name.rfind('/');
      auto& outputs = answer.outputs[name.substr(kOutput.size(), slash - kOutput.size())];
      const auto which = static_cast<size_t>(std::stoll(name.substr(slash + 1)));
      outputs.resize(std::max(outputs.size(), which + 1));
      outputs[which] = tensor;
    }
  }
  return answer;
}

std::map<std::string, std::vector<int64_t>> layout_of(const Entry& entry) {
  std::map<std::string, std::vector<int64_t>> layout;
  for (const auto& [name, tensor] : entry) layout[name] = tensor.sizes().vec();
  return layout;
}

}  // namespace

CachedTeacher::CachedTeacher(std::shared_ptr<Teacher> teacher, train::Tasks tasks, fs::path folder,
                             int threads)
    : teacher_(std::move(teacher)),
      tasks_(std::move(tasks)),
      folder_(std::move(folder)),
      threads_(threads) {}

CachedTeacher::~CachedTeacher() {
  const auto asked = counts_.hits + counts_.misses;
  if (asked == 0) return;
  spdlog::info("cache of teacher '{}': {} of {} pictures were there, {} damaged", name(),
               counts_.hits, asked, counts_.damaged);
}

std::string CachedTeacher::key_of(const Tensor& picture) const {
  const auto solid = picture.contiguous();
  std::string bytes = hash() + " " + std::to_string(kCacheFormat);
  for (const auto side : solid.sizes()) bytes += " " + std::to_string(side);
  bytes.append(1, '\n').append(static_cast<const char*>(solid.data_ptr()), solid.nbytes());
  return sha256(bytes);
}

fs::path CachedTeacher::path_of(const std::string& key) const {
  return folder_ / hash().substr(0, 16) / key.substr(0, 2) / key.substr(2);
}

Answer CachedTeacher::answer(const Tensor& pictures) {
  const torch::NoGradGuard no_grad;
  const auto here = pictures.cpu().contiguous();  // once: threads below must not start LibTorch's
  std::vector<std::string> keys(static_cast<size_t>(here.size(0)));
  data::parallel_for(here.size(0), threads_, [&](int64_t row) { keys[row] = key_of(here[row]); });
  auto entries = read(keys);
  compute(pictures, keys, entries);
  return joined(entries, pictures.device());
}

std::vector<Entry> CachedTeacher::read(const std::vector<std::string>& keys) {
  std::vector<Entry> entries(keys.size());
  std::vector<char> bad(keys.size(), 0);
  data::parallel_for(static_cast<int64_t>(keys.size()), threads_, [&](int64_t row) {
    const auto path = path_of(keys[row]);
    std::error_code error;
    if (!fs::exists(path, error)) return;
    try {
      if (auto entry = unpack_entry(keys[row], read_file(path))) entries[row] = std::move(*entry);
    } catch (const UserError&) {  // cannot be read
    }
    bad[row] = entries[row].empty();
  });
  for (size_t row = 0; row < keys.size(); ++row) {
    if (!entries[row].empty()) {
      const auto layout = layout_of(entries[row]);
      if (layout_.empty()) layout_ = layout;
      bad[row] = layout != layout_;
    }
    if (!bad[row]) continue;
    entries[row].clear();
    if (counts_.damaged++ > 0) continue;
    spdlog::warn("cache of teacher '{}': {} is damaged; it is computed anew, as others will be",
                 name(), path_of(keys[row]).string());
  }
  return entries;
}

void CachedTeacher::compute(const Tensor& pictures, const std::vector<std::string>& keys,
                            std::vector<Entry>& entries) {
  std::vector<int64_t> missed;
  for (size_t row = 0; row < keys.size(); ++row) {
    if (entries[row].empty()) missed.push_back(static_cast<int64_t>(row));
  }
  counts_.misses += static_cast<int64_t>(missed.size());
  counts_.hits += static_cast<int64_t>(keys.size() - missed.size());
  if (missed.empty()) return;
  const bool all = missed.size() == keys.size();
  const auto asked =
      all ? pictures : pictures.index_select(0, torch::tensor(missed).to(pictures.device()));
  const auto answer = teacher_->answer(asked);
  const auto computed = flattened(answer, tasks_);
  for (size_t i = 0; i < missed.size(); ++i) {
    auto& entry = entries[static_cast<size_t>(missed[i])];
    for (const auto& [name, tensor] : computed) entry[name] = tensor[static_cast<int64_t>(i)];
  }
  write(keys, missed, entries);
  layout_ = layout_of(entries[static_cast<size_t>(missed.front())]);
}

void CachedTeacher::write(const std::vector<std::string>& keys, const std::vector<int64_t>& rows,
                          const std::vector<Entry>& entries) {
  if (!writing_) return;
  std::vector<size_t> once;  // a picture may stand in a batch twice
  std::set<std::string> seen;
  for (const auto row : rows) {
    if (seen.insert(keys[static_cast<size_t>(row)]).second)
      once.push_back(static_cast<size_t>(row));
  }
  try {
    data::parallel_for(static_cast<int64_t>(once.size()), threads_, [&](int64_t i) {
      const auto row = once[static_cast<size_t>(i)];
      write_file(path_of(keys[row]), pack_entry(keys[row], entries[row]), Flush::no);
    });
  } catch (const UserError& error) {
    writing_ = false;
    spdlog::warn("cache of teacher '{}' is not written any more: {}", name(), error.what());
  }
}

}  // namespace manyfold::distill
