#include "train/run_folder.h"

#include <chrono>
#include <ctime>

#include "common/error.h"

namespace manyfold::train {
namespace {

namespace fs = std::filesystem;

std::string local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d_%H-%M-%S", &parts);
  return text;
}

/// runs/<name>/<time>, with a number behind it when two runs begin in one second.
fs::path unused(const std::string& name) {
  const fs::path base = fs::path("runs") / name / local_time();
  fs::path path = base;
  for (int i = 2; fs::exists(path); ++i) path = base.string() + "-" + std::to_string(i);
  return path;
}

}  // namespace

RunFolder new_run(const std::string& dir, const std::string& name) {
  const RunFolder folder{dir.empty() ? unused(name) : fs::path(dir)};
  if (fs::exists(folder.last()) || fs::exists(folder.log())) {
    throw UserError("run.dir = " + folder.path.string() +
                    " holds a run already: go on with it by --resume, or name another folder");
  }
  std::error_code error;
  fs::create_directories(folder.path, error);
  if (error)
    throw UserError("cannot make run.dir = " + folder.path.string() + ": " + error.message());
  return folder;
}

RunFolder run_to_resume(const std::string& dir) {
  if (dir.empty()) throw UserError("--resume needs the run's folder: run.dir=PATH");
  const RunFolder folder{dir};
  if (!fs::exists(folder.last())) {
    throw UserError("cannot resume: " + folder.last().string() +
                    " does not exist; the run stopped before its first checkpoint, or run.dir is "
                    "another folder");
  }
  return folder;
}

fs::path find_checkpoint(const fs::path& path) {
  if (fs::is_regular_file(path)) return path;
  const RunFolder folder{path};
  if (fs::exists(folder.best())) return folder.best();
  if (fs::exists(folder.last())) return folder.last();
  throw UserError(path.string() + (fs::exists(path)
                                       ? " holds no checkpoint: expected " + folder.best().string()
                                       : " does not exist"));
}

}  // namespace manyfold::train
