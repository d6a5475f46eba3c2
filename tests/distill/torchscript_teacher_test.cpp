#include "distill/torchscript_teacher.h"

#include <torch/csrc/jit/api/module.h>

#include "common/atomic_file.h"
#include "tests/distill/fixture.h"

namespace manyfold::distill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using torch::Tensor;

const std::vector<std::pair<std::string, std::string>> kTwoTasks = {
    {"person", "{type: segmentation}"}, {"sign", "{type: classification, classes: [a, b, c]}"}};

class TorchScriptTeacher : public testing::Test {
 protected:
  /// A file whose forward is the given Python.
  TeacherSetup saved(const std::string& source, const std::string& rest = "") {
    torch::jit::Module module("Teacher");
    module.define(source);
    const auto path = folder_.path / "net.pt";
    module.save(path.string());
    return setup_of(job_tasks(kTwoTasks),
                    "{model: " + path.string() + ", input: {scale: 1}" + rest + "}");
  }
  std::string refusal(const TeacherSetup& setup) {
    return error_of([&] { torchscript_teacher(setup, torch::kCPU); });
  }
  TemporaryFolder folder_;
};

TEST_F(TorchScriptTeacher, MayReturnADictionary) {
  const auto teacher =
      torchscript_teacher(saved("def forward(self, x):\n"
                                "  return {'person': x[:, :1] * 2, 'sign': x.mean([2, 3])}\n"),
                          torch::kCPU);
  EXPECT_THAT(teacher->tasks(), ElementsAre("person", "sign"));
  const auto pictures = some_pictures(2);
  const auto answer = teacher->answer(pictures);
  const auto x = pictures.to(torch::kFloat);
  EXPECT_TRUE(answer.outputs.at("person").at(0).equal(x.slice(1, 0, 1) * 2));
  EXPECT_TRUE(torch::allclose(answer.outputs.at("sign").at(0), x.mean({2, 3})));
}

TEST_F(TorchScriptTeacher, MayReturnATuple) {
  const auto teacher =
      torchscript_teacher(saved("def forward(self, x):\n  return x.mean([2, 3]), x[:, :1]\n",
                                ", outputs: {person: {name: '1'}, sign: {name: '0'}}"),
                          torch::kCPU);
  const auto pictures = some_pictures(1);
  EXPECT_TRUE(teacher->answer(pictures).outputs.at("person").at(0).equal(
      pictures.slice(1, 0, 1).to(torch::kFloat)));
}

TEST_F(TorchScriptTeacher, MayReturnATensor) {
  const auto teacher = torchscript_teacher(
      saved("def forward(self, x):\n  return x[:, :1]\n", ", tasks: [person]"), torch::kCPU);
  EXPECT_THAT(teacher->tasks(), ElementsAre("person"));
}

TEST_F(TorchScriptTeacher, SaysWhatItCannotReturn) {
  EXPECT_THAT(refusal(saved("def forward(self, x):\n  return x.size(0)\n")),
              HasSubstr("it returns Int, expected a tensor"));
}

TEST_F(TorchScriptTeacher, SaysWhichPicturesItFailsOn) {
  const auto said = refusal(saved("def forward(self, x):\n  return x.view(1, 7)\n"));
  EXPECT_THAT(said, HasSubstr("failed on pictures [2, 3, 64, 64]: shape '[1, 7]' is invalid for"));
}

TEST_F(TorchScriptTeacher, RefusesWhatIsNoTorchScript) {
  const auto path = folder_.path / "net.pt";
  write_file(path, "PK but not really");
  const auto setup = setup_of(job_tasks(kTwoTasks), "{model: " + path.string() + "}");
  const auto said = refusal(setup);
  EXPECT_THAT(said, HasSubstr("is no TorchScript that can be loaded"));
  EXPECT_THAT(said, HasSubstr("torch.jit.save"));
  EXPECT_THAT(refusal(setup_of(job_tasks(kTwoTasks), "{model: /nowhere.pt}")),
              HasSubstr("there is no such file"));
}

}  // namespace
}  // namespace manyfold::distill
