#include "data/sources/pictures_source.h"

#include <gmock/gmock.h>

#include "common/error.h"
#include "tests/data/fixture.h"

namespace manyfold::data {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

PicturesSource open(const TempFolder& folder) {
  PicturesOptions options;
  options.root = folder.string();
  return {"photos", options};
}

std::vector<std::string> names(const Source& source) {
  std::vector<std::string> all;
  for (int64_t i = 0; i < source.size(); ++i) all.push_back(source.sample_name(i));
  return all;
}

TEST(PicturesSource, HoldsEveryPictureOfAllFoldersSorted) {
  const TempFolder folder;
  write_picture(folder / "b/2.png", drawn_picture(8, 6));
  write_picture(folder / "b/1.JPG", drawn_picture(10, 6));
  write_picture(folder / "a/deep/down/3.webp", drawn_picture(12, 6));
  write_picture(folder / "z.jpeg", drawn_picture(14, 6));
  write_picture(folder / "c.bmp", drawn_picture(16, 6));
  write_bytes(folder / "b/notes.txt", "x");
  const auto source = open(folder);
  EXPECT_THAT(names(source),
              ElementsAre("a/deep/down/3.webp", "b/1.JPG", "b/2.png", "c.bmp", "z.jpeg"));
  const auto sample = source.get(1);
  EXPECT_EQ(sample.frames.at(0).picture.size(), cv::Size(10, 6));
  EXPECT_TRUE(sample.frames[0].labels.empty());
  EXPECT_EQ(sample.origin.source, "photos");
  EXPECT_EQ(sample.origin.name, "b/1.JPG");
  EXPECT_THAT(source.files(1), ElementsAre(folder / "b/1.JPG"));
}

TEST(PicturesSource, LeavesOutWhatIsHidden) {
  const TempFolder folder;
  write_picture(folder / "a.png", drawn_picture(8, 6));
  write_picture(folder / ".b.png", drawn_picture(8, 6));
  write_picture(folder / ".thumbnails/c.png", drawn_picture(8, 6));
  EXPECT_THAT(names(open(folder)), ElementsAre("a.png"));
}

TEST(PicturesSource, RefusesFoldersThatAreEmptyMissingOrUnreadable) {
  const TempFolder folder;
  write_bytes(folder / "below/notes.txt", "x");
  const auto error = [&] { return message_of<UserError>([&] { open(folder); }); };
  EXPECT_THAT(error(), AllOf(HasSubstr("source photos: no pictures in folder " + folder.string()),
                             HasSubstr(".jpg")));
  std::filesystem::remove_all(folder.string());
  EXPECT_THAT(error(), AllOf(HasSubstr(folder.string()),
                             HasSubstr("cannot be read: No such file or directory")));
  write_picture(folder / "below/a.png", drawn_picture(8, 6));
  std::filesystem::permissions(folder / "", std::filesystem::perms::all);
  std::filesystem::permissions(folder / "below", std::filesystem::perms::none);
  {
    const Unprivileged nobody;
    EXPECT_THAT(error(), HasSubstr("one below it, cannot be read: Permission denied"));
  }
  std::filesystem::permissions(folder / "below", std::filesystem::perms::all);
}

TEST(PicturesSource, ABrokenPictureIsABadSample) {
  const TempFolder folder;
  write_bytes(folder / "a.png", "");
  const auto source = open(folder);
  EXPECT_EQ(fault_of([&] { source.get(0); }), "empty file");
}

TEST(PicturesSource, TakesNoLabels) {
  const TempFolder folder;
  write_picture(folder / "a.png", drawn_picture(8, 6));
  SourceOptions options;
  options.type = "pictures";
  options.pictures.root = folder.string();
  EXPECT_EQ(make_source("photos", options, {})->size(), 1);
  LabelOptions label;
  label.from = "mask";
  options.labels = {{"person", label}};
  EXPECT_THAT(
      message_of<ConfigError>([&] { make_source("photos", options, {}); }),
      HasSubstr("source photos: labels.person is given, and `type: pictures` has no labels"));
}

}  // namespace
}  // namespace manyfold::data
