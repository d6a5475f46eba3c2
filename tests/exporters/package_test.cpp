#include "exporters/package.h"

#include <unistd.h>

#include <fstream>
#include <functional>
#include <tuple>

#include "common/atomic_file.h"
#include "common/error.h"
#include "common/sha256.h"
#include "tests/errors.h"
#include "tests/exporters/quantised_graphs.h"

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

  fs::path root, folder;
  graph::TwoHeads module{nullptr};
  graph::Graph traced;
  std::vector<std::map<std::string, at::Tensor>> examples;
  PackageOptions options;
};

TEST_F(PackageTest, HoldsTheModelItsManifestAndTheVerification) {
  options.measure = [](const Session&, const std::string&) {
    return nlohmann::json{{"accuracy", 0.75}};
  };
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
  EXPECT_EQ(manifest["model"], "model.onnx");
  EXPECT_EQ(manifest["precision"], "fp32");
  EXPECT_EQ(manifest["models"], json({{"fp32", "model.onnx"}}));
  const auto report = json::parse(read_file(folder / "verify.json"))["models"]["fp32"];
  EXPECT_EQ(report["file"], "model.onnx");
  EXPECT_TRUE(report["passed"].get<bool>());
  EXPECT_EQ(report["samples"], 5);
  EXPECT_LT(report["outputs"]["mask"]["max_abs_difference"].get<double>(), 1e-4);
  EXPECT_EQ(report["metrics"]["accuracy"], 0.75);
  EXPECT_EQ(report["runtime"], "ONNX Runtime " + runtime_version());
}

/// h' = 0.9 h + 0.1 mean(x): what is carried is all it knows of earlier frames.
struct Smoother : torch::nn::Module {
  Smoother() { keep = register_buffer("keep", torch::full({1}, 0.9F)); }
  graph::NamedTensors step(const graph::Tensors& in) const {
    const auto mean = in[0].to(torch::kFloat).mean({2, 3}, /*keepdim=*/true);
    const auto next = keep * in[1] + (1 - keep) * mean;
    return {{"smooth", next * 2}, {"state_out_h", next}};
  }
  torch::Tensor keep;
};

TEST_F(PackageTest, VerifiesAModelWithMemoryAlongAClip) {
  Smoother smoother;
  const auto graph = graph::trace(
      smoother, [&](const graph::Tensors& in) { return smoother.step(in); },
      {{"pictures", torch::zeros({2, 3, 4, 4}, torch::kByte)},
       {"state_in_h", torch::zeros({2, 3, 1, 1})}},
      graph::Mode::eval);
  std::vector<std::map<std::string, at::Tensor>> frames;
  torch::manual_seed(2);
  for (int t = 0; t < 70; ++t)
    frames.push_back({{"pictures", torch::randint(0, 256, {1, 3, 4, 4}, torch::kByte)}});
  options.states = {{"state_in_h", "state_out_h"}};
  const auto exported = export_package(folder, graph, frames, options);
  const auto& found = exported.models.at("fp32");
  EXPECT_EQ(found.samples, 70);
  EXPECT_LT(found.outputs.at("smooth").max, 1e-3);
  // Means of noise in [0, 255]: 127.5, twice that once the memory has filled (1 - 0.9^70 = 0.9994).
  EXPECT_NEAR(found.outputs.at("smooth").largest, 255, 30);
  const auto states = json::parse(read_file(folder / "manifest.json")).at("states");
  EXPECT_EQ(states.at("pairs"), json({{{"input", "state_in_h"}, {"output", "state_out_h"}}}));
  EXPECT_EQ(states.at("start"), "zeros");
  const auto given = with_states(graph, frames, options.states);
  EXPECT_EQ(given.at(0).at("state_in_h").abs().max().item<float>(), 0);
  EXPECT_GT(given.at(69).at("state_in_h").min().item<float>(), 100);
}

