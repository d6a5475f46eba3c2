#include "distill/onnx_teacher.h"

#include "common/atomic_file.h"
#include "distill/native_teacher.h"
#include "exporters/onnx_writer.h"
#include "models/encoders.h"
#include "tests/distill/fixture.h"
#include "tests/graph/modules.h"
#include "train/forward.h"

namespace manyfold::distill {
namespace {

using testing::HasSubstr;
using torch::Tensor;

const std::vector<std::pair<std::string, std::string>> kPerson = {
    {"person", "{type: segmentation}"}};

/// A file that doubles the first colour; its input is "x0", float, its output "y".
std::string doubling(std::optional<int64_t> batch = {}) {
  graph::Function module;
  exporters::OnnxOptions options;
  options.batch = batch;
  return exporters::write_onnx(
      graph::trace_function(*module,
                            [](const graph::Tensors& in) { return in[0].slice(1, 0, 1) * 2; },
                            {{1, 3, 64, 64}}),
      options);
}

class OnnxTeacher : public testing::Test {
 protected:
  TeacherSetup saved(const std::string& bytes, const std::string& rest = "") {
    const auto path = folder_.path / "net.onnx";
    write_file(path, bytes);
    return setup_of(job_tasks(kPerson), "{model: " + path.string() + rest + "}");
  }
  TemporaryFolder folder_;
};

TEST_F(OnnxTeacher, RunsNormalisedFloats) {
  const auto teacher = onnx_teacher(saved(doubling(), ", input: {mean: [0.5, 0, 0]}"), 1);
  const auto pictures = some_pictures(3);
  const auto expected = (pictures.slice(1, 0, 1).to(torch::kFloat) / 255 - 0.5) * 2;
  EXPECT_TRUE(
      torch::allclose(teacher->answer(pictures).outputs.at("person").at(0), expected, 1e-5, 1e-6));
}

TEST_F(OnnxTeacher, OfOnePictureIsRunForEach) {
  const auto teacher = onnx_teacher(saved(doubling(1)), 1);
  const auto pictures = some_pictures(3);
  EXPECT_TRUE(torch::allclose(teacher->answer(pictures).outputs.at("person").at(0),
                              pictures.slice(1, 0, 1).to(torch::kFloat) / 255 * 2, 1e-5, 1e-6));
}

// The size that the file fixes is the one it gets.
TEST_F(OnnxTeacher, TakesItsSizeFromTheFile) {
  auto setup = saved(doubling());
  setup.size = {96, 96};
  const auto answer = onnx_teacher(setup, 1)->answer(torch::zeros({1, 3, 96, 96}, torch::kByte));
  EXPECT_EQ(answer.outputs.at("person").at(0).size(2), 96);
}

TEST_F(OnnxTeacher, SaysWhichInputItHas) {
  EXPECT_THAT(
      error_of([&] { onnx_teacher(saved(doubling(), ", input: {type: uint8}"), 1); }),
      HasSubstr("its input 'x0' is of float32, and distill.teachers.big.input.type = uint8"));
  EXPECT_THAT(
      error_of([&] { onnx_teacher(saved(doubling(), ", input: {layout: nhwc}"), 1); }),
      HasSubstr("expected [N, height, width, 3] as distill.teachers.big.input.layout = nhwc says"));
  EXPECT_THAT(error_of([&] { onnx_teacher(saved(doubling(), ", input: {size: [32, 32]}"), 1); }),
              HasSubstr("must be Float [any, 3, 64, 64], got Float [2, 3, 32, 32]; see "
                        "distill.teachers.big.input"));
}

TEST_F(OnnxTeacher, RefusesAFixedBatchOfSeveral) {
  EXPECT_THAT(error_of([&] { onnx_teacher(saved(doubling(2)), 1); }),
              HasSubstr("its batch is fixed to 2; export it with a dynamic first axis, or with 1"));
}

/// The type of the only multiplication (field 4 of a node, three letters) becomes another.
std::string with_an_unknown_operator(std::string bytes) {
  const auto place = bytes.find("\x22\x03Mul");
  EXPECT_NE(place, std::string::npos);
  return bytes.replace(place + 2, 3, "Mxl");
}

TEST_F(OnnxTeacher, SaysWhichOperatorTheRuntimeLacks) {
  const auto said = error_of([&] { onnx_teacher(saved(with_an_unknown_operator(doubling())), 1); });
  EXPECT_THAT(said, HasSubstr("teacher 'big' ("));
  EXPECT_THAT(said, HasSubstr("cannot be loaded"));
  EXPECT_THAT(said, HasSubstr("Mxl"));
  EXPECT_THAT(said, HasSubstr("export it anew"));
}

TEST_F(OnnxTeacher, RefusesWhatIsNoModel) {
  EXPECT_THAT(error_of([&] { onnx_teacher(saved("not a model"), 1); }),
              HasSubstr("cannot be loaded"));
  EXPECT_THAT(error_of([&] {
                onnx_teacher(setup_of(job_tasks(kPerson), "{model: /nowhere/net.onnx}"), 1);
              }),
              HasSubstr("/nowhere/net.onnx"));
}

// One set of weights, as a module and as its ONNX file: the same imitation loss.
TEST_F(OnnxTeacher, TeachesWhatTheSameModelTeachesNatively) {
  const auto tasks = job_tasks(kPerson);
  torch::manual_seed(5);
  const auto encoder = models::encoders().at("edge_200k")(models::Stem::conv);
  models::MultiTaskModel model(
      encoder, std::vector<std::pair<std::string, std::shared_ptr<models::Head>>>{
                   {"person", tasks[0].second.task->make_head(encoder->features())}});
  model->train();
  for (int i = 0; i < 3; ++i) model->forward(some_pictures(4, 10 + i));  // BatchNorm statistics
  model->eval();
  NativeModel native{tasks, {64, 64}, "h", {4, 8, 16, 32}, run_with_maps(model)};
  const auto in_torch = native_teacher(setup_of(tasks, "{model: run}"), native, {});
  const auto in_onnx = onnx_teacher(
      saved(exporters::write_onnx(train::trace_model(model, {64, 64})), ", input: {type: uint8}"),
      1);
  const auto pictures = some_pictures(2);
  const auto student = torch::randn({2, 1, 64, 64});
  const auto loss = [&](Teacher& teacher) {
    return tasks[0]
        .second.task->imitation({student}, teacher.answer(pictures).outputs.at("person"), 2)
        .item<double>();
  };
  EXPECT_GT(loss(*in_torch), 0.01);
  EXPECT_NEAR(loss(*in_onnx), loss(*in_torch), 1e-5);
}

}  // namespace
}  // namespace manyfold::distill
