#include "exporters/runtime.h"

#include <cstdlib>
#include <thread>

#include "common/error.h"
#include "tests/errors.h"
#include "tests/exporters/export_compare.h"

namespace manyfold::exporters {
namespace {

using graph::Function;
using testing::HasSubstr;

std::string doubling(std::map<std::string, std::string> metadata = {}) {
  Function module;
  OnnxOptions options;
  options.metadata = std::move(metadata);
  return write_onnx(
      graph::trace_function(*module, [](const Tensors& in) { return in[0] * 2; }, {{1, 3}}),
      options);
}

std::string run_error(const std::map<std::string, at::Tensor>& inputs) {
  const auto session = Session::from_bytes(doubling());
  try {
    session.run(inputs);
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Session, TellsInputsOutputsAndMetadata) {
  const auto session = Session::from_bytes(doubling({{"classes", "a,b"}}));
  EXPECT_EQ(session.inputs()[0].name, "x0");
  EXPECT_EQ(session.inputs()[0].shape, (std::vector<int64_t>{-1, 3}));
  EXPECT_EQ(session.inputs()[0].type, torch::kFloat);
  EXPECT_EQ(session.outputs()[0].name, "y");
  EXPECT_EQ(session.metadata().at("classes"), "a,b");
}

TEST(Session, GivesResultsThatOutliveIt) {
  at::Tensor y;
  {
    const auto session = Session::from_bytes(doubling());
    y = session.run({{"x0", torch::ones({2, 3}).t().contiguous().t()}}).at("y");
    session.run({{"x0", torch::zeros({2, 3})}});
  }
  EXPECT_TRUE(y.equal(torch::full({2, 3}, 2.0)));
}

TEST(Session, ServesSeveralThreads) {
  const auto session = Session::from_bytes(doubling());
  std::vector<std::thread> threads;
  std::vector<at::Tensor> results(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      results[i] = session.run({{"x0", torch::full({1, 3}, 1.0 * i)}}).at("y");
    });
  }
  for (auto& thread : threads) thread.join();
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(results[i].equal(torch::full({1, 3}, 2.0 * i)));
}

TEST(Session, RefusesInputsThatDoNotFit) {
  EXPECT_THAT(run_error({{"x1", torch::ones({1, 3})}}), HasSubstr("no input 'x1'"));
  EXPECT_THAT(run_error({}), HasSubstr("'x0' must be Float [any, 3], got nothing"));
  EXPECT_THAT(run_error({{"x0", torch::ones({1, 4})}}), HasSubstr("got Float [1, 4]"));
  EXPECT_THAT(run_error({{"x0", torch::ones({1, 3}, torch::kLong)}}), HasSubstr("got Long [1, 3]"));
}

TEST(Session, RefusesSizesOfOneNameThatDiffer) {
  torch::nn::Identity module;
  const auto graph = graph::trace_function(*module, [](const Tensors& in) { return in[0] + in[1]; },
                                           {{1, 3}, {1, 3}});
  const auto session = Session::from_bytes(write_onnx(graph));
  EXPECT_THAT(error_of([&] {
                session.run({{"x0", torch::ones({2, 3})}, {"x1", torch::ones({1, 3})}});
              }),
              HasSubstr("must agree on N: 'x0' has 2, 'x1' 1"));
}

TEST(Session, GivesTheRuntimesWordsForAFileThatIsNoModel) {
  try {
    Session::from_bytes("nonsense");
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("ONNX Runtime, loading a model: "));
  }
}

// In a process of its own: a runtime once opened stays.
TEST(RuntimeDeathTest, NamesTheWayOutWhenThereIsNone) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        setenv("MANYFOLD_ONNXRUNTIME_LIB", "/nowhere/libonnxruntime.so", 1);
        try {
          runtime_version();
        } catch (const UserError& error) {
          std::cerr << error.what();
          std::exit(3);
        }
      },
      testing::ExitedWithCode(3),
      "run scripts/install.sh, or set MANYFOLD_ONNXRUNTIME_LIB(.|\n)*/nowhere/libonnxruntime.so");
}

}  // namespace
}  // namespace manyfold::exporters
