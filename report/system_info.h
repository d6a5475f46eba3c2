#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace manyfold::report {

/// Names and what they stand for, in the order to be read.
using NamedTexts = std::vector<std::pair<std::string, std::string>>;

/// The most memory that this program has held so far, in bytes.
int64_t peak_memory();

/// "1.5 GB", "23 MB": decimal units.
std::string bytes_text(int64_t bytes);

/// The time as "2024-05-31 14:03:07 UTC".
std::string time_text(int64_t seconds_since_1970);

/// What a run's figures depend on besides its config: time, host, operating system, processor,
/// cores this program may use, memory, compiler, OpenCV, peak memory. What cannot be found out is
/// left out. The caller adds LibTorch and the device.
NamedTexts system_info();

}  // namespace manyfold::report
