#include "exporters/detections.h"

#include <gmock/gmock.h>
#include <torch/torch.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "common/atomic_file.h"
#include "exporters/append_model.h"
#include "exporters/half.h"
#include "exporters/onnx_writer.h"
#include "exporters/package.h"
#include "graph/trace.h"
#include "losses/detector_decode.h"
#include "tests/errors.h"

namespace manyfold::exporters {
namespace {

using at::Tensor;
using losses::DetectorOptions;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

using Raw = std::vector<Tensor>;

/// Heads and bodies, an anchor at each of three strides, on pictures of 64 x 64. Numbers of each:
/// tx ty tw th, head, body.
DetectionOptions people() {
  DetectionOptions options;
  options.task = "people";
  options.raw = {"people.0", "people.1", "people.2"};
  options.detector.classes = 2;
  options.detector.landmarks = 0;
  options.detector.strides = {8, 16, 32};
  options.detector.anchors = {0.125, 0.125, 0.25, 0.5, 0.5, 1};
  options.input = {64, 64};
  return options;
}
constexpr int64_t kHead = 4, kBody = 5;

/// What the head says when it sees nothing anywhere.
Raw nothing(const DetectionOptions& options, int64_t n = 1) {
  Raw raw;
  for (const auto stride : options.detector.strides) {
    raw.push_back(torch::zeros({n, options.detector.anchors_per_level() * options.detector.depth(),
                                options.input.height / stride, options.input.width / stride}));
    raw.back()
        .unflatten(1, {-1, options.detector.depth()})
        .narrow(2, 4, options.detector.classes)
        .fill_(-20);
  }
  return raw;
}

/// A model whose outputs are its inputs, called as the raw outputs.
graph::Graph passing(const DetectionOptions& options) {
  graph::Graph graph;
  const auto raw = nothing(options);
  for (size_t i = 0; i < raw.size(); ++i) {
    graph::Shape shape = {{0, 1}};
    for (int64_t d = 1; d < 4; ++d) shape.push_back({raw[i].size(d)});
    graph.add_output(options.raw[i], graph.add_input(options.raw[i], shape, at::kFloat));
  }
  return graph;
}

NamedOutputs run(const DetectionOptions& options, const Raw& raw, int opset = 13,
                 std::optional<int64_t> batch = {}) {
  const auto session =
      Session::from_bytes(detections_model(options, passing(options), opset, batch));
  std::map<std::string, Tensor> inputs;
  for (size_t i = 0; i < raw.size(); ++i) inputs[options.raw[i]] = raw[i];
  return session.run(inputs);
}

void expect_values(const Tensor& found, const Tensor& expected) {
  ASSERT_EQ(found.sizes(), expected.sizes());
  ASSERT_EQ(found.scalar_type(), expected.scalar_type());
  EXPECT_TRUE(torch::allclose(found, expected, 0, 1e-4)) << found;
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double logit(double p) { return std::log(p / (1 - p)); }

TEST(Detections, AreDecodedFromEveryStrideAtEveryOpset) {
  const auto options = people();
  auto raw = nothing(options);
  raw[0].index_put_({0, kHead, 7, 2}, 3.0);
  raw[1].index_put_({0, kBody, 1, 3}, 1.0);
  raw[2].index_put_({0, kBody, 0, 1}, 2.0);
  for (int opset = 11; opset <= 17; ++opset) {
    for (const auto batch : {std::optional<int64_t>(), std::optional<int64_t>(1)}) {
      SCOPED_TRACE("opset " + std::to_string(opset) + (batch ? ", batch 1" : ""));
      const auto found = run(options, raw, opset, batch);
      EXPECT_EQ(found.size(), 4U);
      expect_values(found.at("people_pictures"), torch::tensor({0, 0, 0}, torch::kLong));
      expect_values(found.at("people_classes"), torch::tensor({0, 1, 1}, torch::kLong));
      expect_values(found.at("people_scores"),
                    torch::tensor({sigmoid(3), sigmoid(2), sigmoid(1)}, torch::kFloat));
      // Middles of the cells: (2.5, 7.5) * 8, (1.5, 0.5) * 32, (3.5, 1.5) * 16.
      expect_values(
          found.at("people_boxes"),
          torch::tensor({{16., 56., 24., 64.}, {32., -16., 64., 48.}, {48., 8., 64., 40.}},
                        torch::kFloat));
    }
  }
}

TEST(Detections, ScaleWithPicturesThatAreNotSquare) {
  auto options = people();
  options.input = {96, 32};
  auto raw = nothing(options);
  raw[1].index_put_({0, kBody, 1, 4}, 1.0);
  // The middle (4.5, 1.5) * 16; a quarter of 96 wide and half of 32 high.
  expect_values(run(options, raw).at("people_boxes"),
                torch::tensor({{60., 16., 84., 32.}}, torch::kFloat));
}

/// Two boxes of 16 x 32 at x from 20 to 36 and from 28 to 44: their IoU is 8 / 24. The second is
/// more confident.
Raw overlapping(const DetectionOptions& options, int64_t first_class, int64_t second_class) {
  auto raw = nothing(options);
  raw[1].index_put_({0, 0, 1, 1}, logit(0.75));
  raw[1].index_put_({0, first_class, 1, 1}, 1.0);
  raw[1].index_put_({0, 0, 1, 2}, logit(0.25));
  raw[1].index_put_({0, second_class, 1, 2}, 2.0);
  return raw;
}

TEST(Detections, KeepTheMoreConfidentOfDoublesOfAClass) {
  auto options = people();
  options.nms_iou = 0.33;
  const auto one = run(options, overlapping(options, kHead, kHead));
  expect_values(one.at("people_boxes"), torch::tensor({{28., 8., 44., 40.}}, torch::kFloat));
  expect_values(one.at("people_scores"), torch::tensor({sigmoid(2)}, torch::kFloat));
  options.nms_iou = 0.34;
  const auto both = run(options, overlapping(options, kHead, kHead));
  expect_values(both.at("people_boxes"),
                torch::tensor({{28., 8., 44., 40.}, {20., 8., 36., 40.}}, torch::kFloat));
  options.nms_iou = 0.33;
  const auto two_classes = run(options, overlapping(options, kHead, kBody));
  expect_values(two_classes.at("people_classes"), torch::tensor({0, 1}, torch::kLong));
  expect_values(two_classes.at("people_scores"),
                torch::tensor({sigmoid(1), sigmoid(2)}, torch::kFloat));
}

TEST(Detections, OneBoxMayBeOfTwoClasses) {
  const auto options = people();
  auto raw = nothing(options);
  raw[2].index_put_({0, kHead, 1, 1}, 1.0);
  raw[2].index_put_({0, kBody, 1, 1}, 2.0);
  const auto found = run(options, raw);
  expect_values(found.at("people_classes"), torch::tensor({0, 1}, torch::kLong));
  EXPECT_TRUE(found.at("people_boxes")[0].equal(found.at("people_boxes")[1]));
}

TEST(Detections, HaveAtLeastTheThreshold) {
  auto options = people();
  auto raw = nothing(options);
  raw[0].index_put_({0, kHead, 0, 0}, 0.0);  // 0.5 exactly, as the threshold
  raw[0].index_put_({0, kHead, 4, 4}, -1e-3);
  EXPECT_EQ(run(options, raw).at("people_scores").size(0), 1);
  options.threshold = 0;
  options.most_objects = 1000;
  options.nms_iou = 1;
  EXPECT_EQ(run(options, raw).at("people_scores").size(0), 2 * (64 + 16 + 4));
}

TEST(Detections, AreNoRowsWhereNothingIsFound) {
  auto options = people();
  options.detector.landmarks = 3;
  const auto found = run(options, nothing(options, 2));
  EXPECT_EQ(found.at("people_pictures").sizes(), at::IntArrayRef({0}));
  EXPECT_EQ(found.at("people_classes").sizes(), at::IntArrayRef({0}));
  EXPECT_EQ(found.at("people_scores").sizes(), at::IntArrayRef({0}));
  EXPECT_EQ(found.at("people_boxes").sizes(), at::IntArrayRef({0, 4}));
  EXPECT_EQ(found.at("people_landmarks").sizes(), at::IntArrayRef({0, 3, 2}));
}

TEST(Detections, SayWhichPictureOfTheBatchTheyAreIn) {
  const auto options = people();
  auto raw = nothing(options, 3);
  raw[0].index_put_({2, kHead, 1, 1}, 1.0);
  raw[0].index_put_({2, kHead, 5, 5}, 2.0);
  raw[1].index_put_({0, kBody, 0, 0}, 1.0);
  const auto found = run(options, raw);
  expect_values(found.at("people_pictures"), torch::tensor({0, 2, 2}, torch::kLong));
  expect_values(found.at("people_classes"), torch::tensor({1, 0, 0}, torch::kLong));
  expect_values(found.at("people_boxes").select(1, 0), torch::tensor({0., 40., 8.}, torch::kFloat));
}

TEST(Detections, AreAtMostSoManyOfAClass) {
  auto options = people();
  options.most_objects = 1;
  auto raw = nothing(options);
  raw[0].index_put_({0, kHead, 1, 1}, 1.0);
  raw[0].index_put_({0, kHead, 5, 5}, 2.0);
  raw[0].index_put_({0, kBody, 7, 7}, 1.5);
  expect_values(run(options, raw).at("people_scores"),
                torch::tensor({sigmoid(2), sigmoid(1.5)}, torch::kFloat));
}

/// Two key points, two anchors of 16 x 16 and 32 x 16 on cells of 16; the object that is found is
/// the second anchor's in column 1, row 2: its box is 32 x 16 around (24, 40).
Tensor landmarks_of(DetectorOptions::Points points) {
  DetectionOptions options;
  options.task = "faces";
  options.raw = {"faces"};
  options.detector.landmarks = 2;
  options.detector.strides = {16};
  options.detector.anchors = {0.25, 0.25, 0.5, 0.25};
  options.detector.points = points;
  options.input = {64, 64};
  auto raw = nothing(options);
  raw[0].narrow(1, 0, options.detector.depth()).slice(1, 5).fill_(9);  // another anchor's
  const auto first = options.detector.depth();
  raw[0].index_put_({0, first + 4, 2, 1}, 3.0);
  const double uv[] = {0.25, -0.5, 1, 2};
  for (int64_t i = 0; i < 4; ++i) raw[0].index_put_({0, first + 5 + i, 2, 1}, uv[i]);
  const auto found = run(options, raw);
  EXPECT_TRUE(torch::allclose(found.at("faces_boxes"),
                              torch::tensor({{8., 32., 40., 48.}}, torch::kFloat), 0, 1e-4));
  return found.at("faces_landmarks");
}

TEST(Detections, BringTheKeyPointsOfTheirBox) {
  using Points = DetectorOptions::Points;
  // centre + (u, v) * size
  expect_values(
      landmarks_of(Points::box),
      torch::tensor({24 + 8., 40 - 8., 24 + 32., 40 + 32.}, torch::kFloat).view({1, 2, 2}));
  // (cell + (u, v)) * 16
  expect_values(landmarks_of(Points::cell),
                torch::tensor({20., 24., 32., 64.}, torch::kFloat).view({1, 2, 2}));
  // cell * 16 + (u, v) * anchor
  expect_values(landmarks_of(Points::anchor),
                torch::tensor({24., 24., 48., 64.}, torch::kFloat).view({1, 2, 2}));
}

double overlap(const Tensor& a, const Tensor& b) {
  const auto side = [](const Tensor& box, int64_t axis) {
    return box[2 + axis].item<double>() - box[axis].item<double>();
  };
  const auto common = [&](int64_t axis) {
    return std::max(0., std::min(a[2 + axis].item<double>(), b[2 + axis].item<double>()) -
                            std::max(a[axis].item<double>(), b[axis].item<double>()));
  };
  const double both = common(0) * common(1);
  return both / (side(a, 0) * side(a, 1) + side(b, 0) * side(b, 1) - both);
}

/// Greedy suppression, written again and plainly.
std::vector<data::Label> decode(const DetectionOptions& options, const Raw& raw) {
  const auto all = losses::decode_detections(raw, options.detector);
  const auto size = torch::tensor({options.input.width, options.input.height}, torch::kFloat);
  std::vector<data::Label> labels;
  for (int64_t n = 0; n < all.box.size(0); ++n) {
    const auto boxes = all.box[n] * size.repeat(2), points = all.landmarks[n] * size;
    const auto confidence = all.confidence[n].contiguous();
    const auto order = confidence.flatten().argsort(0, /*descending=*/true);
    data::Objects objects;
    std::vector<std::pair<int64_t, int64_t>> kept;  // class, place
    for (int64_t i = 0; i < order.size(0); ++i) {
      const auto at = order[i].item<int64_t>(), classes = confidence.size(1);
      const int64_t place = at / classes, of_class = at % classes;
      const bool doubled = std::any_of(kept.begin(), kept.end(), [&](const auto& other) {
        return other.first == of_class &&
               overlap(boxes[place], boxes[other.second]) > options.nms_iou;
      });
      const auto score = confidence[place][of_class].item<float>();
      if (doubled || score < 0.1) continue;
      kept.emplace_back(of_class, place);
      const auto box = boxes[place];
      data::Object object;
      object.class_index = of_class;
      object.score = score;
      object.box = {cv::Point2f(box[0].item<float>(), box[1].item<float>()),
                    cv::Point2f(box[2].item<float>(), box[3].item<float>())};
      for (int64_t k = 0; k < points.size(1); ++k)
        object.landmarks.emplace_back(points[place][k][0].item<float>(),
                                      points[place][k][1].item<float>());
      objects.list.push_back(object);
    }
    labels.emplace_back(objects);
  }
  return labels;
}

/// A detector that multiplies its input, which half precision rounds.
graph::Graph scaling(const DetectionOptions& options) {
  torch::nn::Module none;
  return graph::trace(
      none,
      [&](const graph::Tensors& in) {
        return graph::NamedTensors{{options.raw.at(0), in[0] * 1.7}};
      },
      {{"x", nothing(options).at(0)}}, graph::Mode::eval);
}

DetectionOptions crowd() {
  auto options = people();
  options.raw = {"people"};
  options.detector.strides = {8};
  options.detector.anchors = {0.25, 0.5};
  options.detector.landmarks = 2;
  options.decode = [options](const Raw& raw) { return decode(options, raw); };
  return options;
}

class DetectionsInAPackage : public testing::Test {
 protected:
  DetectionsInAPackage() {
    std::string name = std::filesystem::temp_directory_path() / "manyfold_detections_XXXXXX";
    root = mkdtemp(name.data());
    torch::manual_seed(3);
    package.detections = {crowd()};
    examples = {{{"x", torch::randn({2, 10, 8, 8})}}, {{"x", torch::randn({1, 10, 8, 8})}}};
  }
  ~DetectionsInAPackage() override { std::filesystem::remove_all(root); }
  json verified(const char* precision) const {
    return json::parse(read_file(root / "export/verify.json"))["models"][precision];
  }
  Exported write() {
    return export_package(root / "export", scaling(package.detections[0]), examples, package);
  }

  std::filesystem::path root;
  PackageOptions package;
  std::vector<std::map<std::string, Tensor>> examples;
};

TEST_F(DetectionsInAPackage, AreThoseOfTheDecoder) {
  EXPECT_EQ(write().warnings, "");
  const auto check = verified("fp32")["detections"]["people"];
  EXPECT_EQ(check["pictures"], 3);
  EXPECT_GT(check["objects"], 30);
  EXPECT_EQ(check["different"], 0);
  EXPECT_LT(check["max_pixels_difference"].get<double>(), 1e-3);
  const auto opened = Package::open(root / "export");
  const auto& manifest = opened.manifest();
  EXPECT_EQ(manifest["outputs"].size(), 6U);
  EXPECT_EQ(manifest["outputs"][5], json({{"name", "people_landmarks"},
                                          {"shape", {"people_detections", 2, 2}},
                                          {"dtype", "float32"}}));
  EXPECT_EQ(manifest["detections"]["people"]["outputs"]["boxes"]["name"], "people_boxes");
  EXPECT_EQ(manifest["detections"]["people"]["threshold"], 0.5);
  const auto outputs = opened.session().run(examples[1]);
  EXPECT_TRUE(outputs.at("people").equal(examples[1].at("x") * 1.7));
  EXPECT_EQ(outputs.at("people_boxes").size(0), outputs.at("people_scores").size(0));
}

TEST_F(DetectionsInAPackage, OfSeveralTasksStandSideBySide) {
  auto sure = crowd();
  sure.task = "sure";
  sure.threshold = 0.9;
  package.detections.push_back(sure);
  write();
  const auto check = verified("fp32")["detections"];
  EXPECT_GT(check["sure"]["objects"], 0);
  EXPECT_LT(check["sure"]["objects"], check["people"]["objects"]);
  EXPECT_EQ(check["sure"]["different"], 0);
  EXPECT_EQ(check["people"]["different"], 0);
}

TEST_F(DetectionsInAPackage, StayFloatInHalfPrecision) {
  package.half = true;
  for (const bool half_ends : {false, true}) {
    package.half_ends = half_ends;
    write();
    EXPECT_GT(verified("fp16")["detections"]["people"]["objects"], 30);
    EXPECT_EQ(verified("fp16")["detections"]["people"]["different"], 0);
    const auto opened = Package::open(root / "export");
    for (const auto& output : opened.session().outputs()) {
      if (output.type == at::kLong) continue;
      const bool raw = output.name == "people";
      EXPECT_EQ(output.type, raw && half_ends ? at::kHalf : at::kFloat) << output.name;
    }
  }
}

TEST_F(DetectionsInAPackage, ThatDifferStopTheExport) {
  package.detections[0].decode = [options = crowd()](const Raw& raw) {
    auto labels = decode(options, raw);
    auto& list = std::get<data::Objects>(labels[0]).list;
    list.erase(list.begin());
    return labels;
  };
  EXPECT_THAT(error_of([&] { write(); }),
              AllOf(HasSubstr("the detections of people in the graph are not those of the decoder"),
                    HasSubstr("2 differ; the graph alone has"), HasSubstr("in picture 0"),
                    HasSubstr("export.nms=false")));
  EXPECT_FALSE(std::filesystem::exists(root / "export"));
}

TEST_F(DetectionsInAPackage, ThatAreNoneGiveAWarning) {
  for (auto& example : examples) example["x"].narrow(1, 4, 2).fill_(-9);
  EXPECT_THAT(write().warnings, HasSubstr("fp32: no object of people reaches its threshold"));
}

TEST_F(DetectionsInAPackage, MustHaveNamesOfTheirOwn) {
  const auto options = crowd();
  const auto tail = detections_model(options, scaling(options), 13, {});
  const auto model = append_model(write_onnx(scaling(options)), tail, "people/");
  EXPECT_THAT(error_of([&] { append_model(model, tail, "again/"); }),
              HasSubstr("'people_pictures' would be the name of two tensors of the model"));
}

}  // namespace
}  // namespace manyfold::exporters
