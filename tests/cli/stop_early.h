#pragma once

#include <algorithm>

#include "tests/cli/job.h"

namespace manyfold::cli {

/// Starts a job and ends it by SIGTERM after its first steps. Returns its exit code: 143, unless it
/// was too fast, or failed.
inline int stop_early(const std::vector<std::string>& arguments, const fs::path& run) {
  const auto steps = [&] {
    std::ifstream log(run / "metrics.jsonl");
    return std::count(std::istreambuf_iterator<char>(log), {}, '\n');
  };
  const pid_t child = start(arguments, run.string() + ".stopped.txt");
  while (steps() < 2 && !ended(child)) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  kill(child, SIGTERM);
  return wait_for(child);
}

}  // namespace manyfold::cli
