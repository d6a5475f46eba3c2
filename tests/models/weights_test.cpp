#include "models/weights.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "common/error.h"
#include "common/safetensors.h"
#include "models/blocks/conv_bn_act.h"
#include "testing.h"

namespace manyfold::models {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Weights : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("manyfold_weights_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string file(const std::string& name) const { return folder_ / name; }

  std::filesystem::path folder_;
};

TEST_F(Weights, ComeBackAsTheyWereSaved) {
  torch::manual_seed(0);
  ConvBnAct one(ConvBnActOptions(3, 4)), other(ConvBnActOptions(3, 4));
  one->forward(torch::randn({2, 3, 8, 8}));  // moves the running statistics
  save_weights(file("w.safetensors"), *one, {{"encoder", "edge_200k"}});
  load_weights(file("w.safetensors"), *other);
  const auto expected = state_dict(*one), got = state_dict(*other);
  ASSERT_EQ(got.size(), 6u);  // weight, gamma, beta, mean, variance, number of batches
  for (const auto& [name, tensor] : expected)
    EXPECT_TRUE(torch::equal(tensor, got.at(name))) << name;
  EXPECT_EQ(load_metadata(file("w.safetensors")).at("encoder"), "edge_200k");
}

TEST_F(Weights, KeepEveryTypeAndShape) {
  StateDict state;
  for (const auto type :
       {torch::kBool, torch::kByte, torch::kChar, torch::kShort, torch::kInt, torch::kLong,
        torch::kHalf, torch::kBFloat16, torch::kFloat, torch::kDouble}) {
    state[std::string("t.") + c10::toString(type)] = torch::arange(6).view({2, 3}).to(type);
  }
  state["scalar"] = torch::tensor(2.5);
  state["empty"] = torch::empty({0, 3});
  state["strided"] = torch::arange(6).view({2, 3}).t();
  save_tensors(file("t.safetensors"), state);
  const auto got = load_tensors(file("t.safetensors"));
  ASSERT_EQ(got.size(), state.size());
  for (const auto& [name, tensor] : state) {
    EXPECT_EQ(got.at(name).dtype(), tensor.dtype()) << name;
    EXPECT_TRUE(torch::equal(got.at(name), tensor)) << name;
  }
}

TEST_F(Weights, OfAnotherModelAreRefusedWithTheDifferences) {
  ConvBnAct model(ConvBnActOptions(3, 4));
  const auto before = state_dict(*model).at("norm.bias").clone();
  auto state = state_dict(*ConvBnAct(ConvBnActOptions(3, 4)));
  state["norm.bias"] = torch::ones({5});
  state["extra"] = torch::ones({1});
  state.erase("conv.weight");
  try {
    load_state(*model, state, "old.safetensors");
    FAIL();
  } catch (const UserError& e) {
    EXPECT_THAT(e.what(),
                AllOf(StartsWith("old.safetensors: weights of another model:"),
                      HasSubstr("missing (1): conv.weight"), HasSubstr("unexpected (1): extra"),
                      HasSubstr("norm.bias: [5] in the weights, [4] in the model")));
  }
  EXPECT_TRUE(torch::equal(state_dict(*model).at("norm.bias"), before));
}

TEST_F(Weights, OfATypeThatLibTorchLacksAreRefused) {
  safetensors::write(file("u.safetensors"), {{"x", {"U32", {1}, std::string_view("abcd")}}});
  try {
    load_tensors(file("u.safetensors"));
    FAIL();
  } catch (const UserError& e) {
    EXPECT_THAT(e.what(), HasSubstr("tensor 'x' has type U32"));
  }
}

}  // namespace
}  // namespace manyfold::models
