#include "report/event_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "common/error.h"
#include "report/event.h"
#include "report/picture_bytes.h"

namespace manyfold::report {
namespace {

double now() {
  using std::chrono::duration;
  return duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string host() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

/// A name that no file of the folder has: two writers may start within one second.
std::filesystem::path fresh_path(const std::filesystem::path& folder) {
  const std::string stem =
      fmt::format("events.out.tfevents.{}.{}.{}", static_cast<int64_t>(now()), host(), ::getpid());
  auto path = folder / stem;
  for (int i = 1; std::filesystem::exists(path); ++i) path = folder / fmt::format("{}.{}", stem, i);
  return path;
}

}  // namespace

EventFile::EventFile(const std::filesystem::path& folder, std::optional<int64_t> resumed_step) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  path_ = fresh_path(folder);
  out_.open(path_, std::ios::binary);
  write(event::file_version(now()));
  if (resumed_step) write(event::session_start(now(), *resumed_step + 1));
}

void EventFile::write(const std::string& event) {
  out_ << event::record(event) << std::flush;
  if (!out_) throw UserError("cannot write " + path_.string() + ": " + std::strerror(errno));
}

void EventFile::scalars(int64_t step, const NamedValues& values) {
  write(event::scalars(now(), step, values));
}

void EventFile::picture(int64_t step, const std::string& tag, const cv::Mat& rgb) {
  write(event::picture(now(), step, tag, png_bytes(rgb), rgb.size()));
}

void EventFile::text(int64_t step, const std::string& tag, const std::string& markdown) {
  write(event::text(now(), step, tag, markdown));
}

}  // namespace manyfold::report