// manifest.json is what another program reads to feed the memory.
TEST_F(PackageTest, RefusesAManifestThatSaysSomethingElseOfTheMemory) {
  Smoother smoother;
  const auto graph = graph::trace(
      smoother, [&](const graph::Tensors& in) { return smoother.step(in); },
      {{"pictures", torch::zeros({2, 3, 4, 4}, torch::kByte)},
       {"state_in_h", torch::zeros({2, 3, 1, 1})}},
      graph::Mode::eval);
  options.states = {{"state_in_h", "state_out_h"}};
  std::vector<std::map<std::string, at::Tensor>> frames;
  frames.push_back({{"pictures", torch::ones({1, 3, 4, 4}, torch::kByte)}});
  export_package(folder, graph, frames, options);
  EXPECT_EQ(error_of([&] { Package::open(folder); }), "no error");
  const auto whole = json::parse(read_file(folder / "manifest.json"));
  const auto said_of = [&](const std::function<void(json&)>& change) {
    auto manifest = whole;
    change(manifest);
    std::ofstream(folder / "manifest.json") << manifest;
    return error_of([&] { Package::open(folder); });
  };
  EXPECT_THAT(said_of([](json& m) { m["inputs"][1]["shape"][1] = 48; }),
              HasSubstr("manifest.json: state \"state_in_h\" is [\"N\",48,1,1], and model.onnx has "
                        "[\"N\",3,1,1]; export the model again"));
  EXPECT_THAT(said_of([](json& m) { m["states"]["pairs"][0]["input"] = "state_in_g"; }),
              HasSubstr("the pairs of `states` are"));
  EXPECT_THAT(said_of([](json& m) { m.erase("states"); }),
              HasSubstr("the pairs of `states` are null, and model.onnx has [{"));
}

TEST_F(PackageTest, AddsAModelInHalfPrecisionWhenAsked) {
  options.half = true;
  options.half_ends = true;
  const auto exported = export_package(folder, traced, examples, options);
  EXPECT_EQ(exported.warnings, "");
  EXPECT_EQ(exported.models.size(), 2U);
  const auto report = json::parse(read_file(folder / "verify.json"))["models"]["fp16"];
  EXPECT_GT(report["outputs"]["mask"]["max_abs_difference"].get<double>(), 0);
  EXPECT_EQ(report["clipped_weights"], 0);
  EXPECT_EQ(report["range"]["samples"], 5);
  EXPECT_LT(report["range"]["largest"]["max_abs_value"].get<double>(), 65504 / 4);
  const auto package = Package::open(folder);
  EXPECT_EQ(package.manifest()["model"], "model.fp16.onnx");
  EXPECT_EQ(package.manifest()["precision"], "fp16");
  EXPECT_EQ(package.manifest()["inputs"][0]["dtype"], "uint8");
  EXPECT_EQ(package.manifest()["outputs"][1]["dtype"], "float16");
  const auto classes = package.session().run(examples[0]).at("classes");
  EXPECT_EQ(classes.scalar_type(), torch::kHalf);
  EXPECT_EQ(classes.size(1), 5);
  EXPECT_EQ(Package::open(folder / "model.onnx").session().outputs()[1].type, torch::kFloat);
}

TEST_F(PackageTest, EveryModelKnowsItselfWhenItLeavesItsPackage) {
  options.half = true;
  options.half_ends = true;
  export_package(folder, traced, examples, options);
  for (const auto& [file, precision, type] :
       {std::tuple{"model.onnx", "fp32", "float32"}, {"model.fp16.onnx", "fp16", "float16"}}) {
    fs::copy_file(folder / file, root / file);
    const auto manifest = Package::open(root / file).manifest();
    EXPECT_EQ(manifest["model"], file);
    EXPECT_EQ(manifest["precision"], precision);
    EXPECT_EQ(manifest["outputs"][0]["dtype"], type);
  }
}

TEST_F(PackageTest, RefusesAModelThatOverflowsInHalfPrecision) {
  {
    const torch::NoGradGuard no_grad;
    module->classes->bias.fill_(80000);
  }
  options.half = true;
  EXPECT_THAT(error_of([&] { export_package(folder, traced, examples, options); }),
              HasSubstr("export: classes overflows in half precision"));
  EXPECT_FALSE(fs::exists(folder));
}

