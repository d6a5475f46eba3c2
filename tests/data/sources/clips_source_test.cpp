#include "data/sources/clips_source.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <opencv2/videoio.hpp>

#include "common/atomic_file.h"
#include "common/error.h"
#include "data/files/video_file.h"
#include "tests/data/fixture.h"

namespace manyfold::data {
namespace {

using testing::HasSubstr;

const LabelSpecs kSpecs = {{"person", mask_spec()},
                           {"faces", object_spec({"face"})},
                           {"points", object_spec({"face"}, 2)},
                           {"gesture", class_spec({"none", "fist"})}};

std::string numbered(int number, const std::string& ending) {
  char text[32];
  std::snprintf(text, sizeof text, "%06d%s", number, ending.c_str());
  return text;
}

/// Clips of 24 x 16: "walk" with eight frames, of which the third and sixth have masks; "turn" with
/// five, without `frames/`, numbered from 3.
class ClipsTest : public testing::Test {
 protected:
  ClipsTest() {
    for (int t = 0; t < 8; ++t)
      write_picture(folder_ / "walk" / "frames" / numbered(t, ".png"), drawn_picture(24, 16, t));
    for (const int t : {2, 5}) {
      cv::Mat mask = cv::Mat::zeros(16, 24, CV_8UC1);
      mask.row(t) = 255;
      write_bytes(folder_ / "walk" / "masks" / numbered(t, ".png"), encoded(mask, ".png"));
    }
    for (int t = 3; t < 8; ++t)
      write_picture(folder_ / "turn" / numbered(t, ".png"), drawn_picture(24, 16, 10 + t));
    options_.root = folder_.string();
  }

  std::unique_ptr<ClipsSource> open(const ClipsSource::LabelList& labels = {}) {
    return std::make_unique<ClipsSource>("clips", options_, labels, kSpecs);
  }
  std::string error(const ClipsSource::LabelList& labels = {}) {
    return message_of<UserError>([&] { open(labels); });
  }
  /// A COCO file of frame 3 of "walk", with further fields of its image, and these annotations.
  void annotate(nlohmann::json image = {}, const nlohmann::json& annotations = {}) {
    image.update({{"id", 1}, {"file_name", "walk/frames/000003.png"}});
    nlohmann::json json = {{"images", {image}}, {"categories", {{{"id", 1}, {"name", "face"}}}}};
    if (!annotations.is_null()) json["annotations"] = annotations;
    options_.annotations = folder_ / "labels.json";
    write_bytes(options_.annotations, json.dump());
  }
  static ClipsSource::LabelList from(const std::string& task, const std::string& what) {
    LabelOptions label;
    label.from = what;
    return {{task, label}};
  }

