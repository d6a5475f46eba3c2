#include "exporters/package.h"

#include <unistd.h>

#include <fstream>

#include "common/atomic_file.h"
#include "common/error.h"
#include "common/sha256.h"
#include "tests/exporters/export_compare.h"

namespace manyfold::exporters {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

class PackageTest : public testing::Test {
 protected:
  PackageTest() {
    std::string name = fs::temp_directory_path() / "manyfold_package_XXXXXX";
    root = mkdtemp(name.data());
    folder = root / "run" / "export";
    torch::manual_seed(6);
    module = graph::TwoHeads();
    traced = graph::trace_pictures(module, graph::Mode::eval);
    examples = {random_example(traced, 2, 1), random_example(traced, 3, 2)};
    options.manifest = {{"tasks", {{"gesture", {{"classes", {"a", "b"}}, {"strides", {8, 16}}}}}}};
  }
  ~PackageTest() override { fs::remove_all(root); }

  template <class F>
  std::string error_of(F f) {
    try {
      f();
    } catch (const UserError& error) {
      return error.what();
    }
    return "no error";
  }

  fs::path root, folder;
  graph::TwoHeads module{nullptr};
  graph::Graph traced;
  std::vector<std::map<std::string, at::Tensor>> examples;
  PackageOptions options;
};

TEST_F(PackageTest, HoldsTheModelItsManifestAndTheVerification) {
  options.measure = [](const Session&) { return nlohmann::json{{"accuracy", 0.75}}; };
  options.name = "hands";
  export_package(folder, traced, examples, options);

  const auto manifest = json::parse(read_file(folder / "manifest.json"));
  EXPECT_EQ(manifest["name"], "hands");
  EXPECT_EQ(manifest["tasks"]["gesture"]["strides"][1], 16);
  EXPECT_EQ(manifest["inputs"][0],
            json({{"name", "pictures"}, {"shape", {"N", 3, 16, 16}}, {"dtype", "uint8"}}));
  EXPECT_EQ(manifest["outputs"][1]["name"], "classes");
  for (const auto* name : {"model.onnx", "verify.json"}) {
    EXPECT_EQ(manifest["files"][name]["sha256"], sha256(read_file(folder / name))) << name;
  }
  const auto report = json::parse(read_file(folder / "verify.json"));
  EXPECT_TRUE(report["passed"].get<bool>());
  EXPECT_EQ(report["samples"], 5);
  EXPECT_LT(report["outputs"]["mask"]["max_abs_difference"].get<double>(), 1e-4);
  EXPECT_EQ(report["metrics"]["accuracy"], 0.75);
  EXPECT_EQ(report["runtime"], "ONNX Runtime " + runtime_version());
}

TEST_F(PackageTest, AddsAModelInHalfPrecisionWhenAsked) {
  options.half = true;
  export_package(folder, traced, examples, options);
  const auto report = json::parse(read_file(folder / "verify.json"))["model.fp16.onnx"];
  EXPECT_GT(report["outputs"]["mask"]["max_abs_difference"].get<double>(), 0);
  EXPECT_EQ(report["clipped_weights"], 0);
  const auto package = Package::open(folder / "model.fp16.onnx");
  EXPECT_EQ(package.session().run(examples[0]).at("classes").size(1), 5);
}

TEST_F(PackageTest, RunsAsTheModuleDid) {
  export_package(folder, traced, examples, options);
  const auto package = Package::open(folder);
  const auto outputs = package.session().run(examples[1]);
  module->eval();
  const auto expected = module->forward(examples[1].at("pictures"));
  EXPECT_TRUE(torch::allclose(outputs.at("mask"), expected[0].second, 1e-4, 1e-4));
  EXPECT_EQ(package.manifest()["tasks"]["gesture"]["classes"][0], "a");
}

TEST_F(PackageTest, LeavesNothingWhenTheDifferenceIsPastTheTolerance) {
  options.tolerance = 1e-12;
  EXPECT_THAT(error_of([&] { export_package(folder, traced, examples, options); }),
              AllOf(HasSubstr("does not give what LibTorch gives (tolerance 1e-12)"),
                    HasSubstr("past the tolerance"), HasSubstr("nothing was written")));
  EXPECT_FALSE(fs::exists(folder));
  EXPECT_TRUE(fs::is_empty(root));
}

TEST_F(PackageTest, ReplacesAnEarlierPackageAsAWhole) {
  options.half = true;
  export_package(folder, traced, examples, options);
  options.half = false;
  export_package(folder, traced, examples, options);
  EXPECT_FALSE(fs::exists(folder / "model.fp16.onnx"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.parent_path()), {}), 1);
  Package::open(folder);
}

