#pragma once

#include <cstdint>
#include <functional>

namespace manyfold::data {

/// Calls `work(i)` for 0 <= i < count on so many threads (at least 1; at most `count` and 256), in
/// no particular order. The first exception stops the rest and is thrown here. Switches OpenCV's
/// own threads off.
void parallel_for(int64_t count, int threads, const std::function<void(int64_t)>& work);

}  // namespace manyfold::data
