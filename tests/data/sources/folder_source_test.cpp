#include "data/sources/folder_source.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "common/error.h"
#include "tests/data/fixture.h"

namespace manyfold::data {
namespace {

using testing::HasSubstr;

FolderSource open(const TempFolder& folder, std::map<std::string, std::string> classes = {}) {
  FolderOptions options;
  options.root = folder.string();
  LabelOptions label;
  label.from = "folder";
  label.classes = std::move(classes);
  return {
      "digits", options, {{"gesture", label}}, {{"gesture", class_spec({"none", "fist", "palm"})}}};
}

TEST(FolderSource, TheFolderIsTheClass) {
  const TempFolder folder;
  write_picture(folder / "train/palm/b.png", drawn_picture(8, 6));
  write_picture(folder / "train/palm/a.JPG", drawn_picture(10, 6));
  write_picture(folder / "train/digit_0/c.bmp", drawn_picture(12, 6));
  write_picture(folder / "val/fist/d.png", drawn_picture(12, 6));
  const FolderSource source = open(folder, {{"digit_0", "fist"}});
  ASSERT_EQ(source.size(), 3);
  EXPECT_EQ(source.sample_name(0), "train/digit_0/c.bmp");
  EXPECT_EQ(source.sample_name(1), "train/palm/a.JPG");
  EXPECT_EQ(std::get<ClassIndex>(source.get(0).frames[0].labels.at("gesture")).index, 1);
  EXPECT_EQ(std::get<ClassIndex>(source.get(2).frames[0].labels.at("gesture")).index, 2);
  EXPECT_EQ(source.get(1).frames[0].picture.size(), cv::Size(10, 6));
}

TEST(FolderSource, FoldersMappedToNothingAreLeftOut) {
  const TempFolder folder;
  write_picture(folder / "train/mixed/a.png", drawn_picture(8, 6));
  write_picture(folder / "train/fist/a.png", drawn_picture(8, 6));
  EXPECT_EQ(open(folder, {{"mixed", ""}}).size(), 1);
  EXPECT_THAT(message_of<ConfigError>([&] { open(folder); }),
              HasSubstr("category 'mixed' of the set leads to no class"));
}

TEST(FolderSource, OtherFilesAreReported) {
  const TempFolder folder;
  write_picture(folder / "train/fist/a.png", drawn_picture(8, 6));
  write_bytes(folder / "train/fist/notes.txt", "x");
  write_bytes(folder / "train/fist/.hidden", "x");
  const FolderSource source = open(folder);
  EXPECT_EQ(source.size(), 1);
  ASSERT_EQ(source.problems().size(), 1u);
  EXPECT_THAT(source.problems()[0].file, HasSubstr("notes.txt"));
}

TEST(FolderSource, MissingUnreadableAndEmptyFoldersAreRefused) {
  const TempFolder folder;
  EXPECT_THAT(message_of<UserError>([&] { open(folder); }),
              HasSubstr("train: the folder cannot be read: No such file"));
  std::filesystem::create_directories(folder / "train/fist");
  EXPECT_THAT(message_of<UserError>([&] { open(folder); }), HasSubstr("holds no pictures"));
  std::filesystem::permissions(folder / "", std::filesystem::perms::all);  // of the way there
  std::filesystem::permissions(folder / "train/fist", std::filesystem::perms::none);
  const Unprivileged nobody;
  EXPECT_THAT(message_of<UserError>([&] { open(folder); }), HasSubstr("cannot be read"));
}

}  // namespace
}  // namespace manyfold::data
