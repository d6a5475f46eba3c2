#include "data/sources/partly_labelled.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

namespace manyfold::data {
namespace {

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
    sample.frames = {{cv::Mat(4, static_cast<int>(detail), CV_8UC3)}};
    sample.frames[0].labels["gesture"] = sample.frames[0].labels["sign"] = ClassIndex{0};
    sample.origin = {name(), sample_name(index), true};
    return sample;
  }

 private:
  int64_t size_;
};

/// The samples of one part; every one carries its labels or none.
std::set<int64_t> part(int64_t size, double share, PartlyLabelled::Part which) {
  const PartlyLabelled source(std::make_shared<Labelled>(size), share, which);
  std::set<int64_t> all;
  for (int64_t i = 0; i < source.size(); ++i) {
    const auto sample = source.get(i, 1);
    EXPECT_EQ(sample.frames[0].labels.size(), which == PartlyLabelled::Part::labelled ? 2u : 0u);
    EXPECT_EQ(sample.origin.name, source.sample_name(i));
    EXPECT_EQ(source.files(i).at(0), "/pictures/" + sample.origin.name);
    all.insert(std::stoll(sample.origin.name));
  }
  return all;
}

std::set<int64_t> labelled(int64_t size, double share) {
  return part(size, share, PartlyLabelled::Part::labelled);
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

TEST(PartlyLabelled, TheOtherPartHoldsTheRestWithoutLabels) {
  const auto with = labelled(40, 0.25), without = part(40, 0.25, PartlyLabelled::Part::unlabelled);
  EXPECT_EQ(with.size(), 10u);
  EXPECT_EQ(without.size(), 30u);
  for (const auto sample : with) EXPECT_EQ(without.count(sample), 0u);
}

TEST(PartlyLabelled, TakesNothingElseAway) {
  const PartlyLabelled source(std::make_shared<Labelled>(20), 0, PartlyLabelled::Part::unlabelled);
  const auto sample = source.get(3, 9);
  EXPECT_EQ(sample.frames.at(0).picture.cols, 9);
  EXPECT_EQ(sample.origin.source, "set");
  EXPECT_EQ(source.name(), "set, unlabelled") << "what is set aside of it is its own";
  EXPECT_TRUE(source.synthetic());
  ASSERT_EQ(source.problems().size(), 1u);
  EXPECT_EQ(source.problems()[0].file, "a.json");
}

}  // namespace
}  // namespace manyfold::data