  struct Folder : TempFolder {
    std::filesystem::path operator/(const std::string& name) const {
      return TempFolder::operator/(name);
    }
  } folder_;
  ClipsOptions options_;
};

TEST_F(ClipsTest, AreFoldersOfNumberedPictures) {
  const auto source = open();
  ASSERT_EQ(source->size(), 2);
  EXPECT_TRUE(source->clips());
  EXPECT_EQ(source->sample_name(0), "turn");
  EXPECT_EQ(source->length(0), 5);
  EXPECT_EQ(source->length(1), 8);
  EXPECT_TRUE(source->problems().empty());
  const auto part = source->part(1, {4, 3});
  ASSERT_EQ(part.frames.size(), 3u);
  EXPECT_EQ(part.origin.name, "walk#4");
  for (int t = 0; t < 3; ++t) {
    EXPECT_EQ(cv::norm(part.frames[t].picture, drawn_picture(24, 16, 4 + t), cv::NORM_INF), 0);
  }
  EXPECT_EQ(source->get(0).frames.size(), 5u);
}

TEST_F(ClipsTest, MayBeLabelledInSomeFramesAlone) {
  const auto source = open(from("person", "mask"));
  const auto clip = source->get(1);
  for (size_t t = 0; t < 8; ++t) {
    ASSERT_EQ(clip.frames[t].labels.count("person"), t == 2 || t == 5 ? 1u : 0u) << t;
  }
  const auto& mask = std::get<Mask>(clip.frames[5].labels.at("person")).classes;
  EXPECT_EQ(cv::countNonZero(mask), 24);
  EXPECT_EQ(mask.at<uint8_t>(5, 0), 1);
  for (const auto& frame : source->get(0).frames) EXPECT_TRUE(frame.labels.empty());
}

TEST_F(ClipsTest, TakeOtherLabelsFromACocoFile) {
  options_.annotations = folder_ / "boxes.json";
  write_bytes(options_.annotations, R"({
      "images": [{"id": 1, "file_name": "walk/frames/000003.png", "width": 24, "height": 16}],
      "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [4, 5, 6, 7]}],
      "categories": [{"id": 1, "name": "face"}]})");
  const auto clip = open(from("faces", "boxes"))->get(1);
  for (size_t t = 0; t < 8; ++t) EXPECT_EQ(clip.frames[t].labels.size(), t == 3 ? 1u : 0u);
  const auto& faces = std::get<Objects>(clip.frames[3].labels.at("faces"));
  ASSERT_EQ(faces.list.size(), 1u);
  EXPECT_EQ(faces.list[0].box, cv::Rect2f(4, 5, 6, 7));
}

const nlohmann::json kBox = {
    {{"id", 1}, {"image_id", 1}, {"category_id", 1}, {"bbox", {4, 5, 6, 7}}}};

TEST_F(ClipsTest, AFrameOfAnotherSizeThanItsBoxesIsABadSample) {
  annotate({{"width", 48}, {"height", 32}}, kBox);
  const auto source = open(from("faces", "boxes"));
  EXPECT_EQ(source->part(1, {0, 3}).frames.size(), 3u);
  const auto read = [&] { source->part(1, {2, 3}); };
  EXPECT_EQ(fault_of(read), "picture size");
  EXPECT_THAT(message_of<BadSample>(read),
              HasSubstr("000003.png: is 24x16 pixels, and the annotations say 48x32"));
}

TEST_F(ClipsTest, AnImagesTextIsGoodThoughItsAnnotationsAreNot) {
  auto unknown = kBox;
  unknown[0]["category_id"] = 9;
  annotate({{"gesture", "fist"}}, unknown);
  auto labels = from("gesture", "image");
  const auto clip = open(labels)->get(1);
  EXPECT_EQ(std::get<ClassIndex>(clip.frames[3].labels.at("gesture")).index, 1);
  EXPECT_TRUE(clip.frames[2].labels.empty());
  labels.push_back(from("faces", "boxes")[0]);
  EXPECT_EQ(fault_of([&] { open(labels)->get(1); }), "unknown category");
}

TEST_F(ClipsTest, RefuseAFileThatLacksWhatARuleReads) {
  annotate({{"labelled", {"face"}}}, kBox);
  EXPECT_THAT(
      error(from("faces", "boxes")),
      AllOf(HasSubstr("source clips: "),
            HasSubstr("labels.json has no image whose list `labelled` has the task 'faces'; "
                      "did you mean 'face'?")));
  annotate({{"gestures", "fist"}}, kBox);
  EXPECT_THAT(error(from("gesture", "image")),
              HasSubstr("has no image with the text field `gesture`, which labels.gesture "
                        "`from: image` reads"));
  annotate();
  EXPECT_THAT(error(from("faces", "boxes")),
              HasSubstr("has no `annotations`, which labels.faces `from: boxes` reads"));
  annotate({{"labelled", {"faces"}}}, nlohmann::json::array());
  EXPECT_EQ(error(from("faces", "boxes")), "(nothing)");
}

TEST_F(ClipsTest, RefuseTwoEntriesOfOneFrame) {
  options_.annotations = folder_ / "boxes.json";
  write_bytes(options_.annotations, R"({
      "images": [{"id": 4, "file_name": "walk/frames/000003.png"},
                 {"id": 7, "file_name": "walk/frames/000005.png"},
                 {"id": 9, "file_name": "walk/frames/000003.png"}],
      "annotations": [{"id": 1, "image_id": 4, "category_id": 1, "bbox": [4, 5, 6, 7]}],
      "categories": [{"id": 1, "name": "face"}]})");
  EXPECT_THAT(error(from("faces", "boxes")),
              AllOf(HasSubstr("source clips: " + options_.annotations + ": the images 4 and 9"),
                    HasSubstr("one `file_name`, walk/frames/000003.png")));
}

TEST_F(ClipsTest, RefuseAFileOfOtherFrames) {
  annotate({}, kBox);
  options_.clips = {"turn"};
  EXPECT_THAT(error(from("faces", "boxes")),
              AllOf(HasSubstr("labels.faces `from: boxes` labels no frame of any clip"),
                    HasSubstr("no `file_name` in " + options_.annotations + " is a frame below")));
}

TEST_F(ClipsTest, RefuseOtherKeyPointsThanTheTasks) {
  annotate({}, kBox);
  auto labels = from("points", "boxes");
  labels[0].second.landmarks = true;
  EXPECT_THAT(message_of<ConfigError>([&] { open(labels); }),
              HasSubstr("source clips.labels.points.landmarks: category 'face' has 0 key points, "
                        "and the task has 2"));
}

