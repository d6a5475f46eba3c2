// Clips in training: which frames a batch holds, and how they are changed.

#include <gmock/gmock.h>
#include <torch/types.h>

#include <cmath>

#include "common/error.h"
#include "data/loading/training_data.h"
#include "data/sources/clip_source.h"
#include "tests/data/drawn_clips.h"

namespace manyfold::data {
namespace {

using testing::HasSubstr;

class TrainingClips : public testing::Test {
 protected:
  TrainingClips() {
    options_.size = {64, 64};
    options_.batch = 8;
    options_.threads = 2;
    options_.clips.frames = 4;
    options_.sources = {{"stills", drawn_source(1)}, {"clips", drawn_source(40)}};
    phase_.steps = 100;
    phase_.clips = phase_.last_clips = 0.5;
    phase_.frames = 4;
  }

  std::vector<Batch> batches(int64_t first, int64_t count, bool motion = false, Shard shard = {}) {
    TrainingNeeds needs;
    needs.unlabelled = unlabelled_;
    needs.phases = phases_.empty() ? std::vector<DrawPhase>{phase_} : phases_;
    needs.motion = motion;
    TrainingData data(options_, specs_, /*seed=*/3, needs);
    const auto loader = data.loader(first, shard);
    std::vector<Batch> all;
    for (int64_t i = 0; i < count; ++i) all.push_back(*loader->next());
    return all;
  }

  DataOptions options_;
  DrawPhase phase_;
  std::vector<DrawPhase> phases_;  // in place of phase_
  LabelSpecs specs_ = kGestures;
  Unlabelled unlabelled_ = Unlabelled::dropped;
};

TEST_F(TrainingClips, ComeInStepsOfTheirOwnWithAsManyPictures) {
  int64_t clips = 0;
  for (const auto& batch : batches(0, 6)) {
    EXPECT_EQ(batch.rows(), 8);
    EXPECT_EQ(batch.frames(), batch.size() == 2 ? 4 : 1);
    EXPECT_EQ(batch.labels.at("gesture").present.size(0), 8);
    EXPECT_EQ(batch.origins[0].source, batch.frames() == 4 ? "clips" : "stills");
    clips += batch.frames() == 4;
    EXPECT_FALSE(batch.continues);
  }
  EXPECT_EQ(clips, 3);
}

TEST_F(TrainingClips, AreTheSameFromAnyStepOn) {
  phase_.chunks = 2;
  const auto all = batches(0, 7), later = batches(4, 3);
  for (size_t i = 0; i < later.size(); ++i) {
    EXPECT_TRUE(all[4 + i].pictures.equal(later[i].pictures)) << i;
    EXPECT_EQ(all[4 + i].continues, later[i].continues);
  }
}

TEST_F(TrainingClips, MayBeFilmedFromStillsByTheSharesOfTheirGroups) {
  options_.sources = {
      {"people", drawn_source(1)}, {"hands", drawn_source(1)}, {"drawn", drawn_source(40)}};
  for (auto& [name, source] : options_.sources) source.group = name;
  options_.mix = {{"people", 2}, {"hands", 1}, {"drawn", 1}};
  options_.clips.film_stills = true;
  phase_.clips = phase_.last_clips = 1;
  std::map<std::string, int> seen;
  for (const auto& batch : batches(0, 8)) {
    EXPECT_EQ(batch.frames(), 4);
    for (const auto& origin : batch.origins) ++seen[origin.source];
  }
  EXPECT_EQ(seen, (std::map<std::string, int>{{"people", 8}, {"hands", 4}, {"drawn", 4}}));
}

TEST_F(TrainingClips, OfStillsAloneNeedACameraThatMoves) {
  options_.sources = {{"stills", drawn_source(1)}};
  EXPECT_THAT(message_of<ConfigError>([&] { batches(0, 1); }),
              HasSubstr("data.clips.film_stills=true"));
  const auto plain = [&] {
    phase_.clips = phase_.last_clips = 0;
    return batches(0, 1)[0].pictures;
  };
  const auto before = plain();
  options_.clips.film_stills = true;
  EXPECT_TRUE(plain().equal(before)) << "steps of stills are what they were";
}

TEST_F(TrainingClips, OfStillsMoveAndAreTheSameFromAnyStepOn) {
  options_.sources = {{"stills", drawn_source(1)}};
  options_.clips.film_stills = true;
  options_.augment.photometric.noise = 0;
  phase_.clips = phase_.last_clips = 1;
  phase_.chunks = 2;
  const auto all = batches(0, 7, /*motion=*/true), later = batches(4, 3, /*motion=*/true);
  for (size_t i = 0; i < later.size(); ++i) {
    EXPECT_TRUE(all[4 + i].pictures.equal(later[i].pictures)) << i;
    EXPECT_TRUE(all[4 + i].motion.nan_to_num(99).equal(later[i].motion.nan_to_num(99))) << i;
  }
  int moving = 0, going_on = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].continues, i % 2 > 0);
    for (int64_t n = 0; n < all[i].size(); ++n) {
      const auto frames = all[i].pictures[n].to(torch::kFloat);
      moving += (frames[0] - frames[3]).abs().mean().item<double>() > 0;
      const auto motion = all[i].motion.view({all[i].size(), 4, 64, 64, 2})[n];
      EXPECT_TRUE(motion[0].isnan().all().item<bool>());
      EXPECT_GT(motion[1].isfinite().to(torch::kFloat).mean().item<double>(), 0.3);
      if (!all[i].continues) continue;
      const auto last = all[i - 1].pictures[n][3].to(torch::kFloat);
      going_on += (last - frames[0]).abs().mean().item<double>() < 12;
    }
  }
  EXPECT_GT(moving, 7) << "of 14, of which a quarter is not to";
  EXPECT_EQ(going_on, 6) << "a step goes on where the one before ended";
}

