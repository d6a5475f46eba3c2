#include "data/loading/uncollate.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "data/loading/collate.h"

namespace manyfold::data {
namespace {

/// A picture of 8x4 with one label, or none.
Sample sample_with(const std::string& task, const Label* label) {
  Sample sample;
  sample.frames = {{cv::Mat(4, 8, CV_8UC3, cv::Scalar(1, 2, 3))}};
  if (label) sample.frames[0].labels[task] = *label;
  return sample;
}

TEST(Uncollate, GivesBackWhatWasCollated) {
  LabelSpec faces;
  faces.kind = LabelSpec::Kind::objects;
  faces.classes = {"face"};
  faces.landmarks = 2;
  Object with_points, box_only, crowd;
  with_points.box = {1, 1, 4, 2};
  with_points.landmarks = {{2, 2}, {4, 1}};
  with_points.visible = {1, 0};
  box_only.box = {0, 0, 2, 2};
  crowd.box = {4, 0, 4, 4};
  crowd.ignore = true;
  const Label truth = Objects{{with_points, box_only, crowd}};
  const auto batch =
      collate({sample_with("faces", nullptr), sample_with("faces", &truth)}, {{"faces", faces}});

  const auto& labels = batch.labels.at("faces");
  EXPECT_FALSE(label_of(labels, faces, 0, {8, 4}));
  const auto found = label_of(labels, faces, 1, {8, 4});
  ASSERT_TRUE(found);
  const auto& objects = std::get<Objects>(*found).list;
  ASSERT_EQ(objects.size(), 3u);
  EXPECT_EQ(objects[0].box, with_points.box);
  EXPECT_EQ(objects[0].landmarks[0], cv::Point2f(2, 2));
  EXPECT_EQ(objects[0].visible, with_points.visible);
  EXPECT_TRUE(objects[1].landmarks.empty());
  EXPECT_FALSE(objects[1].ignore);
  EXPECT_TRUE(objects[2].ignore);
  EXPECT_EQ(objects[2].class_index, 0);
}

TEST(Uncollate, GivesBackMasksClassesAndPictures) {
  LabelSpec mask_spec, class_spec;
  mask_spec.classes = {"background", "person"};
  class_spec.kind = LabelSpec::Kind::class_index;
  class_spec.classes = {"a", "b"};
  cv::Mat mask = cv::Mat::zeros(4, 8, CV_8UC1);
  mask.at<uint8_t>(1, 2) = 1;
  mask.at<uint8_t>(3, 7) = Mask::kIgnore;
  auto sample = sample_with("sign", nullptr);
  sample.frames[0].labels["sign"] = ClassIndex{1};
  sample.frames[0].labels["person"] = Mask{mask};
  const auto batch = collate({sample}, {{"sign", class_spec}, {"person", mask_spec}});

  EXPECT_EQ(std::get<ClassIndex>(*label_of(batch.labels.at("sign"), class_spec, 0, {8, 4})).index,
            1);
  const auto found = label_of(batch.labels.at("person"), mask_spec, 0, {8, 4});
  EXPECT_EQ(cv::countNonZero(std::get<Mask>(*found).classes != mask), 0);
  EXPECT_EQ(picture_of(batch.pictures, 0).at<cv::Vec3b>(2, 5), cv::Vec3b(1, 2, 3));
}

}  // namespace
}  // namespace manyfold::data
