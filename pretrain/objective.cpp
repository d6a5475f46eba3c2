#include "pretrain/objective.h"

#include "common/error.h"
#include "models/heads/mlp_head.h"
#include "models/heads/projection_head.h"
#include "pretrain/barlow_twins_objective.h"
#include "pretrain/dino_objective.h"

namespace manyfold::pretrain {
namespace {

ConfigError unknown_method(const std::string& name) {
  return ConfigError("pretrain.method = " + name + known_names(name, {"barlow_twins", "dino"}));
}

std::shared_ptr<models::Head> make_head(const PretrainOptions& options,
                                        const std::vector<models::FeatureInfo>& features) {
  if (options.method == "dino") {
    return std::make_shared<models::ProjectionHeadImpl>(
        models::ProjectionHeadOptions(features, options.dino.prototypes)
            .hidden(options.dino.hidden)
            .bottleneck(options.dino.bottleneck)
            .batch_norm(options.dino.head_batch_norm));
  }
  if (options.method == "barlow_twins") {
    return std::make_shared<models::MlpHeadImpl>(
        models::MlpHeadOptions(features, options.barlow_twins.out)
            .hidden(options.barlow_twins.hidden));
  }
  throw unknown_method(options.method);
}

}  // namespace

models::MultiTaskModel make_student(const PretrainOptions& options,
                                    std::shared_ptr<models::Encoder> encoder) {
  const auto head = make_head(options, encoder->features());
  return models::MultiTaskModel(
      std::move(encoder),
      std::vector<std::pair<std::string, std::shared_ptr<models::Head>>>{{kHead, head}});
}

std::unique_ptr<Objective> make_objective(const PretrainOptions& options,
                                          models::MultiTaskModel student, int64_t steps,
                                          Average average) {
  const auto run = train::forward_of(student);
  if (options.method == "dino") {
    return std::make_unique<DinoObjective>(options.dino, student, run, steps, std::move(average));
  }
  if (options.method == "barlow_twins")
    return std::make_unique<BarlowTwinsObjective>(options.barlow_twins, run);
  throw unknown_method(options.method);
}

}  // namespace manyfold::pretrain
