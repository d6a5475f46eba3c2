#include "data/partly_labelled.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "common/error.h"

namespace manyfold::data {
namespace {

using testing::HasSubstr;

/// Any number of samples, all labelled for two tasks, with a problem.
class Labelled : public Source {
 public:
  explicit Labelled(int64_t size) : Source("set", /*synthetic=*/true), size_(size) {
    problems_ = {{Fault::bad_box, "a.json", "has no area"}};
  }
  int64_t size() const override { return size_; }
  std::string sample_name(int64_t index) const override { return std::to_string(index); }
  std::vector<std::filesystem::path> files(int64_t index) const override {
    return {"/pictures/" + std::to_string(index)};
  }
  Sample get(int64_t index, int64_t detail) const override {
    Sample sample;
    sample.frames = {cv::Mat(4, static_cast<int>(detail), CV_8UC3)};
    sample.labels["gesture"] = sample.labels["sign"] = ClassIndex{0};
    sample.origin = {name(), sample_name(index), true};
    return sample;
  }

 private:
  int64_t size_;
};

std::set<int64_t> labelled(int64_t size, double share) {
  const PartlyLabelled source(std::make_unique<Labelled>(size), share, Unlabelled::kept);
  EXPECT_EQ(source.size(), size);
  std::set<int64_t> all;
  for (int64_t i = 0; i < size; ++i) {
    if (source.get(i, 1).labels.count("gesture")) all.insert(i);
  }
  return all;
}

TEST(PartlyLabelled, LabelsExactlyItsShare) {
  EXPECT_EQ(labelled(1000, 0).size(), 0u);
  EXPECT_EQ(labelled(1000, 0.05).size(), 50u);
  EXPECT_EQ(labelled(1000, 0.999).size(), 999u);
  EXPECT_EQ(labelled(37, 0.1).size(), 4u);  // 3.7
  EXPECT_EQ(labelled(33, 0.1).size(), 3u);  // 3.3
  EXPECT_EQ(labelled(7, 1).size(), 7u);
  EXPECT_EQ(labelled(1, 0.4).size(), 0u);
}

TEST(PartlyLabelled, ASmallerShareLiesWithinALargerOne) {
  const auto few = labelled(640, 0.05), more = labelled(640, 0.1), most = labelled(640, 0.6);
  EXPECT_TRUE(std::includes(more.begin(), more.end(), few.begin(), few.end()));
  EXPECT_TRUE(std::includes(most.begin(), most.end(), more.begin(), more.end()));
  EXPECT_EQ(few.size(), 32u);
}

TEST(PartlyLabelled, IsTheSameEveryTimeAndSpreadOverTheSet) {
  const auto half = labelled(1000, 0.5);
  EXPECT_EQ(half, labelled(1000, 0.5));
  // Of 10 tenths of the set, each has its half: deviation sqrt(100 * 0.25 * 0.9) = 4.7.
  for (int64_t tenth = 0; tenth < 10; ++tenth) {
    const auto count =
        std::distance(half.lower_bound(tenth * 100), half.lower_bound(tenth * 100 + 100));
    EXPECT_NEAR(count, 50, 24);
  }
}

TEST(PartlyLabelled, TakesNothingElseAway) {
  const PartlyLabelled source(std::make_unique<Labelled>(20), 0, Unlabelled::kept);
  const auto sample = source.get(3, 9);
  EXPECT_EQ(sample.frames.at(0).cols, 9);
  EXPECT_TRUE(sample.labels.empty());
  EXPECT_EQ(sample.origin.name, "3");
  EXPECT_EQ(source.name(), "set");
  EXPECT_TRUE(source.synthetic());
  EXPECT_EQ(source.sample_name(4), "4");
  EXPECT_EQ(source.files(4).at(0), "/pictures/4");
  ASSERT_EQ(source.problems().size(), 1u);
  EXPECT_EQ(source.problems()[0].file, "a.json");
}

TEST(PartlyLabelled, WithoutTheUnlabelledHoldsTheSameSamplesAlone) {
  const PartlyLabelled source(std::make_unique<Labelled>(40), 0.25, Unlabelled::dropped);
  ASSERT_EQ(source.size(), 10);
  std::set<int64_t> found;
  for (int64_t i = 0; i < 10; ++i) {
    const auto sample = source.get(i, 1);
    EXPECT_EQ(sample.labels.size(), 2u);
    EXPECT_EQ(sample.origin.name, source.sample_name(i));
    EXPECT_EQ(source.files(i).at(0), "/pictures/" + sample.origin.name);
    found.insert(std::stoll(sample.origin.name));
  }
  EXPECT_EQ(found, labelled(40, 0.25));
}

TEST(PartlyLabelled, RefusesToHoldNothing) {
  try {
    PartlyLabelled(std::make_unique<Labelled>(4), 0.1, Unlabelled::dropped);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("source set: with data.labelled = 0.1"));
  }
}

}  // namespace
}  // namespace manyfold::data
