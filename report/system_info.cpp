#include "report/system_info.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <ctime>
#include <fstream>
#include <opencv2/core/version.hpp>

namespace manyfold::report {
namespace {

#ifdef __clang__
constexpr char kCompiler[] = __VERSION__;
#else
constexpr char kCompiler[] = "GCC " __VERSION__;
#endif

/// The value of the first line "name : value" of a file of /proc; empty when there is none.
std::string proc_value(const char* file, const std::string& name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.compare(0, name.size(), name) != 0) continue;
    const size_t begin = line.find_first_not_of(" \t", line.find(':') + 1);
    return begin == std::string::npos ? std::string() : line.substr(begin);
  }
  return {};
}

std::string os_name() {
  std::ifstream in("/etc/os-release");
  const std::string key = "PRETTY_NAME=\"";
  for (std::string line; std::getline(in, line);) {
    if (line.compare(0, key.size(), key) == 0) {
      return line.substr(key.size(), line.size() - key.size() - 1);
    }
  }
  return {};
}

/// Cores that the scheduler lets this program use, which in a container may be fewer than there
/// are.
std::string cores() {
  cpu_set_t allowed;
  const long all = ::sysconf(_SC_NPROCESSORS_ONLN);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return fmt::format("{}", all);
  return fmt::format("{} of {}", CPU_COUNT(&allowed), all);
}

}  // namespace

int64_t peak_memory() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<int64_t>(usage.ru_maxrss) * 1024;
}

std::string bytes_text(int64_t bytes) {
  const auto n = static_cast<double>(bytes);
  if (bytes < 1000) return fmt::format("{} B", bytes);
  if (n < 999.5e3) return fmt::format("{:.0f} kB", n / 1e3);
  if (n < 999.5e6) return fmt::format("{:.0f} MB", n / 1e6);
  return fmt::format("{:.1f} GB", n / 1e9);
}

std::string time_text(int64_t seconds_since_1970) {
  const std::time_t time = seconds_since_1970;
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &utc);
  return text;
}

NamedTexts system_info() {
  utsname system{};
  ::uname(&system);
  const int64_t memory = static_cast<int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
  const NamedTexts all = {
      {"time", time_text(std::time(nullptr))},
      {"host", system.nodename},
      {"system",
       fmt::format("{} ({} {} {})", os_name(), system.sysname, system.release, system.machine)},
      {"processor", proc_value("/proc/cpuinfo", "model name")},
      {"cores", cores()},
      {"memory", bytes_text(memory)},
      {"compiler", kCompiler},
      {"OpenCV", CV_VERSION},
      {"peak memory", bytes_text(peak_memory())},
  };
  NamedTexts known;
  for (const auto& [name, text] : all) {
    if (!text.empty()) known.emplace_back(name, text);
  }
  return known;
}

}  // namespace manyfold::report
