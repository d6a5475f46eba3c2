#include "cli/predict/session_model.h"

#include <torch/types.h>

#include "common/error.h"
#include "train/forward.h"

namespace manyfold::cli {
namespace {

using torch::Tensor;

class SessionModel {
 public:
  SessionModel(const exporters::Session& session, const train::Tasks& tasks)
      : session_(&session), one_by_one_(session.inputs().at(0).shape.at(0) == 1) {
    std::vector<std::string> names;
    for (const auto& output : session.outputs()) names.push_back(output.name);
    for (const auto& [task, options] : tasks) {
      for (const auto& name : names) {
        if (name == task || name.rfind(task + ".", 0) == 0) names_of_[task].push_back(name);
      }
      if (!names_of_[task].empty()) continue;
      throw UserError("the exported model has no output for task '" + task + "'" +
                      known_names(task, names));
    }
    for (const auto& input : session.inputs()) {
      if (input.name.rfind(train::kStateIn, 0) == 0) states_.push_back(input);
    }
  }

  bool remembers() const { return !states_.empty(); }

  models::Outputs at_once(const Tensor& pictures) const {
    std::vector<std::map<std::string, Tensor>> runs;
    const auto rows = pictures.contiguous();
    for (const auto& chunk : one_by_one_ ? rows.split(1) : std::vector<Tensor>{rows})
      runs.push_back(session_->run({{"pictures", chunk}}));
    return joined(runs);
  }

  /// Frame by frame, each clip by itself where the model takes one.
  train::Predictor::Seen along(const Tensor& clips, const models::State& state) const {
    std::vector<std::map<std::string, Tensor>> runs;
    std::vector<models::State> ends;
    for (int64_t n = 0; n < clips.size(0); ++n) {
      models::State own = start(1);
      for (size_t i = 0; i < state.size(); ++i) own[i] = state[i].narrow(0, n, 1).contiguous();
      for (int64_t t = 0; t < clips.size(1); ++t)
        runs.push_back(step(clips[n].narrow(0, t, 1).contiguous(), own));
      ends.push_back(own);
    }
    train::Predictor::Seen seen = {joined(runs), {}};
    for (size_t i = 0; i < states_.size(); ++i) {
      std::vector<Tensor> of_clips;
      for (const auto& end : ends) of_clips.push_back(end[i]);
      seen.state.push_back(torch::cat(of_clips));
    }
    return seen;
  }

 private:
  models::State start(int64_t rows) const {
    models::State state;
    for (const auto& input : states_) {
      auto shape = input.shape;
      shape.at(0) = rows;
      state.push_back(torch::zeros(shape, torch::TensorOptions().dtype(input.type)));
    }
    return state;
  }

  std::map<std::string, Tensor> step(const Tensor& picture, models::State& state) const {
    std::map<std::string, Tensor> inputs = {{"pictures", picture}};
    for (size_t i = 0; i < states_.size(); ++i) inputs[states_[i].name] = state[i];
    auto outputs = session_->run(inputs);
    for (size_t i = 0; i < states_.size(); ++i)
      state[i] = outputs.at(train::state_output(states_[i].name));
    return outputs;
  }

  models::Outputs joined(const std::vector<std::map<std::string, Tensor>>& runs) const {
    models::Outputs outputs;
    for (const auto& [task, names] : names_of_) {
      for (const auto& name : names) {
        std::vector<Tensor> parts;
        for (const auto& run : runs) parts.push_back(run.at(name).to(torch::kFloat));
        outputs[task].push_back(torch::cat(parts));
      }
    }
    return outputs;
  }

  const exporters::Session* session_;
  bool one_by_one_;
  std::map<std::string, std::vector<std::string>> names_of_;  // by task
  std::vector<exporters::TensorInfo> states_;
};

}  // namespace

train::Predictor predictor(const exporters::Session& session, const train::Tasks& tasks) {
  const SessionModel model(session, tasks);
  if (!model.remembers())
    return [model](const Tensor& pictures) { return model.at_once(pictures); };
  return train::Predictor([model](const Tensor& clips, const models::State& state) {
    return model.along(clips, state);
  });
}

}  // namespace manyfold::cli