/// A convolution in float, and the same quantised.
class QuantisedPackageTest : public PackageTest {
 protected:
  QuantisedPackageTest() {
    const auto layer = [](const at::Tensor& x, const at::Tensor& weight) {
      return torch::conv2d(x, weight, bias(6)).relu();
    };
    graph::Function function;
    convolution = graph::trace_function(*function,
                                        [&](const Tensors& in) {
                                          return layer(in[0], weight_of({6, 4, 3, 3}));
                                        },
                                        {{1, 4, 6, 8}});
    QuantisedModel model;
    model.graph = quantised_graph(
        [&](auto& in) {
          return quantised(layer(quantised(in[0]), quantised_weight({6, 4, 3, 3})), 0.1, 0);
        },
        {{1, 4, 6, 8}});
    model.layers = {"convolution"};
    model.coverage = {{"quantised", 1}};
    model.encodings = [](const auto& tensors) { return tensors.at("x0") + " in 8 bits\n"; };
    options.quantised = model;
    rows = {random_example(convolution, 4, 3)};
  }

  graph::Graph convolution;
  std::vector<std::map<std::string, at::Tensor>> rows;
};

TEST_F(QuantisedPackageTest, HoldsTheFloatModelAndTheIntegerOne) {
  options.half = true;
  std::vector<std::string> measured;
  options.measure = [&](const Session& session, const std::string& precision) {
    measured.push_back(precision);
    return json{{"outputs", session.outputs().size()}};
  };
  const auto exported = export_package(folder, convolution, rows, options);
  EXPECT_EQ(measured, (std::vector<std::string>{"fp32", "fp16", "int8"}));

  const auto package = Package::open(folder);
  EXPECT_EQ(package.manifest()["model"], "model.int8.onnx");
  EXPECT_EQ(package.manifest()["precision"], "int8");
  EXPECT_EQ(
      package.manifest()["models"],
      json({{"fp32", "model.onnx"}, {"fp16", "model.fp16.onnx"}, {"int8", "model.int8.onnx"}}));
  const auto report = json::parse(read_file(folder / "verify.json"))["models"]["int8"];
  EXPECT_EQ(report["kernels"]["QLinearConv"], 1);
  EXPECT_EQ(report["coverage"]["quantised"], 1);
  EXPECT_EQ(report["metrics"]["outputs"], 1);
  EXPECT_LT(report["outputs"]["y"]["mean_difference_in_steps"].get<double>(), 0.05);
  EXPECT_NEAR(exported.models.at("int8").outputs.at("y").step, 0.1, 1e-9);
  EXPECT_EQ(read_file(folder / "encodings.json"), "x0 in 8 bits\n");
  EXPECT_TRUE(package.manifest()["files"].contains("encodings.json"));
  const auto full = Package::open(folder / "model.onnx").session().run(rows[0]).at("y");
  const auto whole = package.session().run(rows[0]).at("y");
  EXPECT_LT((full - whole).abs().mean().item<double>(), 0.2);
  EXPECT_FALSE(full.equal(whole));
}

TEST_F(QuantisedPackageTest, LeavesNothingWhenALayerRunsInFloat) {
  options.quantised->layers.emplace_back("another/convolution");
  EXPECT_THAT(error_of([&] { export_package(folder, convolution, rows, options); }),
              HasSubstr("2 layers are quantised, but ONNX Runtime"));
  EXPECT_FALSE(fs::exists(folder));
}

TEST_F(QuantisedPackageTest, LeavesNothingWhenTheMeasurementRefusesAModel) {
  options.measure = [](const Session&, const std::string& precision) -> json {
    if (precision == "int8") throw UserError("the gate is shut");
    return {};
  };
  EXPECT_THAT(error_of([&] { export_package(folder, convolution, rows, options); }),
              HasSubstr("the gate is shut"));
  EXPECT_FALSE(fs::exists(folder));
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
