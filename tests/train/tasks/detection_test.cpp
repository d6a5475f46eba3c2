#include "train/tasks/detection.h"

#include <cmath>

#include "common/atomic_file.h"
#include "tests/errors.h"
#include "tests/train/tasks/by_heart.h"
#include "tests/train/tasks/options.h"

namespace manyfold::train {
namespace {

using testing::HasSubstr;
using torch::Tensor;

/// Heads and bodies, an anchor at each of three strides. Numbers of each: tx ty tw th, head, body.
const char* const kTask =
    "{type: detection, classes: [head, body], lowest_score: 0.1, "
    "detector: {strides: [8, 16, 32], anchors: [0.125, 0.125, 0.25, 0.5, 0.5, 1]}}";
constexpr int64_t kHead = 4, kBody = 5;

/// What the head says of a picture of 64 x 64 when it sees nothing anywhere.
std::vector<Tensor> nothing(int64_t n = 1) {
  std::vector<Tensor> raw;
  for (const int64_t cells : {8, 4, 2}) {
    raw.push_back(torch::zeros({n, 6, cells, cells}));
    raw.back().narrow(1, kHead, 2).fill_(-20);
  }
  return raw;
}

std::vector<data::Object> decode(const std::vector<Tensor>& raw, const char* task = kTask) {
  return std::get<data::Objects>(make_task(task)->decode(raw, {64, 64}).at(0)).list;
}

void expect_box(const cv::Rect2f& got, const cv::Rect2f& expected) {
  EXPECT_NEAR(got.x, expected.x, 1e-4);
  EXPECT_NEAR(got.y, expected.y, 1e-4);
  EXPECT_NEAR(got.width, expected.width, 1e-4);
  EXPECT_NEAR(got.height, expected.height, 1e-4);
}

TEST(DetectionTask, DecodesEveryStrideWithItsOwnAnchorAndCell) {
  auto raw = nothing();
  raw[0].index_put_({0, kHead, 7, 2}, 3.0);
  raw[1].index_put_({0, kBody, 1, 3}, 2.0);
  raw[2].index_put_({0, kBody, 0, 1}, 1.0);
  const auto found = decode(raw);
  ASSERT_EQ(found.size(), 3u);  // the most confident first
  // Middles of the cells: (2.5, 7.5) * 8, (3.5, 1.5) * 16, (1.5, 0.5) * 32.
  expect_box(found[0].box, {20 - 4, 60 - 4, 8, 8});
  expect_box(found[1].box, {56 - 8, 24 - 16, 16, 32});
  expect_box(found[2].box, {48 - 16, 16 - 32, 32, 64});
  EXPECT_EQ(found[0].class_index, 0);
  EXPECT_EQ(found[1].class_index, 1);
  EXPECT_EQ(found[2].class_index, 1);
  EXPECT_NEAR(found[0].score, 1 / (1 + std::exp(-3.0)), 1e-6);
  EXPECT_NEAR(found[2].score, 1 / (1 + std::exp(-1.0)), 1e-6);
  EXPECT_TRUE(found[0].landmarks.empty());
}

TEST(DetectionTask, KeepsTheMostConfidentOfDoublesOfAClassWhateverTheirStride) {
  auto raw = nothing();
  raw[0].index_put_({0, kHead, 4, 4}, 1.0);
  // The same box by stride 16: centre (4.5 / 8) * 4 - 2 = 0.25 of a cell, a half and a quarter of
  // the anchor.
  for (const int64_t i : {0, 1}) raw[1].index_put_({0, i, 2, 2}, std::log(0.25 / 0.75));
  raw[1].index_put_({0, 2, 2, 2}, std::log(0.5));
  raw[1].index_put_({0, 3, 2, 2}, std::log(0.25));
  raw[1].index_put_({0, kHead, 2, 2}, 2.0);
  const auto heads = decode(raw);
  ASSERT_EQ(heads.size(), 1u);
  EXPECT_NEAR(heads[0].score, 1 / (1 + std::exp(-2.0)), 1e-6);
  expect_box(heads[0].box, {36 - 4, 36 - 4, 8, 8});
  // Of another class it is no double.
  raw[1].index_put_({0, kHead, 2, 2}, -20);
  raw[1].index_put_({0, kBody, 2, 2}, 2.0);
  const auto both = decode(raw);
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[0].class_index, 1);
  EXPECT_EQ(both[1].class_index, 0);
}

TEST(DetectionTask, OneBoxMayBeOfTwoClasses) {
  auto raw = nothing();
  raw[2].index_put_({0, kHead, 1, 1}, 0.0);
  raw[2].index_put_({0, kBody, 1, 1}, 1.0);
  const auto found = decode(raw);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].class_index, 1);
  EXPECT_EQ(found[1].class_index, 0);
  EXPECT_EQ(found[0].box, found[1].box);
}

