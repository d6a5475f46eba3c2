#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <opencv2/core.hpp>
#include <optional>
#include <thread>
#include <vector>

#include "data/loading/batch.h"
#include "data/loading/collate.h"
#include "data/loading/mixer.h"

namespace manyfold::data {

/// What a loader is to do.
struct LoaderPlan {
  /// The draws of a batch; one that is empty ends the sequence.
  std::function<std::vector<Draw>(int64_t step)> draws;
  /// Makes the sample of one slot: frames of the network's size. Called from several threads.
  std::function<Sample(const Draw& draw, int64_t step, int64_t slot)> prepare;
  LabelSpecs specs;
  cv::Size size;
  std::function<BatchShape(int64_t step)> shape = [](int64_t) { return BatchShape(); };
  CropShape crops;  // that the samples have beside their frames
  int64_t first_step = 0;
  int threads = 2;
  int ahead = 4;  // batches that are being made or wait
};

/// Worker threads that make batches ahead of their use and hand them over in order. What a batch
/// holds depends on the plan alone, not on the threads. At most `ahead` batches exist besides those
/// given out.
///
/// OpenCV's own threads are switched off in the whole process: the workers are the parallelism.
class Loader {
 public:
  explicit Loader(LoaderPlan plan);
  /// Stops the workers after the samples in hand.
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// The next batch; nothing after the last. An exception of a worker is thrown here, in the place
  /// of the batch it belongs to, and again by every later call.
  std::optional<Batch> next();

  /// How long next() has waited in all, in seconds: what training lost to data.
  double wait_seconds() const { return waited_; }

 private:
  struct Pending {
    int64_t step;
    std::vector<Draw> draws;
    std::unique_ptr<BatchBuilder> builder;
    size_t taken = 0;  // slots given to workers
    size_t done = 0;
    std::exception_ptr error;
  };
  struct Work {
    std::shared_ptr<Pending> batch;
    int64_t slot;
  };

  void work();
  std::optional<Work> take(std::unique_lock<std::mutex>& lock);
  void open_batch();
  bool front_ready() const;
  void stop();

  LoaderPlan plan_;
  mutable std::mutex mutex_;
  std::condition_variable room_, ready_;
  std::deque<std::shared_ptr<Pending>> window_;
  int64_t next_step_;
  bool at_end_ = false, stopping_ = false;
  std::exception_ptr failed_;
  double waited_ = 0;
  std::vector<std::thread> workers_;
};

}  // namespace manyfold::data
