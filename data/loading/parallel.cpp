#include "data/loading/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <opencv2/core.hpp>
#include <thread>
#include <vector>

namespace manyfold::data {
namespace {

constexpr int64_t kMostThreads = 256;  // as data.threads

}  // namespace

void parallel_for(int64_t count, int threads, const std::function<void(int64_t)>& work) {
  cv::setNumThreads(0);
  std::atomic<int64_t> next{0};
  std::mutex mutex;
  std::exception_ptr error;
  const auto run = [&] {
    for (int64_t i = next++; i < count; i = next++) {
      try {
        work(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!error) error = std::current_exception();
        next = count;
      }
    }
  };
  std::vector<std::thread> helpers;
  const auto used = std::min<int64_t>({threads, count, kMostThreads});
  for (int64_t i = 1; i < used; ++i) helpers.emplace_back(run);
  run();
  for (auto& helper : helpers) helper.join();
  if (error) std::rethrow_exception(error);
}

}  // namespace manyfold::data
