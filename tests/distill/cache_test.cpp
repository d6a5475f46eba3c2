#include "distill/cache.h"

#include <cmath>

#include "common/atomic_file.h"
#include "tests/distill/fixture.h"

namespace manyfold::distill {
namespace {

namespace fs = std::filesystem;
using torch::Tensor;

const std::vector<std::pair<std::string, std::string>> kTasks = {
    {"faces", "{type: faces, landmarks: 0}"}, {"person", "{type: segmentation}"}};

/// Answers that are a function of each picture alone; faces of three anchors with 5 numbers.
std::shared_ptr<FakeTeacher> teacher() {
  return std::make_shared<FakeTeacher>(
      [](const Tensor& pictures) {
        const auto x = pictures.to(torch::kFloat) / 64 - 2;
        Answer answer;
        answer.outputs["person"] = {x.slice(1, 0, 1)};
        answer.outputs["faces"] = {torch::avg_pool2d(x, 8).repeat({1, 5, 1, 1}) * 16};
        answer.features[16] = torch::avg_pool2d(x, 16) * 1e6;  // beyond float16
        return answer;
      },
      std::vector<models::FeatureInfo>{{3, 16}});
}

class Cache : public testing::Test {
 protected:
  CachedTeacher cached(int threads = 2) {
    return {teacher_, job_tasks(kTasks), folder_.path / "cache", threads};
  }
  std::vector<fs::path> files() const {
    std::vector<fs::path> all;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path)) {
      if (entry.is_regular_file()) all.push_back(entry.path());
    }
    return all;
  }
  TemporaryFolder folder_;
  std::shared_ptr<FakeTeacher> teacher_ = teacher();
};

void expect_equal(const Answer& a, const Answer& b) {
  EXPECT_TRUE(a.outputs.at("person").at(0).equal(b.outputs.at("person").at(0)));
  EXPECT_TRUE(a.outputs.at("faces").at(0).equal(b.outputs.at("faces").at(0)));
  EXPECT_TRUE(a.features.at(16).equal(b.features.at(16)));
}

TEST_F(Cache, AnswersTheSecondTimeWithoutTheTeacher) {
  const auto pictures = some_pictures(3);
  const auto first = cached().answer(pictures);
  auto again = cached(1);
  expect_equal(again.answer(pictures), first);
  EXPECT_EQ(teacher_->calls, 1);
  EXPECT_EQ(again.counts().hits, 3);
  EXPECT_EQ(again.counts().misses, 0);
  EXPECT_EQ(files().size(), 3u);
}

TEST_F(Cache, KeepsWhatIsImitatedToElevenBits) {
  const auto pictures = some_pictures(2);
  const auto plain = teacher()->answer(pictures), kept = cached().answer(pictures);
  EXPECT_TRUE(torch::allclose(kept.outputs.at("person").at(0), plain.outputs.at("person").at(0),
                              std::pow(2, -11), 1e-7));
  EXPECT_EQ(kept.outputs.at("person").at(0).scalar_type(), torch::kFloat);
  EXPECT_EQ(kept.features.at(16).abs().max().item<float>(), 65504);
  const auto task = job_tasks(kTasks)[0].second.task;
  torch::manual_seed(3);
  const auto student = torch::randn({2, 15, 8, 8});
  const auto loss = [&](const Answer& answer) {
    return task->imitation({student}, answer.outputs.at("faces"), 1).item<double>();
  };
  EXPECT_NEAR(loss(kept), loss(plain), 1e-2 * loss(plain));
  const auto unsure = plain.outputs.at("faces").at(0).select(1, 4).sigmoid() < 0.04;
  EXPECT_GT(unsure.sum().item<int64_t>(), 0);
  EXPECT_EQ(
      kept.outputs.at("faces").at(0).select(1, 2).masked_select(unsure).abs().max().item<float>(),
      0);
}

TEST_F(Cache, AsksForNewPicturesOnly) {
  const auto pictures = some_pictures(4);
  auto cache = cached();
  cache.answer(pictures.slice(0, 1, 3));
  const auto answer = cache.answer(pictures);
  EXPECT_EQ(teacher_->pictures_asked, 4);
  EXPECT_EQ(cache.counts().hits, 2);
  EXPECT_EQ(cache.counts().misses, 4);
  auto changed = pictures.clone();
  changed[0][0][0][0] = (changed[0][0][0][0].item<int>() + 1) % 256;
  cache.answer(changed);
  EXPECT_EQ(teacher_->pictures_asked, 5);
  TemporaryFolder other;
  expect_equal(answer, CachedTeacher(teacher(), job_tasks(kTasks), other.path, 1).answer(pictures));
}

