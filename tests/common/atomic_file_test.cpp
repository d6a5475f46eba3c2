#include "common/atomic_file.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "common/error.h"
#include "tests/common/config_tree.h"

namespace manyfold {
namespace {

namespace fs = std::filesystem;

TEST(WriteFile, MakesFoldersReplacesAndLeavesNothingElse) {
  const config::Tree tree({});
  const auto path = tree.folder() / "a" / "b.txt";
  write_file(path, "first");
  write_file(path, std::string("sec\0ond", 7));
  EXPECT_EQ(read_file(path), std::string("sec\0ond", 7));
  EXPECT_EQ(std::distance(fs::directory_iterator(path.parent_path()), {}), 1);
}

TEST(WriteFile, FollowsALink) {
  using Files = std::map<std::string, std::string>;
  const config::Tree tree(Files{{"target.txt", "old"}});
  const auto link = tree.folder() / "link.txt";
  fs::create_symlink("target.txt", link);
  write_file(link, "new");
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(read_file(tree.folder() / "target.txt"), "new");
}

TEST(WriteFile, LeavesDevicesAndFoldersAlone) {
  const config::Tree tree(std::map<std::string, std::string>{{"folder/file.txt", ""}});
  const auto refused = testing::ThrowsMessage<UserError>(testing::HasSubstr("no regular file"));
  EXPECT_THAT([] { write_file("/dev/null", "x"); }, refused);
  EXPECT_THAT([&] { write_file(tree.folder() / "folder", "x"); }, refused);
}

TEST(ReadFile, SaysWhatCannotBeRead) {
  EXPECT_THAT([] { read_file("/no/such/file"); },
              testing::ThrowsMessage<UserError>(
                  testing::HasSubstr("cannot read /no/such/file: No such file or directory")));
}

}  // namespace
}  // namespace manyfold
