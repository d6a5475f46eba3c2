// Finished detections in the exported graph: trained, exported and run as a user does.

#include <torch/torch.h>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "exporters/package.h"
#include "tests/cli/job.h"

namespace manyfold::cli {
namespace {

using exporters::Package;
using torch::Tensor;

/// After a few steps faces are found everywhere, with the confidence of about 0.01 that the head
/// begins with. The model has a memory.
class Nms : public Job {
 protected:
  void SetUp() override {
    Job::SetUp();
    const auto trained =
        run(job("run", {"train.steps=12", "export.nms=true", "tasks.faces.threshold=0.009",
                        "+tasks.faces.lowest_score=0.005", "task@tasks.faces=faces_multiscale",
                        "model.temporal.type=convgru"}));
    ASSERT_EQ(trained.exit_code, 0) << trained.output;
  }
  std::string at(const std::string& name) const { return (folder / name).string(); }
  nlohmann::json json_of(const std::string& name) const {
    return nlohmann::json::parse(read_file(folder / name));
  }
};

/// uint8 [1, 3, H, W], RGB.
Tensor picture(const std::string& path) {
  cv::Mat rgb;
  cv::cvtColor(cv::imread(path), rgb, cv::COLOR_BGR2RGB);
  return torch::from_blob(rgb.data, {1, rgb.rows, rgb.cols, 3}, torch::kByte)
      .permute({0, 3, 1, 2})
      .contiguous();
}

/// What a stream begins with.
std::map<std::string, Tensor> inputs_for(const exporters::Session& session, const Tensor& picture) {
  std::map<std::string, Tensor> inputs;
  for (const auto& input : session.inputs()) {
    auto shape = input.shape;
    shape.at(0) = 1;
    inputs[input.name] = torch::zeros(shape, torch::TensorOptions().dtype(input.type));
  }
  inputs["pictures"] = picture;
  return inputs;
}

TEST_F(Nms, ThePackageGivesTheObjectsThatPredictShows) {
  const auto check = json_of("run/export/verify.json")["models"]["fp32"]["detections"]["faces"];
  EXPECT_GT(check["objects"], 0);
  EXPECT_EQ(check["different"], 0);
  const auto manifest = json_of("run/export/manifest.json");
  EXPECT_EQ(manifest["detections"]["faces"]["threshold"], 0.009);
  EXPECT_EQ(manifest["detections"]["faces"]["outputs"]["landmarks"]["name"], "faces_landmarks");

  ASSERT_EQ(run({"synth", "out=" + at("scenes"), "count=3", "scenes.picture_size=64"}).exit_code,
            0);
  const auto predicted =
      run({"predict", at("run"), at("scenes/images"), "--out", at("predictions")});
  ASSERT_EQ(predicted.exit_code, 0) << predicted.output;
  std::ifstream lines(at("predictions/predictions.jsonl"));
  const auto package = Package::open(at("run/export"));
  size_t shown = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto prediction = nlohmann::json::parse(line);
    const auto expected = prediction["tasks"]["faces"]["objects"];
    const auto& session = package.session();
    const auto found =
        session.run(inputs_for(session, picture(prediction["file"].get<std::string>())));
    const auto boxes = found.at("faces_boxes"), scores = found.at("faces_scores");
    ASSERT_EQ(boxes.size(0), static_cast<int64_t>(expected.size()));
    EXPECT_EQ(found.at("faces_landmarks").sizes(), at::IntArrayRef({boxes.size(0), 68, 2}));
    shown += expected.size();
    for (const auto& object : expected) {
      const auto& box = object["box"];  // x y w h, in tenths
      const float x = box[0], y = box[1], w = box[2], h = box[3];
      const auto gap = (boxes - torch::tensor({x, y, x + w, y + h})).abs().amax(1);
      const auto d = gap.argmin().item<int64_t>();
      EXPECT_LT(gap[d].item<float>(), 0.2);
      EXPECT_NEAR(scores[d].item<float>(), object["score"], 2e-4);
      EXPECT_NEAR(found.at("faces_landmarks")[d][67][1].item<float>(), object["landmarks"][67][1],
                  0.1);
    }
  }
  EXPECT_GT(shown, 0u);

  // The raw outputs are there as before.
  const auto evaluated = run({"evaluate", at("run/export")});
  EXPECT_EQ(evaluated.exit_code, 0) << evaluated.output;
  const auto without = run({"export", at("run"), "--out", at("plain"), "export.nms=false"});
  ASSERT_EQ(without.exit_code, 0) << without.output;
  EXPECT_FALSE(json_of("plain/manifest.json").contains("detections"));
  EXPECT_LT(Package::open(at("plain")).session().outputs().size(),
            package.session().outputs().size());
}

TEST_F(Nms, StaysFloatInHalfPrecision) {
  for (const std::string ends : {"true", "false"}) {
    const auto exported =
        run({"export", at("run"), "--out", at("half"), "precision=fp16", "export.batch=static",
             "export.opset=11", "export.half_ends=" + ends,
             "+export.limits={segmentation.person_iou: 1, gesture.accuracy: 1, faces.ap50: 1, "
             "faces.nme: 9}"});
    ASSERT_EQ(exported.exit_code, 0) << exported.output;
    const auto check = json_of("half/verify.json")["models"]["fp16"]["detections"]["faces"];
    EXPECT_GT(check["objects"], 0);
    EXPECT_EQ(check["different"], 0);
  }
}

TEST_F(Job, DetectionsAreInTheInt8GraphToo) {
  const std::string anything =
      "+export.limits={segmentation.person_iou: 1, gesture.accuracy: 1, faces.ap50: 1, faces.nme: "
      "9}";
  const auto trained =
      run(job("float", {"train.steps=12", "export.enabled=false", "tasks.faces.threshold=0.008",
                        "+tasks.faces.lowest_score=0.005"}));
  ASSERT_EQ(trained.exit_code, 0) << trained.output;
  const auto exported =
      run({"export", (folder / "float").string(), "--out", (folder / "out").string(),
           "precision=int8", "quantise.pictures=16", "export.nms=true", anything});
  ASSERT_EQ(exported.exit_code, 0) << exported.output;
  const auto int8 = nlohmann::json::parse(read_file(folder / "out/verify.json"))["models"]["int8"];
  EXPECT_GT(int8["detections"]["faces"]["objects"], 0);
  EXPECT_EQ(int8["detections"]["faces"]["different"], 0);
  EXPECT_GE(int8["kernels"]["QLinearConv"], 30);
  EXPECT_EQ(int8["kernels"]["NonMaxSuppression"], 1);
}

TEST_F(Job, RefusesToFinishDetectionsOfNoTask) {
  const auto refused = run(job("run", {"~tasks.faces", "export.nms=true"}));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output,
              HasSubstr("needs one that finds objects (faces, detection) for export.nms = true"));
}

}  // namespace
}  // namespace manyfold::cli