/// Neighbouring frames of a clip hardly differ; those of two clips do.
double step_between(const torch::Tensor& a, const torch::Tensor& b) {
  return (a.to(torch::kFloat) - b.to(torch::kFloat)).abs().mean().item<double>();
}

TEST_F(TrainingClips, GoOnInTheNextStepOfTheirKindWhereTheyAreLongerThanOne) {
  phase_.clips = phase_.last_clips = 1;
  phase_.chunks = 3;
  options_.augment.photometric.noise = 0;
  const auto all = batches(0, 6);
  for (size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].continues, i % 3 > 0);
  for (int64_t n = 0; n < 2; ++n) {
    const auto within = step_between(all[0].pictures[n][2], all[0].pictures[n][3]);
    const auto across = step_between(all[0].pictures[n][3], all[1].pictures[n][0]);
    const auto other = step_between(all[2].pictures[n][3], all[3].pictures[n][0]);
    EXPECT_LT(across, 4 * within + 2);
    EXPECT_GT(other, 4 * across);
  }
}

TEST_F(TrainingClips, SayHowTheirPixelsMoveWhereThatIsAsked) {
  phase_.clips = phase_.last_clips = 1;
  EXPECT_FALSE(batches(0, 1)[0].motion.defined());
  options_.augment.enabled = false;
  const auto batch = batches(0, 1, /*motion=*/true)[0];
  ASSERT_EQ(batch.motion.sizes(), (std::vector<int64_t>{8, 64, 64, 2}));
  for (int64_t row = 0; row < 8; ++row) {
    const auto known = batch.motion[row].isfinite().all(-1).to(torch::kFloat).mean();
    if (row % 4 > 0) {
      EXPECT_GT(known.item<double>(), 0.3) << row;
    }
  }
}

