// Runs the program as a user does who has many pictures and few labels: pretrain, probe, train.

#include <cmath>
#include <opencv2/imgcodecs.hpp>

#include "tests/cli/stop_early.h"

namespace manyfold::cli {
namespace {

using testing::AllOf;
using testing::Not;
using Words = std::vector<std::string>;

const Words kDino = {"method=dino", "crops.small_size=64", "crops.small=1",
                     "pretrain.prototypes=32", "pretrain.bottleneck=16"};
const Words kBarlowTwins = {"method=barlow_twins", "pretrain.out=32"};

/// The encoder that the small jobs of the other tests have.
const Words kEncoder = {"model=edge_200k", "model.stem=space_to_depth", "model.input_size=[64,64]"};

class Pretrain : public Job {
 protected:
  std::string at(const std::string& name) const { return (folder / name).string(); }

  /// 24 drawn scenes; their labels are not looked at.
  void draw() {
    const auto drawn = run({"synth", "out=" + at("drawn"), "count=24", "scenes.picture_size=80",
                            "scenes.hand_share=0.5"});
    ASSERT_EQ(drawn.exit_code, 0) << drawn.output;
  }

  /// A small job on them.
  Words pretrain(const std::string& dir, const std::vector<Words>& more) const {
    Words arguments = {"pretrain",
                       "run.dir=" + at(dir),
                       "run.threads=1",
                       "data.root=" + at("drawn/images"),
                       "data.batch=8",
                       "crops.large_size=64",
                       "pretrain.hidden=32",
                       "train.steps=4",
                       "train.checkpoint_every=4",
                       "train.schedule.warmup_steps=2"};
    arguments.insert(arguments.end(), kEncoder.begin(), kEncoder.end());
    for (const auto& words : more) arguments.insert(arguments.end(), words.begin(), words.end());
    return arguments;
  }

