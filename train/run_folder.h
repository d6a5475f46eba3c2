#pragma once

#include <filesystem>
#include <string>

namespace manyfold::train {

/// Where a run keeps what it leaves.
struct RunFolder {
  std::filesystem::path path;

  std::filesystem::path config() const { return path / "config.yaml"; }
  std::filesystem::path overrides() const { return path / "overrides.yaml"; }
  std::filesystem::path last() const { return path / "checkpoints" / "last.safetensors"; }
  std::filesystem::path best() const { return path / "checkpoints" / "best.safetensors"; }
  std::filesystem::path init() const { return path / "checkpoints" / "init.safetensors"; }
  std::filesystem::path teachers() const { return path / "teachers.json"; }
  std::filesystem::path skipped() const { return path / "skipped"; }
  std::filesystem::path log() const { return path / "metrics.jsonl"; }
  std::filesystem::path metrics() const { return path / "metrics.json"; }
  std::filesystem::path report() const { return path / "report.html"; }
  std::filesystem::path package() const { return path / "export"; }
};

/// The folder of a new run: `dir`, or runs/<name>/<local time> when that is empty. Makes it. Throws
/// UserError when it holds a run already (the way out: resume it, or another run.dir) or cannot be
/// written.
RunFolder new_run(const std::string& dir, const std::string& name);

/// The folder of a run to go on with. Throws UserError when `dir` is empty or holds no checkpoint.
RunFolder run_to_resume(const std::string& dir);

/// The checkpoint that a person means by `path`: a checkpoint file itself, or a run's folder (its
/// best, else its last). Throws UserError when there is none.
std::filesystem::path find_checkpoint(const std::filesystem::path& path);

}  // namespace manyfold::train
