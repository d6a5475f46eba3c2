#include "data/files/picture_file.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "data/files/picture_header.h"
#include "tests/data/fixture.h"

namespace manyfold::data {
namespace {

using testing::HasSubstr;

/// A PNG that claims a size and holds nothing.
std::string png_claiming(uint32_t width, uint32_t height) {
  std::string bytes = encoded(drawn_picture(2, 2), ".png");
  for (int i = 0; i < 4; ++i) {
    bytes[16 + i] = static_cast<char>(width >> (24 - 8 * i));
    bytes[20 + i] = static_cast<char>(height >> (24 - 8 * i));
  }
  return bytes;
}

/// Puts an EXIF segment behind the start of a JPEG: an orientation, and bytes such as a thumbnail
/// has, with an end marker of its own.
std::string with_exif(const std::string& jpeg, char orientation) {
  std::string exif("Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", 25);
  exif += orientation;
  exif += std::string("\0\0\0\0\0\0\xFF\xD8\xFF\xD9", 10);
  const auto size = static_cast<uint16_t>(exif.size() + 2);
  std::string segment = {'\xFF', '\xE1', static_cast<char>(size >> 8), static_cast<char>(size)};
  return jpeg.substr(0, 2) + segment + exif + jpeg.substr(2);
}

TEST(PictureFile, DecodesToRgb) {
  const auto picture = drawn_picture(31, 17);
  EXPECT_EQ(cv::norm(decode_picture(encoded(picture, ".png"), "a"), picture, cv::NORM_INF), 0);
  EXPECT_LT(cv::norm(decode_picture(encoded(picture, ".jpg"), "a"), picture, cv::NORM_INF), 30);
  EXPECT_EQ(cv::norm(decode_picture(encoded(picture, ".bmp"), "a"), picture, cv::NORM_INF), 0);
}

TEST(PictureFile, HeadersStateTheSizeOfEveryFormat) {
  for (const char* ending : {".jpg", ".png", ".bmp", ".webp"}) {
    const auto header = read_picture_header(encoded(drawn_picture(31, 17), ending), "a");
    EXPECT_EQ(header.width, 31) << ending;
    EXPECT_EQ(header.height, 17) << ending;
    EXPECT_TRUE(header.complete) << ending;
  }
}

TEST(PictureFile, ACutFileIsTruncatedWhereverTheCutIs) {
  for (const char* ending : {".jpg", ".png", ".bmp", ".webp"}) {
    const auto whole = encoded(drawn_picture(64, 48), ending);
    for (const double share : {0.3, 0.6, 0.9, 0.99}) {
      const auto cut = whole.substr(0, static_cast<size_t>(whole.size() * share));
      EXPECT_EQ(fault_of([&] { decode_picture(cut, "a"); }), "truncated") << ending << share;
    }
    EXPECT_EQ(fault_of([&] { decode_picture(whole.substr(0, whole.size() - 1), "a"); }),
              "truncated")
        << ending;
  }
}

TEST(PictureFile, NoCutOfAJpegIsTakenForAPicture) {
  const auto whole = with_exif(encoded(drawn_picture(64, 48), ".jpg"), 1);
  for (size_t length = 0; length < whole.size(); ++length) {
    const auto fault = fault_of([&] { decode_picture(whole.substr(0, length), "a"); });
    EXPECT_NE(fault, "(nothing)") << length;
  }
}

TEST(PictureFile, TheMessageOfATruncatedFileSaysWhatIsMissing) {
  const auto whole = encoded(drawn_picture(64, 48), ".jpg");
  EXPECT_EQ(message_of<BadSample>([&] { decode_picture(whole.substr(0, 700), "set/a.jpg"); }),
            "set/a.jpg: is cut off: 700 bytes, and the end of the 64x48 picture is missing");
}

TEST(PictureFile, AThumbnailsEndIsNotThePicturesEnd) {
  const auto whole = with_exif(encoded(drawn_picture(64, 48), ".jpg"), 1);
  EXPECT_EQ(decode_picture(whole, "a").size(), cv::Size(64, 48));
  EXPECT_EQ(fault_of([&] { decode_picture(whole.substr(0, whole.size() - 300), "a"); }),
            "truncated");
}

TEST(PictureFile, BytesAfterTheEndDoNotMatter) {
  const auto padded = encoded(drawn_picture(64, 48), ".jpg") + std::string(100, '\0');
  EXPECT_EQ(decode_picture(padded, "a").size(), cv::Size(64, 48));
}

TEST(PictureFile, ExifTurnsThePicture) {
  const auto picture = drawn_picture(64, 48);
  const auto turned = decode_picture(with_exif(encoded(picture, ".jpg"), 6), "a");
  cv::Mat expected;
  cv::rotate(picture, expected, cv::ROTATE_90_CLOCKWISE);
  ASSERT_EQ(turned.size(), expected.size());
  EXPECT_LT(cv::norm(turned, expected, cv::NORM_INF), 30);
}

TEST(PictureFile, ABombIsRefusedByItsHeader) {
  EXPECT_EQ(message_of<BadSample>([] { decode_picture(png_claiming(30000, 30000), "bomb.png"); }),
            "bomb.png: is 30000x30000 pixels, more than the limit of 67108864 pixels in all");
  EXPECT_EQ(fault_of([] { decode_picture(png_claiming(0xFFFFFFFF, 0xFFFFFFFF), "a"); }),
            "too large");
}

TEST(PictureFile, WhatIsNotAPictureIsRefused) {
  EXPECT_EQ(fault_of([] { decode_picture("<html>not found</html>", "a"); }), "not a picture");
  EXPECT_EQ(fault_of([] { decode_picture("", "a"); }), "not a picture");
  EXPECT_EQ(fault_of([] { decode_picture(png_claiming(0, 7), "a"); }), "not a picture");
}

TEST(PictureFile, LargeJpegsAreDecodedNoLargerThanNeeded) {
  const auto jpeg = encoded(drawn_picture(321, 200), ".jpg");
  EXPECT_EQ(decode_picture(jpeg, "a", 0).size(), cv::Size(321, 200));
  EXPECT_EQ(decode_picture(jpeg, "a", 161).size(), cv::Size(321, 200));
  EXPECT_EQ(decode_picture(jpeg, "a", 160).size(), cv::Size(161, 100));
  EXPECT_EQ(decode_picture(jpeg, "a", 80).size(), cv::Size(81, 50));
  EXPECT_EQ(decode_picture(jpeg, "a", 16).size(), cv::Size(41, 25));
}

TEST(PictureFile, SaysHowManyTimesSmallerItDecoded) {
  const auto jpeg = encoded(drawn_picture(321, 200), ".jpg");
  const std::map<int64_t, int> expected = {{0, 1}, {161, 1}, {160, 2}, {81, 2}, {80, 4}, {40, 8}};
  for (const auto& [detail, reduction] : expected) {
    EXPECT_EQ(decode_reduced(jpeg, "a", detail).reduction, reduction) << detail;
  }
  EXPECT_EQ(decode_reduced(encoded(drawn_picture(321, 200), ".png"), "a", 40).reduction, 1);
}

TEST(PictureFile, MasksKeepTheirGreyValues) {
  cv::Mat mask(5, 7, CV_8UC1, cv::Scalar(128));
  mask.at<uint8_t>(2, 3) = 255;
  EXPECT_EQ(cv::norm(decode_grey(encoded(mask, ".png"), "a"), mask, cv::NORM_INF), 0);
  EXPECT_THAT(
      message_of<BadSample>([] { decode_grey(encoded(drawn_picture(8, 8), ".png"), "m.png"); }),
      HasSubstr("m.png: has 3 channels of 8 bits; a mask has one channel of 8 bits"));
}

TEST(SampleFile, SaysWhyItCannotBeRead) {
  const TempFolder folder;
  write_bytes(folder / "empty.jpg", "");
  EXPECT_EQ(fault_of([&] { read_sample_file(folder / "none.jpg"); }), "missing file");
  EXPECT_EQ(fault_of([&] { read_sample_file(folder / "empty.jpg"); }), "empty file");
  EXPECT_EQ(fault_of([&] { read_sample_file(folder / ""); }), "unreadable");
  write_bytes(folder / "secret.jpg", "x");
  std::filesystem::permissions(folder / "", std::filesystem::perms::all);  // of the way there
  std::filesystem::permissions(folder / "secret.jpg", std::filesystem::perms::none);
  const Unprivileged nobody;
  EXPECT_EQ(fault_of([&] { read_sample_file(folder / "secret.jpg"); }), "unreadable");
}

}  // namespace
}  // namespace manyfold::data