  /// A probe on drawn hands.
  Words probe(const Words& more) const {
    Words arguments = {"probe",
                       "run.threads=1",
                       "data=scenes",
                       "data.sources.hands.size=32",
                       "data.validation.hands.size=16",
                       "neighbours=5",
                       "linear.epochs=2"};
    arguments.insert(arguments.end(), kEncoder.begin(), kEncoder.end());
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  void expect_resumed_equals_whole(const Words& method) {
    const Words more = {"train.steps=16", "export.enabled=false"};
    const auto whole = run(pretrain("whole", {method, more}));
    ASSERT_EQ(whole.exit_code, 0) << whole.output;
    ASSERT_EQ(stop_early(pretrain("parts", {method, more}), folder / "parts"), 143)
        << read_file(at("parts.stopped.txt"));
    const auto resumed = run({"pretrain", "--resume", "run.dir=" + at("parts")});
    ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
    expect_equal_runs("parts", "whole");
  }

  nlohmann::json json_of(const std::string& name) const {
    return nlohmann::json::parse(read_file(folder / name));
  }
};

TEST_F(Pretrain, WritesARunAndTheEncodersPackage) {
  ASSERT_NO_FATAL_FAILURE(draw());
  for (const auto& method : {kDino, kBarlowTwins}) {
    const auto dir = method.front().substr(std::string("method=").size());
    const auto trained = run(pretrain(dir, {method}));
    ASSERT_EQ(trained.exit_code, 0) << trained.output;
    EXPECT_EQ(log_of(dir).size(), 4u);
    EXPECT_TRUE(fs::exists(folder / dir / "checkpoints/last.safetensors"));
    EXPECT_TRUE(fs::exists(folder / dir / "metrics.json"));
    EXPECT_THAT(read_file(folder / dir / "report.html"), HasSubstr("views of "));
    const auto verify = json_of(dir + "/export/verify.json")["models"]["fp32"];
    EXPECT_TRUE(verify["passed"]);
    const auto hash = json_of(dir + "/export/manifest.json").at("encoder_sha256");
    EXPECT_THAT(trained.output, HasSubstr("sha256 " + hash.get<std::string>().substr(0, 16)));
  }
}

TEST_F(Pretrain, LogsHowTheTeacherFares) {
  ASSERT_NO_FATAL_FAILURE(draw());
  const auto trained = run(pretrain("run", {kDino, {"export.enabled=false"}}));
  ASSERT_EQ(trained.exit_code, 0) << trained.output;
  for (const auto& record : log_of("run")) {
    const double entropy = record.at("loss/dino.entropy");
    EXPECT_GE(entropy, 0);
    EXPECT_LE(entropy, std::log(32) + 1e-5) << "of 32 prototypes";
    // Cross entropy = entropy + divergence, and nothing but it is learnt.
    EXPECT_NEAR(record.at("loss/dino.loss"),
                entropy + record.at("loss/dino.divergence").get<double>(), 1e-4);
    EXPECT_EQ(record.at("loss/total"), record.at("loss/dino.loss"));
    EXPECT_GT(record.at("loss/dino.spread"), 0);
    EXPECT_GT(record.at("loss/dino.used"), 0);
  }
}

TEST_F(Pretrain, AStoppedAndResumedRunOfDinoEqualsAnUninterruptedOne) {
  ASSERT_NO_FATAL_FAILURE(draw());
  expect_resumed_equals_whole(kDino);
}

TEST_F(Pretrain, AStoppedAndResumedRunOfBarlowTwinsEqualsAnUninterruptedOne) {
  ASSERT_NO_FATAL_FAILURE(draw());
  expect_resumed_equals_whole(kBarlowTwins);
}

TEST_F(Pretrain, IsJudgedOnTheWayAsByAProbeAfterwards) {
  ASSERT_NO_FATAL_FAILURE(draw());
  const auto trained = run(pretrain(
      "run", {kBarlowTwins,
              {"export.enabled=false", "train.evaluate_every=2",
               "+task@probe.tasks.gesture=gesture", "+data@probe.data=scenes",
               "+probe.data.size=[64,64]", "+probe.neighbours=5", "+probe.linear.epochs=2",
               "probe.data.sources.hands.size=32", "probe.data.validation.hands.size=16"}}));
  ASSERT_EQ(trained.exit_code, 0) << trained.output;
  std::vector<double> scores;
  for (const auto& record : log_of("run")) {
    if (record.contains("val/hands/knn")) scores.push_back(record["val/knn"]);
  }
  ASSERT_EQ(scores.size(), 2u) << "after steps 2 and 4";
  const auto figures = json_of("run/metrics.json");
  EXPECT_NEAR(figures.at("score"), std::max(scores[0], scores[1]), 1e-6) << "of the best one";
  EXPECT_THAT(read_file(folder / "run/report.html"), HasSubstr("nearest neighbours"));

  const auto probed = run(probe({"encoder.init=" + at("run"), "--out", at("probe.json")}));
  ASSERT_EQ(probed.exit_code, 0) << probed.output;
  EXPECT_THAT(probed.output, AllOf(HasSubstr("k-NN"), HasSubstr("linear"), HasSubstr("hands")));
  const auto sets = json_of("probe.json").at("sets");
  ASSERT_EQ(sets.size(), 1u);
  EXPECT_EQ(sets[0]["pictures"], 16);
  EXPECT_NEAR(sets[0]["knn"], figures.at("hands/knn"), 1e-6);
  EXPECT_NEAR(sets[0]["linear"], figures.at("hands/linear"), 1e-6);
}

TEST_F(Pretrain, AProbeWithoutARunSaysThatItsEncoderIsRandom) {
  const auto probed = run(probe({"seed=3", "--out", at("probe.json")}));
  ASSERT_EQ(probed.exit_code, 0) << probed.output;
  EXPECT_THAT(probed.output, AllOf(HasSubstr("random weights (seed 3)"), HasSubstr("k-NN")));
  EXPECT_EQ(json_of("probe.json")["encoder"], "random");
  const auto refused = run(probe({"~data.validation.hands"}));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output, AllOf(HasSubstr("task gesture"), HasSubstr("data.validation")));
}

TEST_F(Pretrain, ATrainingJobBeginsWithTheEncoder) {
  ASSERT_NO_FATAL_FAILURE(draw());
  const auto trained = run(pretrain("encoder", {kBarlowTwins, {"export.enabled=false"}}));
  ASSERT_EQ(trained.exit_code, 0) << trained.output;
  const auto place = trained.output.find("(sha256 ");
  ASSERT_NE(place, std::string::npos) << trained.output;
  const auto hash = trained.output.substr(place + 8, 16);

  const Words more = {"train.steps=2", "export.enabled=false", "encoder.init=" + at("encoder")};
  const auto with = [&](const std::string& option) {
    auto arguments = job("run", more);
    arguments.push_back(option);
    return run(arguments);
  };
  const auto other = with("model=edge_420k");
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.output,
              AllOf(HasSubstr("encoder.init = " + at("encoder") + " does not fit"),
                    HasSubstr("nothing was loaded; it holds edge_200k (from its config): take "
                              "model=edge_200k model.stem=space_to_depth"),
                    HasSubstr("stride16.0.conv.weight: [96, 48, 3, 3] in the weights, "
                              "[128, 64, 3, 3] in the model")));
  const auto wrong = with("encoder.sha256=0123");
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.output,
              AllOf(HasSubstr("hashes to " + hash), HasSubstr("encoder.sha256 expects 0123")));
  const auto nowhere = with("encoder.init=" + at("nowhere"));
  EXPECT_EQ(nowhere.exit_code, 1);
  EXPECT_THAT(nowhere.output, HasSubstr("encoder.init = " + at("nowhere") +
                                        " does not exist; expected a run or a checkpoint"));
  const auto alone = run(job("run", {"encoder.sha256=0123"}));
  EXPECT_EQ(alone.exit_code, 2);
  EXPECT_THAT(alone.output, HasSubstr("encoder.sha256 = '0123', needs encoder.init"));
  const auto predicted = run({"predict", at("encoder"), at("drawn/images"), "--out", at("seen")});
  EXPECT_EQ(predicted.exit_code, 1);
  EXPECT_THAT(predicted.output,
              AllOf(HasSubstr("is of a pre-training run: an encoder without heads"),
                    HasSubstr("encoder.init=" + at("encoder/checkpoints/"))));
  EXPECT_FALSE(fs::exists(folder / "run")) << "refused before it starts";

