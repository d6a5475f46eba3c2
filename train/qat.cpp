#include "train/qat.h"

namespace manyfold::train {

using quantise::Mode;

namespace {

constexpr double kStateBound = 1;  // of every number that models::ConvGru remembers

}  // namespace

quantise::ModelFacts facts_of(const Tasks& tasks, const graph::Graph& graph) {
  quantise::ModelFacts facts;
  for (const auto& [name, options] : tasks) {
    const auto parts = options.task->output_parts();
    if (parts.empty()) continue;
    for (const auto& output : outputs_of(graph, name)) facts.parts[output] = parts;
  }
  for (const auto& input : state_inputs(graph))
    facts.states.push_back({input, state_output(input), kStateBound});
  return facts;
}

std::shared_ptr<quantise::QuantisedModel> make_quantised(models::MultiTaskModel& model,
                                                         const Tasks& tasks, cv::Size input,
                                                         const quantise::QuantiseOptions& options,
                                                         bool learned_steps) {
  const auto graph = trace_model(model, input, graph::Mode::eval);
  return std::make_shared<quantise::QuantisedModel>(*model, graph, facts_of(tasks, graph), options,
                                                    learned_steps);
}

QatSchedule::QatSchedule(models::MultiTaskModel model,
                         std::shared_ptr<quantise::QuantisedModel> quantised, cv::Size input,
                         const quantise::QatOptions& options, int64_t steps)
    : quantised_(std::move(quantised)), options_(options), steps_(steps) {
  folded_ = forward_of(std::make_shared<const graph::Replay>(quantised_->graph()));
  if (options_.batch_norm != "live") return;
  const auto traced = trace_model(model, input, graph::Mode::train);
  live_ = forward_of(std::make_shared<const graph::Replay>(quantised_->live_graph(traced)));
}

const Forward& QatSchedule::training(int64_t step) {
  const auto share = static_cast<double>(step) / static_cast<double>(steps_);
  const bool observing = step < options_.observe_steps;
  quantised_->set_mode(observing ? Mode::off : Mode::quantise);
  const bool following = observing || (!options_.learned_steps && share < options_.freeze_ranges);
  for (const auto& [name, quantiser] : quantised_->quantisers().activations)
    quantiser->following = following;
  return options_.batch_norm == "live" && share < options_.freeze_norms ? live_ : folded_;
}

void QatSchedule::follow() {
  for (const auto& [name, quantiser] : quantised_->quantisers().activations)
    quantiser->follow(options_.momentum);
}

}  // namespace manyfold::train
