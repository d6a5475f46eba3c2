#include "pretrain/barlow_twins_objective.h"

#include "losses/barlow_twins.h"
#include "pretrain/health.h"
#include "pretrain/views.h"

namespace manyfold::pretrain {

train::TaskTerms BarlowTwinsObjective::terms(const data::Batch& batch, int64_t /*step*/) {
  const auto features = pooled_features(forward_, large_views(batch));
  const auto views =
      forward_.head(kHead, {features}, {}).at(0).view({batch.pictures.size(0), 2, -1});
  const auto loss =
      losses::barlow_twins(views.select(1, 0), views.select(1, 1), options_.off_diagonal);
  return {{"barlow_twins", {{"loss", loss}, {"spread", feature_spread(features), 0}}}};
}

}  // namespace manyfold::pretrain
