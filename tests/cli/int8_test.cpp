// Runs the program as a user who needs an int8 model does.

#include <opencv2/imgcodecs.hpp>

#include "tests/cli/job.h"

namespace manyfold::cli {
namespace {

using testing::AllOf;

/// Models that saw a few steps on 16 pictures lose what they like.
const std::string kAnything =
    "+export.limits={segmentation.person_iou: 1, gesture.accuracy: 1, faces.ap50: 1, faces.nme: 9}";

class Int8 : public Job {
 protected:
  void SetUp() override {
    Job::SetUp();
    const auto trained = run(job("float", {"train.steps=12", "export.enabled=false"}));
    ASSERT_EQ(trained.exit_code, 0) << trained.output;
  }
  std::string at(const std::string& name) const { return (folder / name).string(); }
  std::vector<std::string> qat(const std::string& dir, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"qat",
                                          at("float"),
                                          "run.dir=" + at(dir),
                                          "train.steps=8",
                                          "qat.freeze_ranges=0.6",
                                          "quantise.pictures=16",
                                          "train.evaluate_every=4",
                                          "export.enabled=true",
                                          kAnything};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
};

TEST_F(Int8, AFloatModelIsCalibratedAndExported) {
  const auto exported = run({"export", at("float"), "--out", at("out"), "precision=int8",
                             "quantise.pictures=32", kAnything});
  ASSERT_EQ(exported.exit_code, 0) << exported.output;
  for (const auto* name : {"model.onnx", "model.int8.onnx", "encodings.json"})
    EXPECT_TRUE(fs::exists(folder / "out" / name)) << name;
  const auto verify =
      nlohmann::json::parse(read_file(folder / "out/verify.json"))["models"]["int8"];
  EXPECT_GE(verify["kernels"]["QLinearConv"], 30);
  EXPECT_EQ(verify["kernels"].count("Conv") + verify["kernels"].count("FusedConv"), 0u);
  EXPECT_TRUE(verify["metrics"]["gate"].contains("figures"));
  EXPECT_LT(fs::file_size(folder / "out/model.int8.onnx"),
            fs::file_size(folder / "out/model.onnx") / 2);
  const auto evaluated = run({"evaluate", at("out")});
  ASSERT_EQ(evaluated.exit_code, 0) << evaluated.output;
}

TEST_F(Int8, TrainingForItIsResumedBitForBitAndExported) {
  const auto whole = run(qat("whole", {"quantise.sensitivity=true"}));
  ASSERT_EQ(whole.exit_code, 0) << whole.output;
  EXPECT_THAT(read_file(folder / "whole/report.html"), HasSubstr("Sensitivity"));
  const auto verify = nlohmann::json::parse(read_file(folder / "whole/export/verify.json"));
  const auto& int8 = verify["models"]["int8"];
  EXPECT_GE(int8["coverage"]["sensitivity"].size(), 30u);
  EXPECT_THAT(int8["coverage"]["tensors"][2]["reason"].get<std::string>(),
              HasSubstr("moving average of training"));

  const auto child = start(qat("parts", {"quantise.sensitivity=true"}), folder / "first.txt");
  while (log_of("parts").size() < 3 && !ended(child))
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  kill(child, SIGTERM);
  ASSERT_EQ(wait_for(child), 143) << read_file(folder / "first.txt");
  fs::remove_all(folder / "float");  // the run holds all that it needs
  const auto resumed = run({"qat", "--resume", "run.dir=" + at("parts")});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
  expect_equal_runs("parts", "whole");
}

TEST_F(Int8, LearnsStepsAndStatistics) {
  const auto trained = run(qat("run", {"qat.learned_steps=true", "qat.batch_norm=live"}));
  ASSERT_EQ(trained.exit_code, 0) << trained.output;
  const auto evaluated = run({"evaluate", at("run")});
  ASSERT_EQ(evaluated.exit_code, 0) << evaluated.output;
  EXPECT_THAT(evaluated.output, HasSubstr("in LibTorch, int8"));
}

TEST_F(Int8, TheSameRunIsExportedInHalfPrecision) {
  const auto exported = run({"export", at("float"), "--out", at("out"), "precision=fp16",
                             "export.half_ends=true", kAnything});
  ASSERT_EQ(exported.exit_code, 0) << exported.output;
  const auto verify = nlohmann::json::parse(read_file(folder / "out/verify.json"))["models"];
  EXPECT_GT(verify["fp16"]["range"]["largest"]["max_abs_value"].get<double>(), 0);
  EXPECT_TRUE(verify["fp16"]["metrics"]["gate"]["passed"]);
  const auto manifest = nlohmann::json::parse(read_file(folder / "out/manifest.json"));
  EXPECT_EQ(manifest["model"], "model.fp16.onnx");
  EXPECT_EQ(manifest["outputs"][0]["dtype"], "float16");
  const auto evaluated = run({"evaluate", at("out")});
  EXPECT_EQ(evaluated.exit_code, 0) << evaluated.output;
}

TEST_F(Int8, RefusesToResumeAFloatRun) {
  const auto refused = run({"train", "--resume", "run.dir=" + at("float"), "precision=int8"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.output, AllOf(HasSubstr("is of a float run and holds no ranges"),
                                    HasSubstr("manyfold qat " + at("float"))));
  const auto without = run(job("new", {"precision=int8"}));
  EXPECT_EQ(without.exit_code, 2);
  EXPECT_THAT(without.output, HasSubstr("init=RUN"));
}

TEST_F(Int8, SaysWhatIsWrongWithCalibration) {
  const auto calibrated_on = [&](const std::string& folder_name) {
    return run({"export", at("float"), "--out", at("out"), "precision=int8",
                "calibration=" + at(folder_name)});
  };
  EXPECT_THAT(calibrated_on("nowhere").output,
              HasSubstr("must be training, validation or a folder of pictures"));
  fs::create_directory(folder / "black");
  EXPECT_THAT(calibrated_on("black").output, HasSubstr("no pictures in folder"));
  cv::imwrite(at("black/0.png"), cv::Mat::zeros(64, 64, CV_8UC3));
  EXPECT_THAT(calibrated_on("black").output, HasSubstr("at least 16 pictures, found 1"));
  for (int i = 1; i < 16; ++i)
    cv::imwrite(at("black/" + std::to_string(i) + ".png"), cv::Mat::zeros(64, 64, CV_8UC3));
  EXPECT_THAT(calibrated_on("black").output, HasSubstr("are of one colour"));
  write_file(folder / "black/9.png", "no picture");
  EXPECT_THAT(calibrated_on("black").output, HasSubstr("black/9.png"));
  EXPECT_FALSE(fs::exists(folder / "out"));
}

TEST_F(Int8, NamesWhatTheOptionsRefuse) {
  const auto exported = [&](const std::string& option) {
    return run({"export", at("float"), "--out", at("out"), "precision=int8", "quantise.pictures=16",
                kAnything, option});
  };
  EXPECT_THAT(exported("quantise.target=tensorrt").output,
              AllOf(HasSubstr("zero points other than 0"), HasSubstr("quantise.activations=int8")));
  EXPECT_THAT(exported("export.opset=11").output,
              AllOf(HasSubstr("opset 13"), HasSubstr("quantise.per_channel=false")));
  EXPECT_THAT(exported("quantise.float=[heads.facs]").output, HasSubstr("heads.facs"));
  EXPECT_THAT(exported("+export.limits.faces.ap=0.1").output, HasSubstr("ap"));
}

TEST_F(Int8, AModelThatLosesTooMuchIsNotExported) {
  const auto refused =
      run({"export", at("float"), "--out", at("out"), "precision=int8", "quantise.pictures=16",
           "quantise.observer=percentile", "quantise.percentile=50"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.output, AllOf(HasSubstr("loses more on the validation sets than is allowed"),
                                    HasSubstr("manyfold qat RUN")));
  EXPECT_FALSE(fs::exists(folder / "out"));
}

}  // namespace
}  // namespace manyfold::cli
