#pragma once

#include "pretrain/objective.h"

namespace manyfold::pretrain {

/// Redundancy reduction (Barlow Twins, arXiv:2103.03230) between the two large views of each
/// picture; smaller ones are left out. Both views are one batch of the model, so its BatchNorm sees
/// them together.
class BarlowTwinsObjective : public Objective {
 public:
  BarlowTwinsObjective(const BarlowTwinsOptions& options, train::Forward forward)
      : options_(options), forward_(std::move(forward)) {}

  train::TaskTerms terms(const data::Batch& batch, int64_t step) override;

 private:
  BarlowTwinsOptions options_;
  train::Forward forward_;
};

}  // namespace manyfold::pretrain
