#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "distill/cache_entry.h"
#include "distill/teacher.h"
#include "train/task.h"

namespace manyfold::distill {

/// How often a cache had what was asked, in pictures.
struct CacheCounts {
  int64_t hits = 0;
  int64_t misses = 0;
  int64_t damaged = 0;  // entries that could not be used, computed anew: misses too
};

/// A teacher whose answers are kept on the disk, a file a picture, under a key of the teacher's
/// hash and the picture's bytes: a changed picture or teacher finds nothing old. For pictures that
/// come again unchanged; those that are augmented anew each time never do.
///
/// Kept is what imitation reads (Task::essence), as float16. What was just computed goes through
/// float16 too, so that it does not matter whether the cache was warm. A damaged file is replaced.
/// A folder that cannot be written, or a full disk, is a warning: training goes on without.
class CachedTeacher : public Teacher {
 public:
  /// `threads`: that read and write.
  CachedTeacher(std::shared_ptr<Teacher> teacher, train::Tasks tasks, std::filesystem::path folder,
                int threads);

  Answer answer(const torch::Tensor& pictures) override;
  std::string name() const override { return teacher_->name(); }
  std::string hash() const override { return teacher_->hash(); }
  std::vector<std::string> tasks() const override { return teacher_->tasks(); }
  std::vector<models::FeatureInfo> features() const override { return teacher_->features(); }

  /// Says how often the cache had the answer.
  ~CachedTeacher() override;

  const CacheCounts& counts() const { return counts_; }
  /// Where the answer for a key stands.
  std::filesystem::path path_of(const std::string& key) const;
  /// The key of one picture, uint8 [3, H, W].
  std::string key_of(const torch::Tensor& picture) const;

 private:
  std::vector<Entry> read(const std::vector<std::string>& keys);
  void compute(const torch::Tensor& pictures, const std::vector<std::string>& keys,
               std::vector<Entry>& entries);
  void write(const std::vector<std::string>& keys, const std::vector<int64_t>& rows,
             const std::vector<Entry>& entries);

  std::shared_ptr<Teacher> teacher_;
  train::Tasks tasks_;
  std::filesystem::path folder_;
  int threads_;
  CacheCounts counts_;
  bool writing_ = true;
  std::map<std::string, std::vector<int64_t>> layout_;  // of an entry: the shapes by name
};

}  // namespace manyfold::distill
