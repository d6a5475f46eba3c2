#include "common/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/error.h"

namespace manyfold {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& what, const fs::path& path, int error) {
  throw UserError(what + " " + path.string() + ": " + std::strerror(error));
}

/// A file descriptor that closes itself.
struct Descriptor {
  explicit Descriptor(int fd) : fd(fd) {}
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int fd;
};

void write_all(int fd, const std::string& bytes, const fs::path& path) {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t n = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("cannot write", path, errno);
    done += static_cast<size_t>(n);
  }
}

void flush_directory(const fs::path& directory) {
  const Descriptor handle(::open(directory.c_str(), O_RDONLY | O_DIRECTORY));
  if (handle.fd >= 0)
    ::fsync(handle.fd);  // some file systems refuse; the rename has happened all the same
}

void write_beside(const fs::path& part, const std::string& bytes, const fs::path& path,
                  Flush flush) {
  const Descriptor file(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.fd < 0) fail("cannot write", path, errno);
  write_all(file.fd, bytes, path);
  if (flush == Flush::yes && ::fsync(file.fd) != 0) fail("cannot flush", path, errno);
}

}  // namespace

void write_file(const fs::path& named, const std::string& bytes, Flush flush) {
  std::error_code error;
  const bool there = fs::exists(named, error);
  const fs::path path = there ? fs::canonical(named) : named;
  if (there && !fs::is_regular_file(path)) {
    throw UserError("cannot write " + named.string() + ": it is no regular file; name another");
  }
  const fs::path directory = path.has_parent_path() ? path.parent_path() : fs::path(".");
  fs::create_directories(directory, error);
  if (error) throw UserError("cannot make folder " + directory.string() + ": " + error.message());
  const fs::path part =
      directory / ("." + path.filename().string() + "." + std::to_string(::getpid()) + ".part");
  try {
    write_beside(part, bytes, path, flush);
    if (::rename(part.c_str(), path.c_str()) != 0) fail("cannot rename into", path, errno);
  } catch (...) {
    fs::remove(part, error);
    throw;
  }
  if (flush == Flush::yes) flush_directory(directory);
}

std::string read_file(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) fail("cannot read", path, errno);
  std::string bytes;
  std::string block(1 << 16, '\0');
  for (;;) {
    const ssize_t n = ::read(file.fd, block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("cannot read", path, errno);
    if (n == 0) return bytes;
    bytes.append(block, 0, static_cast<size_t>(n));
  }
}

}  // namespace manyfold