TEST_F(PackageTest, LeavesAFolderOfSomethingElseAlone) {
  fs::create_directories(folder);
  std::ofstream(folder / "thesis.txt") << "years of work";
  std::ofstream(folder / "manifest.json") << R"({"format": 2, "name": "a web page's"})";
  EXPECT_THAT(error_of([&] { export_package(folder, traced, examples, options); }),
              HasSubstr("is no exported package; name another folder"));
  EXPECT_TRUE(fs::exists(folder / "thesis.txt"));
}

TEST_F(PackageTest, RefusesAManifestKeyOfItsOwn) {
  options.manifest = {{"opset", 3}};
  EXPECT_THAT(error_of([&] { export_package(folder, traced, examples, options); }),
              HasSubstr("'opset' in the manifest is a key of the package's own"));
}

TEST_F(PackageTest, NoticesAFileThatWasChangedOrIsMissing) {
  export_package(folder, traced, examples, options);
  auto bytes = read_file(folder / "model.onnx");
  bytes[bytes.size() / 2] ^= 1;
  std::ofstream(folder / "model.onnx", std::ios::binary) << bytes;
  EXPECT_THAT(error_of([&] { Package::open(folder); }),
              AllOf(HasSubstr("model.onnx was changed after the export"), HasSubstr("SHA-256")));
  EXPECT_THAT(error_of([&] { Package::open(folder / "model.onnx"); }), HasSubstr("was changed"));
  fs::remove(folder / "verify.json");
  fs::remove(folder / "model.onnx");
  EXPECT_THAT(error_of([&] { Package::open(folder); }), HasSubstr("is missing"));
}

TEST_F(PackageTest, OpensAModelThatLeftItsPackage) {
  export_package(folder, traced, examples, options);
  fs::copy_file(folder / "model.onnx", root / "alone.onnx");
  const auto package = Package::open(root / "alone.onnx");
  EXPECT_EQ(package.manifest()["tasks"]["gesture"]["strides"][0], 8);
  EXPECT_EQ(package.manifest()["opset"], 13);
  EXPECT_EQ(package.session().outputs().size(), 2u);
}

TEST_F(PackageTest, RefusesAPackageOfANewerFormat) {
  export_package(folder, traced, examples, options);
  auto manifest = json::parse(read_file(folder / "manifest.json"));
  manifest["format_version"] = 2;
  std::ofstream(folder / "manifest.json") << manifest;
  const auto newer = HasSubstr("has format_version 2, this program reads up to 1");
  EXPECT_THAT(error_of([&] { Package::open(folder); }), newer);

  OnnxOptions alone;
  alone.metadata = {{"manifest", manifest.dump()}};
  std::ofstream(root / "alone.onnx", std::ios::binary) << write_onnx(traced, alone);
  EXPECT_THAT(error_of([&] { Package::open(root / "alone.onnx"); }), newer);
}

TEST_F(PackageTest, SaysWhatIsNotAPackage) {
  EXPECT_THAT(error_of([&] { Package::open(root / "none"); }), HasSubstr("no such package"));
  EXPECT_THAT(error_of([&] { Package::open(root); }), HasSubstr("holds no manifest.json"));
  std::ofstream(root / "manifest.json") << "{}";
  EXPECT_THAT(error_of([&] { Package::open(root); }), HasSubstr("is not the manifest"));
}

}  // namespace
}  // namespace manyfold::exporters
