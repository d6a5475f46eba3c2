#include "train/run_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/atomic_file.h"
#include "common/error.h"

namespace manyfold::train {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::ThrowsMessage;

class RunFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "manyfold_run_XXXXXX").string();
    folder = mkdtemp(name.data());
  }
  void TearDown() override { fs::remove_all(folder); }
  fs::path folder;
};

TEST_F(RunFolderTest, ANewRunRefusesAFolderThatHoldsOne) {
  const auto run = new_run((folder / "a").string(), "x");
  EXPECT_TRUE(fs::is_directory(run.path));
  write_file(run.last(), std::string("weights"));
  EXPECT_THAT([&] { new_run((folder / "a").string(), "x"); },
              ThrowsMessage<UserError>(HasSubstr("--resume")));
}

TEST_F(RunFolderTest, ResumingNeedsACheckpoint) {
  EXPECT_THAT([&] { run_to_resume(folder.string()); },
              ThrowsMessage<UserError>(HasSubstr("last.safetensors does not exist")));
  EXPECT_THAT([] { run_to_resume(""); }, ThrowsMessage<UserError>(HasSubstr("run.dir=PATH")));
}

TEST_F(RunFolderTest, TheBestCheckpointComesBeforeTheLast) {
  const RunFolder run{folder};
  EXPECT_THROW(find_checkpoint(folder), UserError);
  write_file(run.last(), std::string("last"));
  EXPECT_EQ(find_checkpoint(folder), run.last());
  write_file(run.best(), std::string("best"));
  EXPECT_EQ(find_checkpoint(folder), run.best());
  EXPECT_EQ(find_checkpoint(run.last()), run.last());
}

}  // namespace
}  // namespace manyfold::train