TEST_F(Cache, OfAnotherTeacherIsNotUsed) {
  const auto pictures = some_pictures(1);
  cached().answer(pictures);
  teacher_->hash_value = std::string(64, 'b');
  cached().answer(pictures);
  EXPECT_EQ(teacher_->calls, 2);
  EXPECT_EQ(files().size(), 2u);
}

TEST_F(Cache, KeepsAPictureThatStandsTwiceInABatchOnce) {
  auto cache = cached();
  cache.answer(some_pictures(1).repeat({3, 1, 1, 1}));
  EXPECT_EQ(files().size(), 1u);
}

TEST_F(Cache, ReplacesDamagedEntries) {
  const auto pictures = some_pictures(1);
  const auto right = cached().answer(pictures);
  const auto path = files().at(0);
  const auto whole = read_file(path);
  int calls = 1;
  const auto expect_repaired = [&](const std::string& bytes, const std::string& what) {
    SCOPED_TRACE(what);
    write_file(path, bytes);
    auto cache = cached();
    expect_equal(cache.answer(pictures), right);
    EXPECT_EQ(cache.counts().damaged, 1);
    EXPECT_EQ(cache.counts().misses, 1);
    EXPECT_EQ(teacher_->calls, ++calls);
    EXPECT_EQ(read_file(path), whole);
  };
  for (const size_t place :
       {size_t{0}, size_t{9}, size_t{13}, size_t{30}, whole.size() / 2, whole.size() - 1}) {
    auto flipped = whole;
    flipped[place] = static_cast<char>(flipped[place] ^ 0x10);
    expect_repaired(flipped, "byte " + std::to_string(place));
  }
  expect_repaired(whole.substr(0, whole.size() / 2), "half");
  expect_repaired(whole.substr(0, 10), "the first bytes");
  expect_repaired("", "nothing");
  expect_repaired(whole + "x", "a byte more");
}

// A sound file in another one's place, as after copying folders about.
TEST_F(Cache, ReplacesAnEntryOfAnotherKey) {
  const auto pictures = some_pictures(2);
  auto cache = cached();
  const auto right = cache.answer(pictures);
  const auto first = cache.path_of(cache.key_of(pictures[0]));
  fs::copy_file(cache.path_of(cache.key_of(pictures[1])), first,
                fs::copy_options::overwrite_existing);
  auto again = cached();
  expect_equal(again.answer(pictures), right);
  EXPECT_EQ(again.counts().damaged, 1);
  EXPECT_EQ(again.counts().hits, 1);
}

TEST_F(Cache, ThatCannotBeWrittenIsDoneWithout) {
  write_file(folder_.path / "cache", "a file where the folder should be");
  auto cache = cached();
  const auto pictures = some_pictures(2);
  const auto plain = teacher()->answer(pictures);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(torch::allclose(cache.answer(pictures).outputs.at("person").at(0),
                                plain.outputs.at("person").at(0), 1e-3));
  }
  EXPECT_EQ(cache.counts().misses, 4);
}

TEST(CacheEntry, ComesBackAsItWas) {
  torch::manual_seed(1);
  const Entry entry = {{"a", torch::randn({2, 3, 4}).to(torch::kHalf)},
                       {"b", torch::zeros({0, 3}, torch::kHalf)},
                       {"c", torch::tensor(-1.5).to(torch::kHalf)}};
  const auto back = unpack_entry("key", pack_entry("key", entry));
  ASSERT_TRUE(back);
  ASSERT_EQ(back->size(), 3u);
  for (const auto& [name, tensor] : entry) EXPECT_TRUE(back->at(name).equal(tensor)) << name;
  EXPECT_FALSE(unpack_entry("other", pack_entry("key", entry)));
}

TEST(CacheEntry, OfZerosIsSmall) {
  const Entry entry = {{"a", torch::zeros({423, 32, 32}, torch::kHalf)}};
  EXPECT_LT(pack_entry("key", entry).size(), 20000u);  // of 866304 bytes
}

}  // namespace
}  // namespace manyfold::distill
