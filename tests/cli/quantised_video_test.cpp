// Models with memory in the arithmetic of devices, as a user makes them.

#include "tests/cli/video_job.h"

namespace manyfold::cli {
namespace {

/// Models that saw a few steps on few pictures lose what they like.
const std::string kAnything =
    "+export.limits={segmentation.person_iou: 1, gesture.accuracy: 1, faces.ap50: 1, faces.nme: 9}";
const std::string kState = "stride32";

class QuantisedVideo : public VideoJob {
 protected:
  /// Every other step is one of clips.
  std::vector<std::string> video(const std::string& dir,
                                 const std::vector<std::string>& more = {}) const {
    return VideoJob::video(dir, {"model.temporal.type=convgru", "+train.phases.all={clips: [0.5]}"},
                           more);
  }

  nlohmann::json json_of(const std::string& name) const {
    return nlohmann::json::parse(read_file(folder / name));
  }

  /// What must hold of every package whose model remembers.
  void expect_state(const std::string& package, const std::string& precision) const {
    const auto manifest = json_of(package + "/manifest.json");
    EXPECT_EQ(manifest.at("model"), "model." + precision + ".onnx");
    const auto& pairs = manifest.at("states").at("pairs");
    ASSERT_EQ(pairs.size(), 1u);
    EXPECT_EQ(pairs[0].at("input"), "state_in_" + kState);
    EXPECT_EQ(pairs[0].at("output"), "state_out_" + kState);
    const auto found = json_of(package + "/verify.json").at("models").at(precision);
    EXPECT_TRUE(found.at("passed").get<bool>());
    EXPECT_GE(found.at("samples").get<int>(), 64);
    const auto& state = found.at("outputs").at("state_out_" + kState);
    EXPECT_LE(state.at("max_abs_value").get<double>(), 1);
    EXPECT_LE(state.at("mean_abs_difference").get<double>(), 2e-3) << "over all frames";
  }

  /// Same figures of LibTorch and ONNX Runtime, along clips.
  void expect_equal_figures(const std::string& run_or_package, const std::string& package) {
    ASSERT_EQ(run({"evaluate", at(run_or_package), "--out", at("torch.json")}).exit_code, 0);
    ASSERT_EQ(run({"evaluate", at(package), "--out", at("onnx.json")}).exit_code, 0);
    const auto torch = json_of("torch.json").at("figures");
    const auto onnx = json_of("onnx.json").at("figures");
    for (const auto* name : {"clips/segmentation/flicker", "clips/segmentation/person_iou"}) {
      ASSERT_TRUE(torch.contains(name)) << torch;
      EXPECT_NEAR(torch.at(name).get<double>(), onnx.at(name).get<double>(), 0.01) << name;
    }
  }
};

TEST_F(QuantisedVideo, IsCalibratedAndTrainedInWholeNumbers) {
  const auto trained = run(video("float", {"export.enabled=false"}));
  ASSERT_EQ(trained.exit_code, 0) << trained.output;
  for (const std::string calibration : {"training", "validation"}) {
    const auto exported = run({"export", at("float"), "--out", at(calibration), "precision=int8",
                               "calibration=" + calibration, "quantise.pictures=64", kAnything});
    ASSERT_EQ(exported.exit_code, 0) << exported.output;
    expect_state(calibration, "int8");
  }
  const auto int8 = json_of("training/verify.json").at("models").at("int8");
  EXPECT_EQ(int8.at("kernels").count("Conv") + int8.at("kernels").count("FusedConv"), 0u);
  for (const auto& tensor : int8.at("coverage").at("tensors")) {
    const auto name = tensor.at("name").get<std::string>();
    EXPECT_TRUE(name != "state_in_" + kState || tensor.at("state") == "float");
  }

  const auto more = run({"qat", at("float"), "run.dir=" + at("qat"), "train.steps=6",
                         "+train.phases.clips_and_stills.chunks=2", "quantise.pictures=64",
                         "train.evaluate_every=3", "export.enabled=true", kAnything});
  ASSERT_EQ(more.exit_code, 0) << more.output;
  expect_state("qat/export", "int8");
  expect_equal_figures("qat", "qat/export");
  EXPECT_TRUE(json_of("qat/metrics.json").contains("clips/segmentation/flicker"));

  const auto stills =
      run({"qat", at("float"), "run.dir=" + at("stills"), "train.steps=2", "quantise.pictures=16",
           "qat.learned_steps=true", "qat.batch_norm=live", "export.enabled=false"});
  EXPECT_EQ(stills.exit_code, 0) << stills.output;
}

TEST_F(QuantisedVideo, IsTrainedForADeviceOfHalfPrecision) {
  const auto trained = run(video("run", {"precision=fp16_device", kAnything}));
  ASSERT_EQ(trained.exit_code, 0) << trained.output;
  expect_state("run/export", "fp16");
  expect_equal_figures("run", "run/export");
}

TEST_F(QuantisedVideo, RefusesPhasesThatFreeze) {
  const auto refused = run(video("run", {"precision=fp16_device", "schedule=stills_then_clips"}));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr("train.phases.stills.freeze with precision = fp16_device"));
  EXPECT_FALSE(fs::exists(folder / "run/checkpoints"));
}

}  // namespace
}  // namespace manyfold::cli