TEST_F(ClipsTest, WithTwoFilesOfOneNumberAreLeftOutAndSaidToBe) {
  write_picture(folder_ / "walk" / "frames" / "000002.jpg", drawn_picture(24, 16));
  auto source = open();
  EXPECT_EQ(source->size(), 1);
  EXPECT_EQ(source->sample_name(0), "turn");
  ASSERT_EQ(source->problems().size(), 1u);
  EXPECT_EQ(source->problems()[0].file, (folder_ / "walk" / "frames").string());
  EXPECT_THAT(source->problems()[0].text, AllOf(HasSubstr("the clip is left out"),
                                                HasSubstr("000002.jpg and 000002.png have one")));
  std::filesystem::remove(folder_ / "walk" / "frames" / "000002.jpg");
  EXPECT_EQ(open()->size(), 2);
  write_bytes(folder_ / "walk" / "masks" / "2.png", "another mask");
  source = open();
  ASSERT_EQ(source->problems().size(), 1u);
  EXPECT_EQ(source->problems()[0].file, (folder_ / "walk" / "masks").string());
}

TEST_F(ClipsTest, WithoutNumbersAreLeftOutAndSaidToBe) {
  write_picture(folder_ / "party" / "frame_000000.png", drawn_picture(24, 16, 0));
  write_picture(folder_ / "party" / "frame_000001.png", drawn_picture(24, 16, 1));
  const auto source = open();
  EXPECT_EQ(source->size(), 2);
  ASSERT_EQ(source->problems().size(), 1u);
  EXPECT_EQ(source->problems()[0].fault, Fault::missing_frame);
  EXPECT_EQ(source->problems()[0].text,
            "the clip is left out: no picture is called by a number, as 000000.jpg is: "
            "frame_000000.png and 1 more; rename them");
}

TEST_F(ClipsTest, SayWhatBelongsToNoFrame) {
  write_picture(folder_ / "turn" / "000007_b.png", drawn_picture(24, 16, 0));
  write_bytes(folder_ / "walk" / "masks" / "500000.png",
              encoded(cv::Mat::zeros(16, 24, CV_8UC1), ".png"));
  annotate();
  auto json = nlohmann::json::parse(read_file(options_.annotations));
  json["images"].push_back({{"id", 2}, {"file_name", "walk/000004.png"}});
  write_bytes(options_.annotations, json.dump());
  const auto source = open();
  EXPECT_EQ(source->size(), 2);
  ASSERT_EQ(source->problems().size(), 3u);
  EXPECT_EQ(source->problems()[0].text,
            "not called by a number, and so no frame of the clip: 000007_b.png");
  EXPECT_EQ(source->problems()[1].text, "masks of frames that are not there: 500000.png");
  EXPECT_EQ(source->problems()[2].fault, Fault::missing_file);
  EXPECT_THAT(source->problems()[2].text,
              HasSubstr("1 of 2 images are not there, such as walk/000004.png; a `file_name` is "
                        "relative to "));
}

TEST_F(ClipsTest, SayWhichEntriesAreOfNoFrame) {
  annotate();
  auto json = nlohmann::json::parse(read_file(options_.annotations));
  json["images"].push_back({{"id", 2}, {"file_name", "walk/masks/000005.png"}});
  write_bytes(options_.annotations, json.dump());
  const auto source = open();
  ASSERT_EQ(source->problems().size(), 1u);
  EXPECT_EQ(source->problems()[0].fault, Fault::unlabelled);
  EXPECT_THAT(source->problems()[0].text,
              HasSubstr("1 of 2 images are no frame of a clip, such as walk/masks/000005.png"));
  options_.clips = {"turn"};  // of other clips nobody asked
  EXPECT_TRUE(open()->problems().empty());
}

TEST_F(ClipsTest, MayBeLabelledWhereAFileSaysSo) {
  const auto masks = open(from("person", "mask"));
  EXPECT_FALSE(masks->may_be_labelled(0)) << "turn";
  EXPECT_TRUE(masks->may_be_labelled(1)) << "walk";
  annotate({}, nlohmann::json::array());
  const auto boxes = open(from("faces", "boxes"));
  EXPECT_FALSE(boxes->may_be_labelled(0));
  EXPECT_TRUE(boxes->may_be_labelled(1));
  EXPECT_FALSE(open()->may_be_labelled(1)) << "nothing is labelled";
}

TEST_F(ClipsTest, AreNotTheirOwnRoot) {
  options_.root = (folder_ / "walk").string();
  EXPECT_THAT(error(), AllOf(HasSubstr("source clips.root: " + options_.root + " is one clip"),
                             HasSubstr("give the folder that it lies in")));
}