TEST_F(TrainingClips, OfAllRanksAreTheJointBatchs) {
  phase_.clips = phase_.last_clips = 0.75;
  phase_.chunks = 2;
  const auto joint = batches(0, 8);
  int64_t of_clips = 0;
  for (int64_t rank = 0; rank < 2; ++rank) {
    const auto parts = batches(0, 8, /*motion=*/false, {rank, 2});
    for (size_t step = 0; step < 8; ++step) {
      const auto &whole = joint[step], &part = parts[step];
      ASSERT_EQ(part.frames(), whole.frames());
      ASSERT_EQ(2 * part.size(), whole.size());
      EXPECT_EQ(part.continues, whole.continues);
      of_clips += part.frames() > 1;
      for (int64_t i = 0; i < part.size(); ++i) {
        const auto slot = rank + 2 * i;
        EXPECT_TRUE(part.pictures[i].equal(whole.pictures[slot])) << step << ": " << slot;
        EXPECT_EQ(part.origins[static_cast<size_t>(i)].name,
                  whole.origins[static_cast<size_t>(slot)].name);
      }
    }
  }
  EXPECT_EQ(of_clips, 2 * 6);  // 0.75 of eight steps, on two ranks
  EXPECT_THAT(message_of<ConfigError>([&] {
                batches(0, 1, false, {0, 4});
              }),
              HasSubstr("data.batch = 8 / 4 frames cannot be shared out evenly among 4"));
}

/// How many clips, or stills, of each source some batches hold.
std::map<std::string, int64_t> drawn(const std::vector<Batch>& batches, bool clips) {
  std::map<std::string, int64_t> counts;
  for (const auto& batch : batches) {
    if ((batch.frames() > 1) != clips) continue;
    for (const auto& origin : batch.origins) ++counts[origin.source];
  }
  return counts;
}

TEST_F(TrainingClips, OfAPhaseWithAMixOfItsOwnComeFromItsGroups) {
  const char* const names[] = {"people", "hands", "filmed", "drawn"};
  options_.sources.clear();
  for (const auto* name : names) {
    options_.sources.emplace_back(name, drawn_source(name[0] == 'p' || name[0] == 'h' ? 1 : 40));
    options_.sources.back().second.group = name;
  }
  options_.mix = {{"people", 0.5}, {"hands", 0.5}, {"filmed", 0.5}, {"drawn", 0.5}};
  auto first = phase_, second = phase_;
  first.steps = second.steps = 8;
  second.mix = {{"people", 1}, {"filmed", 0.25}, {"drawn", 0.75}};
  phases_ = {first, second};
  const auto all = batches(0, 16);
  const std::vector<Batch> before(all.begin(), all.begin() + 8), after(all.begin() + 8, all.end());
  using Counts = std::map<std::string, int64_t>;
  // Of eight steps four hold eight stills, and four two clips.
  EXPECT_EQ(drawn(before, false), (Counts{{"people", 16}, {"hands", 16}}));
  EXPECT_EQ(drawn(before, true), (Counts{{"filmed", 4}, {"drawn", 4}}));
  EXPECT_EQ(drawn(after, false), (Counts{{"people", 32}}));
  EXPECT_EQ(drawn(after, true), (Counts{{"filmed", 2}, {"drawn", 6}}));
}

/// The names of the clips in some batches, with their labels or without; a clip has either.
struct ByLabel {
  explicit ByLabel(const std::vector<Batch>& batches) {
    for (const auto& batch : batches) {
      const auto present = batch.labels.at("person").present.view({batch.size(), batch.frames()});
      for (int64_t n = 0; n < batch.size(); ++n) {
        const bool labelled = present[n].any().item<bool>();
        EXPECT_EQ(present[n].all().item<bool>(), labelled);
        const auto name = batch.origins[static_cast<size_t>(n)].name;
        (labelled ? with : without).insert(name.substr(0, name.find('#')));
        count += labelled;
      }
    }
  }
  std::set<std::string> with, without;
  int64_t count = 0;  // of draws with labels
};

