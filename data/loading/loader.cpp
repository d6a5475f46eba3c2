#include "data/loading/loader.h"

#include <algorithm>
#include <chrono>

namespace manyfold::data {

Loader::Loader(LoaderPlan plan) : plan_(std::move(plan)), next_step_(plan_.first_step) {
  cv::setNumThreads(0);
  for (int i = 0; i < std::max(1, plan_.threads); ++i) workers_.emplace_back([this] { work(); });
}

Loader::~Loader() { stop(); }

void Loader::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  room_.notify_all();
  for (auto& worker : workers_) worker.join();
  workers_.clear();
}

/// Under the lock: the next batch of the plan joins the window.
void Loader::open_batch() {
  auto batch = std::make_shared<Pending>();
  batch->step = next_step_++;
  try {
    batch->draws = plan_.draws(batch->step);
    if (batch->draws.empty()) {
      at_end_ = true;
      return;
    }
    batch->builder = std::make_unique<BatchBuilder>(
        plan_.specs, static_cast<int64_t>(batch->draws.size()), plan_.shape(batch->step),
        plan_.size, batch->step, plan_.crops);
  } catch (...) {
    batch->error = std::current_exception();
    batch->draws.clear();  // ready at once
    at_end_ = true;
  }
  window_.push_back(std::move(batch));
  ready_.notify_all();
}

/// The next slot that nobody works on; nothing when the loader stops.
std::optional<Loader::Work> Loader::take(std::unique_lock<std::mutex>& lock) {
  while (!stopping_) {
    for (const auto& batch : window_) {
      if (batch->taken < batch->draws.size()) {
        return Work{batch, static_cast<int64_t>(batch->taken++)};
      }
    }
    if (!at_end_ && window_.size() < static_cast<size_t>(std::max(1, plan_.ahead))) {
      open_batch();
      if (at_end_) ready_.notify_all();
    } else {
      room_.wait(lock);
    }
  }
  return std::nullopt;
}

void Loader::work() {
  std::unique_lock lock(mutex_);
  while (const auto work = take(lock)) {
    auto& batch = *work->batch;
    const Draw draw = batch.draws[work->slot];
    std::exception_ptr error;
    lock.unlock();
    try {
      batch.builder->put(work->slot, plan_.prepare(draw, batch.step, work->slot));
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    if (error && !batch.error) batch.error = error;
    if (++batch.done == batch.draws.size()) ready_.notify_all();
  }
}

bool Loader::front_ready() const {
  if (window_.empty()) return at_end_;
  return window_.front()->done == window_.front()->draws.size();
}

std::optional<Batch> Loader::next() {
  std::unique_lock lock(mutex_);
  if (failed_) std::rethrow_exception(failed_);
  const auto start = std::chrono::steady_clock::now();
  ready_.wait(lock, [this] { return front_ready(); });
  waited_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (window_.empty()) return std::nullopt;
  const auto batch = window_.front();
  if (batch->error) {
    failed_ = batch->error;
    std::rethrow_exception(failed_);
  }
  window_.pop_front();
  room_.notify_all();
  lock.unlock();
  return batch->builder->finish();
}

}  // namespace manyfold::data
