#include "train/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

#include "common/atomic_file.h"
#include "common/error.h"
#include "common/sha256.h"

namespace manyfold::train {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::ThrowsMessage;

class CheckpointTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "manyfold_checkpoint_XXXXXX").string();
    folder = mkdtemp(name.data());
    checkpoint.weights = {{"a.weight", torch::randn({3, 2})},
                          {"a.count", torch::tensor(int64_t{7})}};
    checkpoint.average = {{"a.weight", torch::randn({3, 2})},
                          {"a.count", torch::tensor(int64_t{8})}};
    checkpoint.optimizer = {{"a.weight.exp_avg", torch::randn({3, 2})}};
    checkpoint.weighting = {{"log_variance_x", torch::randn({1})}};
    checkpoint.optimizer_type = "adam";
    checkpoint.step = 12;
    checkpoint.average_updates = 11;
    checkpoint.skipped_in_a_row = 1;
    checkpoint.best = 0.1 + 0.2;
    checkpoint.loss_scale = 4096;
    checkpoint.good_steps = 17;
    checkpoint.config = "seed: 1\n";
  }
  void TearDown() override { fs::remove_all(folder); }

  fs::path folder;
  Checkpoint checkpoint;
};

void expect_equal(const models::StateDict& a, const models::StateDict& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, tensor] : a) EXPECT_TRUE(torch::equal(tensor, b.at(name))) << name;
}

TEST_F(CheckpointTest, ComesBackAsItWas) {
  save_checkpoint(folder / "c", checkpoint);
  const auto found = load_checkpoint(folder / "c");
  expect_equal(found.weights, checkpoint.weights);
  expect_equal(found.average, checkpoint.average);
  expect_equal(found.optimizer, checkpoint.optimizer);
  expect_equal(found.weighting, checkpoint.weighting);
  EXPECT_EQ(found.optimizer_type, "adam");
  EXPECT_EQ(found.step, 12);
  EXPECT_EQ(found.average_updates, 11);
  EXPECT_EQ(found.skipped_in_a_row, 1);
  EXPECT_EQ(found.best, 0.1 + 0.2);
  EXPECT_EQ(found.loss_scale, 4096);
  EXPECT_EQ(found.good_steps, 17);
  EXPECT_EQ(found.config, "seed: 1\n");
}

// As files were before there was a scaler: no word of it in the state.
TEST_F(CheckpointTest, ReadsAFileWithoutALossScale) {
  const auto weight = torch::tensor({1.0F, 2.0F});
  std::map<std::string, std::string> metadata = {
      {"config", "seed: 1\n"},
      {"format", "manyfold checkpoint 1"},
      {"state",
       R"({"averaged":false,"average_updates":0,"best":0.5,"skipped_in_a_row":0,"step":3})"}};
  std::string text;
  for (const auto& [key, value] : metadata) text += key + '\n' + value + '\n';
  text += "a.weight Float 2";
  text.append(static_cast<const char*>(weight.data_ptr()), weight.nbytes());
  metadata["sha256"] = sha256(text);
  models::save_tensors(folder / "c", {{"a.weight", weight}}, metadata);
  const auto found = load_checkpoint(folder / "c");
  EXPECT_EQ(found.step, 3);
  EXPECT_EQ(found.loss_scale, 0);
  EXPECT_EQ(found.good_steps, 0);
}

TEST_F(CheckpointTest, HoldsTheDeployedWeightsUnderTheirOwnNames) {
  save_checkpoint(folder / "c", checkpoint);
  EXPECT_TRUE(torch::equal(models::load_tensors(folder / "c").at("a.weight"),
                           checkpoint.average.at("a.weight")));
}

TEST_F(CheckpointTest, EveryFlippedByteIsNoticed) {
  save_checkpoint(folder / "c", checkpoint);
  const auto bytes = read_file(folder / "c");
  for (size_t at = 0; at < bytes.size(); ++at) {
    auto damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    write_file(folder / "d", damaged);
    EXPECT_THROW(load_checkpoint(folder / "d"), UserError)
        << "byte " << at << " of " << bytes.size();
  }
}

TEST_F(CheckpointTest, AFullDiskLeavesTheOldOne) {
  save_checkpoint(folder / "c", checkpoint);
  const auto before = read_file(folder / "c");
  struct rlimit unlimited {
  }, small{};
  getrlimit(RLIMIT_FSIZE, &unlimited);
  small = unlimited;
  small.rlim_cur = 100;  // as if 100 bytes were left
  std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_THAT([&] { save_checkpoint(folder / "c", checkpoint); },
              ThrowsMessage<UserError>(HasSubstr("cannot write")));
  setrlimit(RLIMIT_FSIZE, &unlimited);
  EXPECT_EQ(read_file(folder / "c"), before);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator{}), 1)
      << "no part file is left";
}

TEST_F(CheckpointTest, RefusesWeightsThatAreNoCheckpoint) {
  models::save_tensors(folder / "w", checkpoint.weights);
  EXPECT_THAT([&] { load_checkpoint(folder / "w"); },
              ThrowsMessage<UserError>(HasSubstr("is no checkpoint")));
}

}  // namespace
}  // namespace manyfold::train
