// `manyfold data anchors`, on pictures with boxes of known sizes.

#include "common/config/yaml_reader.h"
#include "tests/cli/job.h"
#include "tests/data/fixture.h"

namespace manyfold::cli {
namespace {

using testing::AllOf;
using Words = std::vector<std::string>;

class DataAnchors : public Job {
 protected:
  void SetUp() override {
    Job::SetUp();
    data::CocoFixture set(set_folder_);
    // Fitted to 64 x 64: at 0.32 of its size, the whole width and half the height.
    set.category("face").image(200, 100);
    set.box({10, 10, 100, 50}).box({0, 0, 180, 90}, 1, {{"iscrowd", 1}});
    set.box({50, 50, 4, 4});  // 1.3 pixels are too small to be learnt
    set.image(100, 100).box({10, 10, 50, 25}).box({30, 30, 10, 20}).box({60, 60, 12, 20});
    set.write();
    write_config("mine", {"faces"});
  }

  /// A job with some tasks of faces, and one set that labels the first.
  void write_config(const std::string& name, const Words& tasks) const {
    std::string text = "defaults:\n- job\n- model: edge_200k\n";
    for (const auto& task : tasks) text += "- task@tasks." + task + ": faces\n";
    text += "- _self_\nmodel: {input_size: [64, 64]}\ndata:\n  sources:\n    drawn:\n" +
            ("      type: coco\n      root: " + set_folder_.string()) +
            "\n      labels: {faces: {from: boxes, categories: [face]}}\n";
    write_file(folder / "configs" / (name + ".yaml"), text);
  }

  Result anchors(const std::string& config, const Words& more) {
    Words arguments = {"data",          "anchors", "--config-dir", (folder / "configs").string(),
                       "--config-name", config};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }

  data::TempFolder set_folder_;
};

// Of 64 x 64: twice 0.5 x 0.25, and 0.1 x 0.2 and 0.12 x 0.2, whose mean is 0.11 x 0.2; the IoUs
// with their anchors are 1, 1, 0.1 / 0.11 and 0.11 / 0.12.
constexpr double kMeanBestIou = (2 + 0.1 / 0.11 + 0.11 / 0.12) / 4;

TEST_F(DataAnchors, PrintsALineToPaste) {
  const auto found = anchors("mine", {"--anchors", "2"});
  ASSERT_EQ(found.exit_code, 0) << found.output;
  EXPECT_THAT(found.output,
              AllOf(HasSubstr("# faces: 4 boxes in 2 samples of drawn, fitted to 64x64; mean best "
                              "IoU 0.9564\n"),
                    HasSubstr("\nanchors: [0.11, 0.2, 0.5, 0.25]\n")));
  const auto yaml = config::parse_yaml(found.output, "output");
  EXPECT_EQ(yaml.text(), "{'anchors': [0.11, 0.2, 0.5, 0.25]}");
}

TEST_F(DataAnchors, PrintsJson) {
  const auto found = anchors("mine", {"--anchors", "2", "--json", "--task", "faces"});
  ASSERT_EQ(found.exit_code, 0) << found.output;
  const auto json = nlohmann::json::parse(found.output);
  EXPECT_EQ(json.at("task"), "faces");
  EXPECT_EQ(json.at("boxes"), 4);
  EXPECT_EQ(json.at("unusable"), 0);
  EXPECT_NEAR(json.at("mean_best_iou").get<double>(), kMeanBestIou, 1e-6);
  const std::vector<double> expected = {0.11, 0.2, 0.5, 0.25};
  ASSERT_EQ(json.at("anchors").size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(json.at("anchors")[i].get<double>(), expected[i], 1e-6) << i;
  }
}

TEST_F(DataAnchors, BoxesAreThoseOfTheNetworksPicture) {
  // Stretched, 100 x 50 in the picture of 200 x 100 is 0.5 x 0.5.
  const auto found = anchors("mine", {"--anchors", "3", "data.fit=stretch", "--json"});
  ASSERT_EQ(found.exit_code, 0) << found.output;
  const auto json = nlohmann::json::parse(found.output);
  EXPECT_NEAR(json.at("anchors")[5].get<double>(), 0.5, 1e-6);
}

TEST_F(DataAnchors, SamplesThatCannotBeUsedAreCounted) {
  data::write_bytes(set_folder_ / "images/1.png", "no picture");
  const auto found = anchors("mine", {"--anchors", "2"});
  ASSERT_EQ(found.exit_code, 0) << found.output;
  EXPECT_THAT(found.output, AllOf(HasSubstr("# faces: 3 boxes in 1 samples"),
                                  HasSubstr("# not usable: 1 of 2 samples; manyfold data check")));
}

TEST_F(DataAnchors, ReadsSomeOfTheScenes) {
  const auto found = run({"data", "anchors", "--config-name", "quickstart", "--scenes", "20",
                          "--anchors", "3", "--json", "model.input_size=[64,64]"});
  ASSERT_EQ(found.exit_code, 0) << found.output;
  const auto json = nlohmann::json::parse(found.output);
  EXPECT_EQ(json.at("samples"), 20);
  EXPECT_EQ(json.at("sources"), nlohmann::json::array({"scenes"}));
  EXPECT_EQ(json.at("anchors").size(), 6u);
}

TEST_F(DataAnchors, CountsTheFramesOfDrawnClips) {
  const auto found =
      run({"data", "anchors", "--config-name", "quickstart", "--scenes", "20", "--anchors", "3",
           "--json", "model.input_size=[64,64]", "+data.sources.scenes.length=8"});
  ASSERT_EQ(found.exit_code, 0) << found.output;
  EXPECT_EQ(nlohmann::json::parse(found.output).at("samples"), 3) << "8 + 8 + 8 frames";
}

TEST_F(DataAnchors, RefusesWhatItCannotChoose) {
  write_config("two", {"faces", "people"});
  const auto both = anchors("two", {});
  EXPECT_EQ(both.exit_code, 2);
  EXPECT_THAT(both.output, HasSubstr("faces, people: choose one with --task"));
  const auto people = anchors("two", {"--task", "people"});
  EXPECT_EQ(people.exit_code, 2);
  EXPECT_THAT(people.output, HasSubstr("no set of data.sources labels the task people"));
  const auto mistyped = anchors("two", {"--task", "face"});
  EXPECT_EQ(mistyped.exit_code, 2);
  EXPECT_THAT(mistyped.output, HasSubstr("did you mean 'faces'"));

  const auto many = anchors("mine", {});
  EXPECT_EQ(many.exit_code, 1);
  EXPECT_THAT(many.output, HasSubstr("9 anchors are asked for, but of 4 boxes only"));
  EXPECT_THAT(anchors("mine", {"--anchors", "0"}).output,
              HasSubstr("--anchors 0, must be at least 1"));
  const auto unknown = run({"data", "anchor"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.output, HasSubstr("did you mean 'anchors'"));
}

}  // namespace
}  // namespace manyfold::cli
