#include "train/tasks/faces.h"

#include <cmath>

#include "tests/errors.h"
#include "tests/train/tasks/by_heart.h"
#include "tests/train/tasks/options.h"

namespace manyfold::train {
namespace {

using testing::HasSubstr;
using torch::indexing::Slice;

/// Two anchors of one size, so that both can find the same face; five key points.
const char* const kTask =
    "{type: faces, landmarks: 5, detector: {anchors: [0.5, 0.25, 0.5, 0.25]}, lowest_score: 0.1}";
constexpr int64_t kNumbers = 5 + 2 * 5;

/// What the head says when it sees no face anywhere.
torch::Tensor nothing() {
  auto raw = torch::zeros({1, 2 * kNumbers, 4, 4});
  raw.index_put_({Slice(), 4}, -20);
  raw.index_put_({Slice(), kNumbers + 4}, -20);
  return raw;
}

const std::vector<data::Object>& objects(const data::Label& label) {
  return std::get<data::Objects>(label).list;
}

TEST(FacesTask, DecodesACellToABoxInPixels) {
  auto raw = nothing();
  raw.index_put_({0, 4, 1, 2}, std::log(3.0));  // row 1, column 2
  raw.index_put_({0, 5, 1, 2}, 0.5);            // the first key point: half a box to the right
  const auto labels = make_task(kTask)->decode({raw}, {80, 40});
  ASSERT_EQ(objects(labels.at(0)).size(), 1u);
  const auto& face = objects(labels.at(0)).at(0);
  EXPECT_NEAR(face.score, 0.75, 1e-6);
  // Centre ((2 + 1/2) / 4, (1 + 1/2) / 4) = (50, 15) of 80 x 40; the anchor is 40 x 10.
  EXPECT_NEAR(face.box.x, 30, 1e-4);
  EXPECT_NEAR(face.box.y, 10, 1e-4);
  EXPECT_NEAR(face.box.width, 40, 1e-4);
  EXPECT_NEAR(face.box.height, 10, 1e-4);
  ASSERT_EQ(face.landmarks.size(), 5u);
  EXPECT_NEAR(face.landmarks[0].x, 70, 1e-4);
  EXPECT_NEAR(face.landmarks[0].y, 15, 1e-4);
  EXPECT_NEAR(face.landmarks[1].x, 50, 1e-4);
}

TEST(FacesTask, OfDoublesKeepsTheMostConfident) {
  auto raw = nothing();
  raw.index_put_({0, 4, 1, 2}, 1.0);
  raw.index_put_({0, kNumbers + 4, 1, 2}, 2.0);  // the same box by the other anchor
  raw.index_put_({0, 4, 3, 0}, 0.0);             // another face
  const auto labels = make_task(kTask)->decode({raw}, {80, 80});
  const auto& found = objects(labels.at(0));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_NEAR(found[0].score, 1 / (1 + std::exp(-2.0)), 1e-6);
  EXPECT_NEAR(found[1].score, 0.5, 1e-6);
}

TEST(FacesTask, LeavesOutWhatIsBelowTheLowestScore) {
  auto raw = nothing();
  raw.index_put_({0, 4, 0, 0}, -3.0);  // 0.047
  EXPECT_TRUE(objects(make_task(kTask)->decode({raw}, {80, 80}).at(0)).empty());
}

/// Skin with two eyes, a nose and two corners of the mouth.
data::Object draw_face(cv::Mat& picture, cv::Rect2f box) {
  const auto centre = (box.tl() + box.br()) / 2;
  cv::ellipse(picture, cv::RotatedRect(centre, box.size(), 0), {220, 170, 140}, cv::FILLED);
  data::Object face;
  face.box = box;
  for (const auto& [x, y] :
       {std::pair{-0.2f, -0.15f}, {0.2f, -0.15f}, {0.f, 0.05f}, {-0.15f, 0.25f}, {0.15f, 0.25f}}) {
    face.landmarks.emplace_back(centre.x + x * box.width, centre.y + y * box.height);
    cv::circle(picture, face.landmarks.back(), cvRound(box.width / 16), {60, 30, 30}, cv::FILLED);
  }
  face.visible.assign(5, 1);
  return face;
}

TEST(FacesTask, AtSeveralStridesOverfitsOneBatch) {
  torch::manual_seed(0);
  const auto task = make_task(
      "{type: faces, landmarks: 5, "
      "detector: {strides: [8, 16, 32], anchors: [0.11, 0.12, 0.25, 0.25, 0.5, 0.5]}}");
  cv::Mat first(kByHeartSide, kByHeartSide, CV_8UC3, cv::Scalar(60, 90, 120));
  auto second = first.clone();
  // One for each stride.
  const std::vector<data::Object> two = {draw_face(first, {8, 10, 48, 50}),
                                         draw_face(first, {70, 74, 10, 11})};
  const std::vector<data::Object> one = {draw_face(second, {60, 28, 23, 24})};
  const auto found = learnt_by_heart(
      *task, {{first, data::Objects{two, {}}}, {second, data::Objects{one, {}}}}, 150);
  const auto expect_found = [&](const data::Label& label, const std::vector<data::Object>& faces) {
    const auto objects = shown(*task, label);
    EXPECT_EQ(objects.size(), faces.size());
    for (const auto& face : faces) {
      const auto* best = best_at(objects, face.box, 0);
      ASSERT_TRUE(best) << face.box.width << " pixels";
      EXPECT_GT(metrics::box_iou(best->box, face.box), 0.6) << face.box.width << " pixels";
      for (size_t k = 0; k < 5; ++k) {
        EXPECT_LT(cv::norm(best->landmarks.at(k) - face.landmarks[k]), 0.15 * face.box.width)
            << "point " << k << " at " << face.box.width << " pixels";
      }
    }
  };
  expect_found(found[0], two);
  expect_found(found[1], one);
}

TEST(FacesTask, DescribesHowToDecode) {
  const auto description = make_task("{type: faces, landmarks: 5, class_name: head}")->describe();
  EXPECT_EQ(description.at("type"), "faces");
  EXPECT_EQ(description.at("classes"), std::vector<std::string>{"head"});
  EXPECT_EQ(description.at("landmarks"), 5);
  EXPECT_EQ(description.at("points"), "box");
  EXPECT_EQ(description.at("strides"), std::vector<int64_t>{8});
}

TEST(FacesTask, KnowsWhichKeyPointsAMirrorSwaps) {
  for (const int64_t count : {5, 68}) {
    const auto mirrored = mirrored_landmarks(count);
    ASSERT_EQ(static_cast<int64_t>(mirrored.size()), count);
    for (int64_t k = 0; k < count; ++k) {
      EXPECT_EQ(mirrored[static_cast<size_t>(mirrored[static_cast<size_t>(k)])], k) << k;
    }
  }
  const auto mirrored = mirrored_landmarks(68);
  EXPECT_EQ(mirrored[0], 16);   // ends of the jaw
  EXPECT_EQ(mirrored[8], 8);    // chin
  EXPECT_EQ(mirrored[30], 30);  // tip of the nose
  EXPECT_EQ(mirrored[36], 45);  // outer corners of the eyes
  EXPECT_EQ(mirrored[41], 46);  // lower lids
  EXPECT_EQ(mirrored[48], 54);  // corners of the mouth
  EXPECT_EQ(mirrored[66], 66);  // middle of the lower lip
  EXPECT_TRUE(mirrored_landmarks(7).empty());
}

TEST(FacesTask, ScoresByTheOverlapThatTheMetricAsksFor) {
  const auto task = make_task("{type: faces, landmarks: 5, metric: {iou: 0.75}}");
  EXPECT_EQ(task->metric()->figures().at(0).name, "ap75");
  EXPECT_NEAR(task->score(figures({{"ap75", 0.5}, {"nme", 0.2}})), (0.5 + (1 - 0.2)) / 2, 1e-9);
}

TEST(FacesTask, ScoresASetOfBoxesByTheirPrecisionAlone) {
  const auto task = make_task("{type: faces, landmarks: 5}");
  EXPECT_NEAR(task->score(figures({{"ap50", 0.5}, {"nme", std::nan("")}})), 0.5, 1e-9);
  EXPECT_NEAR(make_task("{type: faces, landmarks: 0}")->score(figures({{"ap50", 0.5}})), 0.5, 1e-9);
  EXPECT_TRUE(std::isnan(task->score(task->metric()->figures()))) << "nothing was measured";
}

TEST(FacesTask, ScoresOtherCountsOfKeyPointsByTheBoxsSize) {
  const auto task = make_task("{type: faces, landmarks: 3}");
  EXPECT_NEAR(task->score(figures({{"ap50", 0.5}, {"nme_box", 0.1}})), (0.5 + (1 - 0.1)) / 2, 1e-9);
  EXPECT_NO_THROW(task->score(task->metric()->figures()));
}

TEST(FacesTask, RefusesWhatCannotBe) {
  EXPECT_THAT(mistake("{type: faces, landmarks: 3, mirrored: [1, 0]}"),
              HasSubstr("must have one number for each key point"));
  EXPECT_THAT(mistake("{type: faces, landmarks: 3, mirrored: [1, 0, 3]}"),
              HasSubstr("key point 2 becomes 3, must be from 0 to 2"));
  EXPECT_THAT(mistake("{type: faces, landmarks: 3, mirrored: [1, 2, 0]}"),
              HasSubstr("key point 0 becomes 1, but 1 becomes 2"));
  const auto task = make_task("{type: faces, detector: {strides: [12]}}");
  const auto features = models::encoders().at("edge_200k")(models::Stem::conv)->features();
  EXPECT_EQ(error_of([&] { task->make_head(features); }),
            "detector.strides = [12], but the encoder has maps at strides [4,8,16,32]");
  EXPECT_THAT(mistake("{type: face}"), HasSubstr("did you mean 'faces'?"));
}

}  // namespace
}  // namespace manyfold::train
