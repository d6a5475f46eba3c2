#include "data/loading/bad_files.h"

#include <gmock/gmock.h>

#include <atomic>
#include <set>
#include <thread>

#include "common/error.h"
#include "data/sources/clip_source.h"
#include "tests/data/fixture.h"

namespace manyfold::data {
namespace {

using testing::HasSubstr;

/// Samples whose number is in `bad` cannot be read.
class Faulty : public Source {
 public:
  Faulty(int64_t size, std::set<int64_t> bad)
      : Source("faulty", false), size_(size), bad_(std::move(bad)) {}
  int64_t size() const override { return size_; }
  Sample get(int64_t index, int64_t) const override {
    ++read;
    if (bad_.count(index)) {
      throw BadSample(Fault::truncated, sample_name(index), "is cut off");
    }
    Sample sample;
    sample.origin.name = sample_name(index);
    return sample;
  }
  std::string sample_name(int64_t index) const override { return std::to_string(index) + ".jpg"; }

  mutable std::atomic<int> read{0};

 private:
  int64_t size_;
  std::set<int64_t> bad_;
};

/// Videos of 100 frames, of which the first cannot be read.
class Videos : public ClipSource {
 public:
  Videos() : ClipSource("videos", /*synthetic=*/false) {}
  int64_t size() const override { return 2; }
  int64_t length(int64_t) const override { return 100; }
  Sample part(int64_t index, const FrameRange&, int64_t) const override {
    if (index == 0) throw BadSample(Fault::truncated, "0.mp4", "is cut off");
    return {{Frame()}, {}, {name(), "1.mp4", false}};
  }
  std::vector<std::filesystem::path> files(int64_t index) const override {
    return {std::to_string(index) + ".mp4"};
  }
  std::string sample_name(int64_t index) const override { return std::to_string(index); }
};

TEST(BadFiles, AVideoIsOneFileHoweverLongItIs) {
  const Videos source;
  BadFiles allowed(0.5), strict(0.4);
  EXPECT_EQ(allowed.read_part(source, 0, {0, 8}).frames.size(), 8u);
  EXPECT_THAT(message_of<UserError>([&] {
                strict.read_part(source, 0, {0, 8});
              }),
              HasSubstr("1 of 2 files are bad"));
}

TEST(BadFiles, TheNextGoodSampleTakesThePlace) {
  const Faulty source(100, {5, 6, 99});
  BadFiles bad(0.05);
  EXPECT_EQ(bad.read(source, 4).sample.origin.name, "4.jpg");
  EXPECT_EQ(bad.read(source, 5).sample.origin.name, "7.jpg");
  EXPECT_EQ(bad.read(source, 4).index, 4);
  EXPECT_EQ(bad.read(source, 6).index, 7);
  EXPECT_EQ(bad.read(source, 99).index, 0);
}

TEST(BadFiles, ListsEachOnceWithItsCauseAndDoesNotTryAgain) {
  const Faulty source(100, {5, 2});
  BadFiles bad(0.05);
  for (int i = 0; i < 3; ++i) bad.read(source, 5);
  bad.read(source, 2);
  EXPECT_EQ(source.read, 3 + 1 + 2);  // 6 thrice, 5 once; 2 and 3 once
  ASSERT_EQ(bad.list().size(), 2u);
  EXPECT_EQ(bad.describe(),
            "faulty: 2.jpg (truncated): 2.jpg: is cut off\n"
            "faulty: 5.jpg (truncated): 5.jpg: is cut off\n");
}

TEST(BadFiles, TooManyEndTheRun) {
  const Faulty source(100, {1, 2, 3});
  BadFiles bad(0.02);
  bad.read(source, 1 + 1);  // 2 and 3 are bad: just allowed
  const auto text = message_of<UserError>([&] { bad.read(source, 1); });
  EXPECT_THAT(text, HasSubstr("source faulty: 3 of 100 samples are bad so far"));
  EXPECT_THAT(text, HasSubstr("data.max_bad_share = 0.02"));
  EXPECT_THAT(text, HasSubstr("2.jpg: is cut off"));
}

TEST(BadFiles, ASourceWithoutAnyGoodSampleIsAnError) {
  const Faulty source(3, {0, 1, 2});
  BadFiles bad(1);
  EXPECT_THAT(message_of<UserError>([&] { bad.read(source, 1); }),
              HasSubstr("not one sample can be used"));
}

TEST(BadFiles, ThreadsMayShareIt) {
  const Faulty source(1000, {3, 30, 300});
  BadFiles bad(0.01);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) bad.read(source, i);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(bad.list().size(), 3u);
}

}  // namespace
}  // namespace manyfold::data