  auto arguments = job("run", more);
  arguments.insert(arguments.end(), {"encoder.sha256=" + hash, "train.freeze=[encoder]"});
  const auto begun = run(arguments);
  ASSERT_EQ(begun.exit_code, 0) << begun.output;
  EXPECT_THAT(begun.output,
              AllOf(HasSubstr("left there: heads.projection"),
                    HasSubstr("begin anew here: heads.faces, heads.gesture, heads.segmentation")));
  // It was frozen: what the new run holds is the very encoder.
  const auto probed = run(probe({"encoder.init=" + at("run"), "encoder.sha256=" + hash}));
  EXPECT_EQ(probed.exit_code, 0) << probed.output;

  // Its config names an encoder, and quantisation begins from all of it.
  const auto quantised = run({"qat", at("run"), "run.dir=" + at("int8"), "train.steps=1",
                              "quantise.pictures=16", "export.enabled=false", "run.threads=1"});
  EXPECT_EQ(quantised.exit_code, 0) << quantised.output;
}

TEST_F(Pretrain, RefusesPicturesThatAreTooFew) {
  const auto refusal = [&](const Words& more) {
    const auto refused = run(pretrain("run", {kDino, more}));
    EXPECT_NE(refused.exit_code, 0);
    EXPECT_FALSE(fs::exists(folder / "run/metrics.jsonl")) << "refused before it starts";
    return refused.output;
  };
  EXPECT_THAT(refusal({}), HasSubstr(at("drawn/images") + ": the folder, or one below it, cannot"));
  fs::create_directories(folder / "drawn/images");
  EXPECT_THAT(refusal({}), HasSubstr("no pictures in folder " + at("drawn/images")));
  const auto paint = [&](int from, int to) {
    for (int i = from; i < to; ++i) {
      cv::imwrite(at("drawn/images/" + std::to_string(i) + ".png"),
                  cv::Mat(64, 64, CV_8UC3, cv::Scalar::all(10 * i)));
    }
  };
  paint(0, 3);
  EXPECT_THAT(refusal({}), HasSubstr("data.sources hold 3, fewer than 16"));
  paint(3, 17);
  EXPECT_THAT(refusal({"data.batch=18"}),
              AllOf(HasSubstr("data.sources hold 17 pictures"), HasSubstr("set data.batch=8")));
  EXPECT_THAT(refusal({"train.ema_decay=0"}), HasSubstr("needs ema_decay > 0"));
}

TEST_F(Pretrain, TheRealJobReadsPicturesAndTheSetsOfItsProbe) {
  const auto refused =
      run({"pretrain", "--config-name", "pretrain_real", "data.root=" + folder.string()});
  EXPECT_EQ(refused.exit_code, 1) << "there is no picture";
  EXPECT_THAT(refused.output, AllOf(HasSubstr(at("unlabelled")), Not(HasSubstr("interpolation"))));
}

}  // namespace
}  // namespace manyfold::cli