TEST(DetectionTask, LeavesOutWhatIsBelowTheLowestScoreAndBeyondTheMost) {
  auto raw = nothing();
  raw[0].index_put_({0, kHead, 0, 0}, -3.0);  // 0.047
  EXPECT_TRUE(decode(raw).empty());
  raw[0].index_put_({0, kHead, 0, 0}, 1.0);
  raw[0].index_put_({0, kBody, 7, 7}, 2.0);
  const auto one = decode(raw,
                          "{type: detection, most_objects: 1, "
                          "detector: {anchors: [0.125, 0.125, 0.25, 0.5, 0.5, 1]}}");
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].class_index, 1);
}

TEST(DetectionTask, SaysWhatItKeepsToBeShown) {
  const auto suppression = [](const std::string& keys) {
    const auto task = make_task("{type: detection, " + keys +
                                ", detector: {anchors: [0.125, 0.125, 0.25, 0.5, 0.5, 1]}}");
    return std::dynamic_pointer_cast<DetectorTask>(task)->suppression();
  };
  const auto usual = suppression("threshold: 0.4, nms_iou: 0.3, most_objects: 7");
  EXPECT_EQ(usual.least_score, 0.4);
  EXPECT_EQ(usual.nms_iou, 0.3);
  EXPECT_EQ(usual.most_objects, 7);
  // What `decode` leaves out is not shown either.
  EXPECT_EQ(suppression("threshold: 0.4, lowest_score: 0.6").least_score, 0.6);
}

data::Object object(cv::Rect2f box, int64_t class_index) {
  data::Object result;
  result.box = box;
  result.class_index = class_index;
  return result;
}

TEST(DetectionTask, TeachesNothingOfAClassThatNobodyLookedFor) {
  data::Sample sample;
  const cv::Mat black = cv::Mat::zeros(64, 64, CV_8UC3);
  data::Objects bodies_alone{{object({8, 8, 16, 32}, 1)}, {0, 1}};
  sample.frames = {{black, {{"people", data::Objects{{object({8, 8, 16, 32}, 1)}, {}}}}},
                   {black, {{"people", bodies_alone}}}};
  const auto task = make_task(kTask);
  const auto labels = data::collate({sample}, {{"people", task->label()}}).labels.at("people");
  auto raw = nothing(2);
  for (auto& level : raw) level.zero_().requires_grad_();
  auto loss = torch::zeros({});
  for (const auto& term : task->loss(raw, labels)) loss = loss + term.weight * term.value;
  loss.backward();
  for (const auto& level : raw) {
    const auto slope = [&](int64_t row, int64_t number) {
      return level.grad()[row][number].abs().max().item<double>();
    };
    EXPECT_GT(slope(0, kHead), 0);
    EXPECT_GT(slope(0, kBody), 0);
    EXPECT_EQ(slope(1, kHead), 0);
    EXPECT_GT(slope(1, kBody), 0);
  }
}

/// A body is a blue box, a head a yellow circle.
cv::Mat draw(const std::vector<data::Object>& objects) {
  cv::Mat picture(kByHeartSide, kByHeartSide, CV_8UC3, cv::Scalar(90, 100, 110));
  for (const auto& o : objects) {
    if (o.class_index == 1) {
      cv::rectangle(picture, cv::Rect(o.box), {40, 60, 200}, cv::FILLED);
    } else {
      const auto centre = (o.box.tl() + o.box.br()) / 2;
      cv::ellipse(picture, cv::RotatedRect(centre, o.box.size(), 0), {230, 210, 60}, cv::FILLED);
    }
  }
  return picture;
}