TEST_F(ClipsTest, WithAGapAreLeftOutAndSaidToBe) {
  std::filesystem::remove(folder_ / "walk" / "frames" / "000004.png");
  const auto source = open();
  EXPECT_EQ(source->size(), 1);
  ASSERT_EQ(source->problems().size(), 1u);
  EXPECT_EQ(source->problems()[0].fault, Fault::missing_frame);
  EXPECT_THAT(source->problems()[0].text,
              HasSubstr("the clip is left out: frame 4 is missing before 000005.png"));
  options_.clips = {"walk"};
  EXPECT_THAT(error(), AllOf(HasSubstr("source clips"), HasSubstr("no clip that can be used"),
                             HasSubstr("frame 4 is missing")));
}

TEST_F(ClipsTest, BadFramesAreBadSamples) {
  write_bytes(folder_ / "walk" / "frames" / "000004.png", "no picture");
  const auto source = open();
  EXPECT_EQ(source->part(1, {0, 4}).frames.size(), 4u);
  EXPECT_THAT(message_of<BadSample>([&] { source->part(1, {2, 4}); }), HasSubstr("000004.png"));
  write_picture(folder_ / "walk" / "frames" / "000004.png", drawn_picture(20, 16));
  EXPECT_THAT(message_of<BadSample>([&] {
                source->part(1, {2, 4});
              }),
              AllOf(HasSubstr("000004.png"),
                    HasSubstr("is 20x16 pixels, and the frames before it are 24x16")));
}

TEST_F(ClipsTest, RefuseWhatIsNotThere) {
  options_.clips = {"wlak"};
  EXPECT_THAT(error(), AllOf(HasSubstr("has no clip 'wlak'"), HasSubstr("'walk'?")));
  options_.clips = {"turn"};
  EXPECT_THAT(error(from("person", "mask")),
              AllOf(HasSubstr("labels.person `from: mask` labels no frame of any clip"),
                    HasSubstr("masks/")));
  EXPECT_THAT(error(from("faces", "boxes")), HasSubstr("`annotations` is empty"));
  options_.clips = {};
  TempFolder empty;
  options_.root = empty.string();
  EXPECT_THAT(error(), HasSubstr("holds no clip that can be used"));
}

class VideoTest : public ClipsTest {
 protected:
  std::filesystem::path write_video(int frames) {
    const auto path = folder_ / "film.avi";
    cv::VideoWriter writer(path.string(), cv::VideoWriter::fourcc('M', 'J', 'P', 'G'), 25,
                           {64, 48});
    for (int t = 0; t < frames; ++t)
      writer.write(cv::Mat(48, 64, CV_8UC3, cv::Scalar(0, 0, 20 * t)));  // BGR
    return path;
  }
};

TEST_F(VideoTest, IsAClip) {
  const auto path = write_video(10);
  EXPECT_EQ(read_video_header(path).frames, 10);
  EXPECT_EQ(read_video_header(path).rate, 25);
  const auto source = open();
  ASSERT_EQ(source->size(), 3);
  EXPECT_EQ(source->sample_name(0), "film.avi");
  EXPECT_EQ(source->length(0), 10);
  const auto part = source->part(0, {6, 2});
  ASSERT_EQ(part.frames.size(), 2u);
  for (int t = 0; t < 2; ++t) {
    EXPECT_NEAR(cv::mean(part.frames[t].picture)[0], 20 * (6 + t), 3) << "red first";
    EXPECT_NEAR(cv::mean(part.frames[t].picture)[2], 0, 3);
  }
}

TEST_F(VideoTest, ThatEndsEarlyIsABadSample) {
  const auto path = write_video(40);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  int frames = 0;
  for (cv::VideoCapture video(path.string()); video.grab();) ++frames;
  ASSERT_LT(frames, 30);
  const auto read = [&] { read_video(path, 30, 8); };
  if (frames > 0) {
    EXPECT_EQ(fault_of(read), "truncated");
    EXPECT_THAT(message_of<BadSample>(read),
                HasSubstr("film.avi: ends after " + std::to_string(frames) + " of 40 frames"));
  } else {  // not every build of OpenCV opens it
    EXPECT_EQ(fault_of(read), "not a video");
  }
  write_bytes(folder_ / "none.mp4", "no video");
  options_.clips = {"none.mp4"};
  EXPECT_THAT(error(),
              HasSubstr("it is none, was cut off before its index was written, or its codec is"));
}

}  // namespace
}  // namespace manyfold::data