TEST_F(TrainingClips, OfPartlyLabelledSourcesAreLabelledAsAWhole) {
  auto clips = drawn_source(40);
  clips.labels = masks();
  specs_ = {{"person", mask_spec()}};
  options_.sources = {{"clips", clips}};
  phase_.clips = phase_.last_clips = 1;
  options_.labelled = 0.5;
  options_.unlabelled = 0.75;
  const ByLabel dropped(batches(0, 12));
  EXPECT_EQ(dropped.with.size(), 3u) << "half of six";
  EXPECT_TRUE(dropped.without.empty());
  unlabelled_ = Unlabelled::kept_clips;
  const ByLabel kept(batches(0, 12));
  EXPECT_EQ(kept.with, dropped.with);
  EXPECT_EQ(kept.without.size(), 3u);
  for (const auto& name : kept.with) EXPECT_EQ(kept.without.count(name), 0u) << name;
  EXPECT_EQ(kept.count, 6) << "a quarter of 24";
}

TEST_F(TrainingClips, ThatAreTooShortAreRefused) {
  phase_.frames = 16;
  phase_.chunks = 4;
  EXPECT_THAT(
      message_of<UserError>([&] { batches(0, 1); }),
      AllOf(HasSubstr("source clips: its longest clip has 40 frames, and training draws 64"),
            HasSubstr("frames * chunks of data.clips")));
}

/// "long" with 12 frames, and "short" with 6 and the only mask.
struct RealClips : TempFolder {
  RealClips() {
    for (int t = 0; t < 12; ++t) {
      const auto name = std::to_string(100 + t) + ".png";
      write_picture(*this / ("long/" + name), drawn_picture(24, 16, t));
      if (t < 6) write_picture(*this / ("short/" + name), drawn_picture(24, 16, t));
    }
    write_bytes(*this / "short/masks/102.png", encoded(cv::Mat::zeros(16, 24, CV_8UC1), ".png"));
  }
};

TEST_F(TrainingClips, OfWhichOnlyTooShortOnesAreLabelledAreRefused) {
  const RealClips folder;
  SourceOptions clips;
  clips.type = "clips";
  clips.clips.root = folder.string();
  clips.labels = masks();
  specs_ = {{"person", mask_spec()}};
  options_.sources = {{"clips", clips}};
  phase_.clips = phase_.last_clips = 1;
  phase_.frames = 8;
  EXPECT_THAT(message_of<UserError>([&] { batches(0, 1); }),
              AllOf(HasSubstr("source clips: no clip with labels is long enough: training draws 8"),
                    HasSubstr("such as short with 6 frames")));
  phase_.frames = 6;
  EXPECT_EQ(batches(0, 1)[0].frames(), 6);
  unlabelled_ = Unlabelled::kept;  // for a teacher
  phase_.frames = 8;
  EXPECT_EQ(batches(0, 1)[0].frames(), 8);
}

TEST_F(TrainingClips, AreOfGroupsThatExist) {
  options_.sources[1].second.group = "videos";
  phase_.name = "late";
  phase_.mix = {{"vidoes", 1}};
  EXPECT_THAT(message_of<ConfigError>([&] { batches(0, 1); }),
              HasSubstr("train.phases.late.mix.vidoes: no source is in this group; did you mean "
                        "'videos'?"));
}

TEST_F(TrainingClips, NeedASourceOfTheirKind) {
  options_.sources = {{"stills", drawn_source(1)}};
  EXPECT_THAT(message_of<ConfigError>([&] { batches(0, 1); }),
              HasSubstr("no source with a share there holds clips"));
  options_.sources = {{"clips", drawn_source(40)}};
  EXPECT_THAT(message_of<ConfigError>([&] { batches(0, 1); }),
              HasSubstr("no source with a share there holds stills"));
}

}  // namespace
}  // namespace manyfold::data
