#include "exporters/folder_swap.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/error.h"

namespace manyfold::exporters {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, const std::string& doing, const std::string& reason) {
  throw UserError(path.string() + ": cannot " + doing + ": " + reason);
}

// Removed, with what is in it, when the work is done or has failed.
class ScratchFolder {
 public:
  explicit ScratchFolder(const fs::path& beside) {
    std::string name = beside.string() + ".XXXXXX";
    if (!mkdtemp(name.data())) fail(beside, "write beside it", std::strerror(errno));
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace

void replace_folder(const fs::path& folder, const std::function<void(const fs::path&)>& write) {
  auto target = fs::absolute(folder).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();
  std::error_code error;
  fs::create_directories(target.parent_path(), error);
  if (error) fail(target.parent_path(), "make this folder", error.message());

  const ScratchFolder scratch(target);
  fs::permissions(scratch.path(), fs::perms(0755), error);
  write(scratch.path());
  const auto flags = fs::exists(target) ? RENAME_EXCHANGE : 0u;
  if (renameat2(AT_FDCWD, scratch.path().c_str(), AT_FDCWD, target.c_str(), flags) == 0) return;
  if (flags == 0 || (errno != EINVAL && errno != ENOSYS)) {
    fail(target, "write this folder", std::strerror(errno));
  }
  // A file system that cannot exchange two names.
  fs::remove_all(target, error);
  fs::rename(scratch.path(), target, error);
  if (error) fail(target, "write this folder", error.message());
}

}  // namespace manyfold::exporters
