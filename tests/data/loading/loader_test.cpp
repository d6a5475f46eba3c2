#include "data/loading/loader.h"

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <torch/types.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "tests/data/fixture.h"

namespace manyfold::data {
namespace {

using std::chrono::milliseconds;

/// Slots hold a picture whose grey is step * 4 + slot; four slots a batch.
LoaderPlan plan(int64_t steps, int threads = 3) {
  LoaderPlan plan;
  plan.size = {8, 8};
  plan.threads = threads;
  plan.draws = [steps](int64_t step) {
    return step < steps ? std::vector<Draw>(4, {0, step}) : std::vector<Draw>();
  };
  plan.prepare = [](const Draw&, int64_t step, int64_t slot) {
    std::this_thread::sleep_for(milliseconds((step * 7 + slot * 5) % 4));
    Sample sample;
    sample.frames = {{cv::Mat(8, 8, CV_8UC3, cv::Scalar::all(step * 4 + slot))}};
    return sample;
  };
  return plan;
}

std::vector<int> greys(const Batch& batch) {
  std::vector<int> all;
  for (int64_t i = 0; i < batch.size(); ++i) {
    all.push_back(batch.pictures[i][0][0][0][0].item<int>());
  }
  return all;
}

TEST(Loader, DeliversEveryBatchInOrderForAnyNumberOfThreads) {
  for (const int threads : {1, 2, 5}) {
    Loader loader(plan(12, threads));
    for (int step = 0; step < 12; ++step) {
      const auto batch = loader.next();
      ASSERT_TRUE(batch.has_value());
      EXPECT_EQ(batch->step, step);
      EXPECT_THAT(greys(*batch),
                  testing::ElementsAre(step * 4, step * 4 + 1, step * 4 + 2, step * 4 + 3));
    }
    EXPECT_FALSE(loader.next().has_value());
    EXPECT_FALSE(loader.next().has_value());
  }
}

TEST(Loader, StartsAtAnyStep) {
  auto late = plan(1 << 20);
  late.first_step = 40;
  Loader loader(late);
  EXPECT_EQ(loader.next()->step, 40);
  EXPECT_EQ(loader.next()->step, 41);
}

int64_t threads_of_this_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

// A worker with an OpenMP team of its own makes the network's team sleep at every barrier.
TEST(Loader, WorkersStartNoThreadsOfTheirOwn) {
  at::set_num_threads(3);
  auto large = plan(1 << 20, 2);
  large.size = {160, 160};
  large.draws = [](int64_t step) { return std::vector<Draw>(16, {0, step}); };
  large.specs["mask"].kind = LabelSpec::Kind::mask;
  large.specs["faces"].kind = LabelSpec::Kind::objects;
  large.specs["faces"].landmarks = 68;
  large.prepare = [](const Draw&, int64_t, int64_t) {
    Sample sample;
    sample.frames = {{cv::Mat(160, 160, CV_8UC3)}};
    sample.frames[0].labels["faces"] = Objects{std::vector<Object>(100)};
    return sample;
  };
  const auto before = threads_of_this_process();
  Loader loader(large);
  for (int i = 0; i < 4; ++i) loader.next();
  EXPECT_EQ(threads_of_this_process(), before + 2);
}

TEST(Loader, StopsCleanlyInTheMiddle) {
  for (int i = 0; i < 5; ++i) {
    Loader loader(plan(1 << 20));
    if (i % 2) loader.next();
  }
}

TEST(Loader, AWorkersExceptionComesInItsBatchsPlace) {
  auto failing = plan(100);
  failing.prepare = [ok = failing.prepare](const Draw& draw, int64_t step, int64_t slot) {
    if (step == 3 && slot == 1) throw std::runtime_error("the disk is gone");
    return ok(draw, step, slot);
  };
  Loader loader(failing);
  for (int step = 0; step < 3; ++step) EXPECT_EQ(loader.next()->step, step);
  EXPECT_EQ(message_of<std::runtime_error>([&] { loader.next(); }), "the disk is gone");
  EXPECT_EQ(message_of<std::runtime_error>([&] { loader.next(); }), "the disk is gone");
}

TEST(Loader, AnExceptionOfTheDrawsComesThrough) {
  auto failing = plan(100);
  failing.draws = [](int64_t step) -> std::vector<Draw> {
    if (step == 1) throw std::runtime_error("no more");
    return std::vector<Draw>(4);
  };
  Loader loader(failing);
  EXPECT_EQ(loader.next()->step, 0);
  EXPECT_EQ(message_of<std::runtime_error>([&] { loader.next(); }), "no more");
}

TEST(Loader, NeverMakesMoreBatchesAheadThanAsked) {
  std::atomic<int64_t> highest{0};
  auto counted = plan(1 << 20);
  counted.ahead = 3;
  counted.prepare = [&, made = counted.prepare](const Draw& draw, int64_t step, int64_t slot) {
    int64_t seen = highest;
    while (seen < step && !highest.compare_exchange_weak(seen, step)) {
    }
    return made(draw, step, slot);
  };
  Loader loader(counted);
  for (int i = 0; highest < 2 && i < 1000; ++i) std::this_thread::sleep_for(milliseconds(10));
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(highest, 2);  // steps 0, 1, 2, however long nobody asks
  for (int step = 0; step < 5; ++step) {
    loader.next();
    EXPECT_LE(highest, step + 3);
  }
}

TEST(Loader, MeasuresHowLongTheConsumerWaited) {
  auto slow = plan(3, 1);
  slow.prepare = [](const Draw&, int64_t step, int64_t) {
    std::this_thread::sleep_for(milliseconds(step == 0 ? 10 : 0));
    Sample sample;
    sample.frames = {{cv::Mat(8, 8, CV_8UC3)}};
    return sample;
  };
  Loader loader(slow);
  loader.next();
  EXPECT_GT(loader.wait_seconds(), 0.025);  // four slots of 10 ms
  std::this_thread::sleep_for(milliseconds(300));
  const double before = loader.wait_seconds();
  loader.next();
  EXPECT_LT(loader.wait_seconds() - before, 0.03);  // it was ready
}

}  // namespace
}  // namespace manyfold::data
