#pragma once

#include <memory>
#include <string>

#include "quantise/quantised_model.h"
#include "train/forward.h"
#include "train/task.h"

namespace manyfold::train {

/// What the quantiser must know of a graph that `trace_model` made: of the tasks' outputs, and of
/// what is remembered.
quantise::ModelFacts facts_of(const Tasks& tasks, const graph::Graph& graph);

/// The model made ready for int8. Its quantisers become the child "quantisers".
std::shared_ptr<quantise::QuantisedModel> make_quantised(models::MultiTaskModel& model,
                                                         const Tasks& tasks, cv::Size input,
                                                         const quantise::QuantiseOptions& options,
                                                         bool learned_steps = false);

/// Quantisation-aware training of a model by the schedule of QatOptions: which graph runs in a
/// step, what is rounded in it, and whether ranges follow. All of it is a function of the step, so
/// that a resumed run goes on as an uninterrupted one.
class QatSchedule {
 public:
  /// `model` holds the quantisers of `quantised`. `steps`: of the whole run.
  QatSchedule(models::MultiTaskModel model, std::shared_ptr<quantise::QuantisedModel> quantised,
              cv::Size input, const quantise::QatOptions& options, int64_t steps);

  /// What trains in a step, counted from 0. Sets the quantisers for it.
  const Forward& training(int64_t step);
  /// After the forward pass of a step: ranges move towards what passed.
  void follow();

 private:
  std::shared_ptr<quantise::QuantisedModel> quantised_;
  quantise::QatOptions options_;
  int64_t steps_;
  Forward folded_, live_;
};

}  // namespace manyfold::train
