#include "train/saved_step.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <unistd.h>

#include "common/atomic_file.h"
#include "common/error.h"

namespace manyfold::train {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::ThrowsMessage;

class SavedStepTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "manyfold_step_XXXXXX").string();
    folder = mkdtemp(name.data());
    torch::manual_seed(5);
    checkpoint.weights = {{"a.weight", torch::randn({3, 2})}};
    checkpoint.optimizer = {{"a.weight.exp_avg", torch::randn({3, 2})}};
    checkpoint.step = 123;
    checkpoint.loss_scale = 256;
    checkpoint.config = "seed: 1\n";

    batch.pictures = torch::randint(256, {2, 1, 4, 5, 3}, torch::kByte).permute({0, 1, 4, 2, 3});
    batch.crops = torch::randint(256, {2, 3, 2, 2, 3}, torch::kByte).permute({0, 1, 4, 2, 3});
    batch.step = 123;
    batch.origins = {{"faces", "a/\"1\".jpg", false}, {"scenes", "scene 17", true}};
    auto& faces = batch.labels["faces"];
    faces.present = torch::tensor({true, false});
    faces.count = torch::tensor({2, 0});
    faces.box = torch::rand({2, 2, 4});
    faces.object_class = torch::tensor({0, -1, -1, -1}).view({2, 2});
    faces.landmarks = torch::rand({2, 2, 5, 2});
    faces.visible = torch::rand({2, 2, 5}) < 0.5;
    faces.labelled = torch::tensor({true, false}).view({2, 1});
    batch.labels["person"].present = torch::tensor({false, true});
    batch.labels["person"].mask = torch::randint(3, {2, 4, 5}, torch::kByte);
    batch.labels["sign"].present = torch::tensor({false, false});
    batch.labels["sign"].index = torch::tensor({-1, -1});
  }
  void TearDown() override { fs::remove_all(folder); }

  fs::path folder;
  Checkpoint checkpoint;
  data::Batch batch;
};

void expect_equal(const torch::Tensor& found, const torch::Tensor& expected) {
  ASSERT_EQ(found.defined(), expected.defined());
  if (!found.defined()) return;
  EXPECT_EQ(found.scalar_type(), expected.scalar_type());
  EXPECT_EQ(found.strides(), expected.strides());
  EXPECT_TRUE(found.equal(expected));
}

void expect_equal(const data::Batch& found, const data::Batch& expected) {
  expect_equal(found.pictures, expected.pictures);
  expect_equal(found.crops, expected.crops);
  EXPECT_EQ(found.step, expected.step);
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < expected.origins.size(); ++i) {
    EXPECT_EQ(found.origins[i].source, expected.origins[i].source);
    EXPECT_EQ(found.origins[i].name, expected.origins[i].name);
    EXPECT_EQ(found.origins[i].synthetic, expected.origins[i].synthetic);
  }
  ASSERT_EQ(found.labels.size(), expected.labels.size());
  for (const auto& [task, labels] : expected.labels) {
    const auto& other = found.labels.at(task);
    expect_equal(other.present, labels.present);
    expect_equal(other.mask, labels.mask);
    expect_equal(other.index, labels.index);
    expect_equal(other.count, labels.count);
    expect_equal(other.box, labels.box);
    expect_equal(other.object_class, labels.object_class);
    expect_equal(other.landmarks, labels.landmarks);
    expect_equal(other.visible, labels.visible);
    expect_equal(other.labelled, labels.labelled);
  }
}

TEST_F(SavedStepTest, ComesBackAsItWas) {
  save_step(folder / "s", checkpoint, batch);
  const auto found = load_step(folder / "s");
  expect_equal(found.batch, batch);
  expect_equal(found.checkpoint.weights.at("a.weight"), checkpoint.weights.at("a.weight"));
  expect_equal(found.checkpoint.optimizer.at("a.weight.exp_avg"),
               checkpoint.optimizer.at("a.weight.exp_avg"));
  EXPECT_EQ(found.checkpoint.weights.size(), 1u);
  EXPECT_EQ(found.checkpoint.step, 123);
  EXPECT_EQ(found.checkpoint.loss_scale, 256);
  EXPECT_EQ(found.checkpoint.config, "seed: 1\n");
}

TEST_F(SavedStepTest, KeepsTheLayoutOfPicturesThatAreNotInterleaved) {
  batch.pictures = batch.pictures.contiguous();
  batch.crops = batch.crops.contiguous();
  save_step(folder / "s", checkpoint, batch);
  expect_equal(load_step(folder / "s").batch, batch);
}

TEST_F(SavedStepTest, IsACheckpointToo) {
  save_step(folder / "s", checkpoint, batch);
  const auto found = load_checkpoint(folder / "s");
  EXPECT_EQ(found.weights.size(), 1u);
  EXPECT_EQ(found.step, 123);
}

TEST_F(SavedStepTest, ANameThatIsNoUtf8DoesNotStopIt) {
  batch.origins[0].name = "caf\xe9.jpg";
  save_step(folder / "s", checkpoint, batch);
  EXPECT_EQ(load_step(folder / "s").batch.origins[0].name, "caf\xef\xbf\xbd.jpg");
}

TEST_F(SavedStepTest, EveryFlippedByteIsNoticed) {
  save_step(folder / "s", checkpoint, batch);
  const auto bytes = read_file(folder / "s");
  for (size_t at = 0; at < bytes.size(); at += 7) {
    auto damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    write_file(folder / "d", damaged);
    EXPECT_THROW(load_step(folder / "d"), UserError) << "byte " << at << " of " << bytes.size();
  }
}

TEST_F(SavedStepTest, RefusesACheckpointWithoutABatch) {
  save_checkpoint(folder / "c", checkpoint);
  EXPECT_THAT([&] { load_step(folder / "c"); },
              ThrowsMessage<UserError>(
                  AllOf(HasSubstr("is a checkpoint without a batch"), HasSubstr("skipped/"))));
}

}  // namespace
}  // namespace manyfold::train