TEST(DetectionTask, OverfitsOneBatch) {
  torch::manual_seed(0);
  const auto task = make_task("{type: detection}");
  const std::vector<data::Object> two = {object({10, 22, 30, 68}, 1), object({16, 6, 18, 20}, 0),
                                         object({58, 40, 16, 40}, 1), object({61, 32, 8, 10}, 0)};
  const std::vector<data::Object> one = {object({44, 30, 34, 60}, 1), object({52, 8, 18, 22}, 0)};
  // Nobody looked for the head of the second picture.
  const auto found = learnt_by_heart(
      *task, {{draw(two), data::Objects{two, {}}}, {draw(one), data::Objects{{one[0]}, {0, 1}}}},
      150);
  const auto first = shown(*task, found[0]), second = shown(*task, found[1]);
  EXPECT_EQ(first.size(), 4u);
  for (const auto& truth : two) {
    const auto* best = best_at(first, truth.box, truth.class_index);
    ASSERT_TRUE(best) << "class " << truth.class_index;
    EXPECT_GT(metrics::box_iou(best->box, truth.box), 0.6) << "class " << truth.class_index;
  }
  const auto* body = best_at(second, one[0].box, 1);
  ASSERT_TRUE(body);
  EXPECT_GT(metrics::box_iou(body->box, one[0].box), 0.6);
  EXPECT_EQ(
      std::count_if(second.begin(), second.end(), [](const auto& o) { return o.class_index == 1; }),
      1);
}

TEST(DetectionTask, LearnsBoxesOfItsClasses) {
  const auto spec = make_task("{type: detection, classes: [car, dog, cat]}")->label();
  EXPECT_EQ(spec.kind, data::LabelSpec::Kind::objects);
  EXPECT_EQ(spec.classes, (std::vector<std::string>{"car", "dog", "cat"}));
  EXPECT_EQ(spec.landmarks, 0);
}

TEST(DetectionTask, ScoresByTheMetricsMeanPrecision) {
  const auto task = make_task(kTask);
  EXPECT_NEAR(task->score(figures({{"ap50", 0.5}, {"recall", 0.25}})), 0.5, 1e-9);
  EXPECT_TRUE(std::isnan(task->score(task->metric()->figures()))) << "nothing was measured";
  const auto limits = make_task("{type: detection, metric: {iou: 0.75}}")->gate();
  ASSERT_EQ(limits.size(), 1u);
  EXPECT_EQ(limits[0].figure, "ap75");
  EXPECT_EQ(limits[0].limit, 0.01);
  EXPECT_FALSE(limits[0].relative);
}

TEST(DetectionTask, TellsBoxesAndScoresApart) {
  const auto parts =
      make_task("{type: detection, detector: {strides: [16], anchors: [0.1, 0.1, 0.5, 0.5]}}")
          ->output_parts();
  using Channels = std::vector<int64_t>;
  EXPECT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts.at("box"), (Channels{0, 1, 2, 3, 6, 7, 8, 9}));
  EXPECT_EQ(parts.at("score"), (Channels{4, 5, 10, 11}));
}

TEST(DetectionTask, DescribesHowToDecode) {
  const auto description = make_task(kTask)->describe();
  EXPECT_EQ(description.at("type"), "detection");
  EXPECT_EQ(description.at("classes"), (std::vector<std::string>{"head", "body"}));
  EXPECT_EQ(description.at("strides"), (std::vector<int64_t>{8, 16, 32}));
  EXPECT_EQ(description.at("anchors").size(), 6u);
  EXPECT_EQ(description.at("threshold"), 0.5);
  EXPECT_EQ(description.at("nms_iou"), 0.45);
}

TEST(DetectionTask, IsShippedWithItsDefaults) {
  const auto shipped = make_task(read_file(MANYFOLD_SOURCE_DIR "/configs/task/detection.yaml"));
  EXPECT_EQ(shipped->describe(), make_task("{type: detection}")->describe());
}

TEST(DetectionTask, RefusesWhatCannotBe) {
  EXPECT_THAT(mistake("{type: detection, classes: []}"), HasSubstr("needs at least one name"));
  EXPECT_THAT(mistake("{type: detection, classes: [head, body, head]}"),
              HasSubstr("names 'head' more than once"));
  EXPECT_THAT(mistake("{type: detection, detector: {anchors: [0.1, 0.1]}}"),
              HasSubstr("equally many for each of the strides"));
  const auto task =
      make_task("{type: detection, detector: {strides: [32, 64], anchors: [0.1, 0.1, 0.5, 0.5]}}");
  const auto features = models::encoders().at("edge_200k")(models::Stem::conv)->features();
  EXPECT_EQ(error_of([&] { task->make_head(features); }),
            "detector.strides = [32,64], but the encoder has maps at strides [4,8,16,32]");
}

}  // namespace
}  // namespace manyfold::train
