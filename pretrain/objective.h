#pragma once

#include <functional>
#include <memory>

#include "data/loading/batch.h"
#include "models/multitask.h"
#include "models/weights.h"
#include "pretrain/options.h"
#include "train/forward.h"
#include "train/supervised.h"

namespace manyfold::pretrain {

/// The name of the student's one head.
constexpr const char* kHead = "projection";

/// What a model learns from pictures without labels. A batch holds two views of each picture where
/// a clip has its frames, `pictures` [N, 2, 3, H, W], and may hold smaller ones in `crops`
/// [N, L, 3, h, w].
class Objective {
 public:
  virtual ~Objective() = default;

  /// The terms of a step, counted from 0, under the method's name. `loss` is what is learnt; the
  /// others have weight 0 and tell how the run fares:
  ///   spread      of the encoder's features, see `feature_spread`; both methods
  ///   entropy     of the teacher, in nats; dino
  ///   divergence  of the student from the teacher, in nats: loss - entropy; dino
  ///   used        share of the prototypes in use, see `used_share`; dino
  virtual train::TaskTerms terms(const data::Batch& batch, int64_t step) = 0;
  /// What a resumed run needs beside the model: buffers, for its checkpoints. Null for none.
  virtual std::shared_ptr<torch::nn::Module> own() { return nullptr; }
};

/// The weights' moving average as it stands, under the student's names; empty when there is none.
using Average = std::function<const models::StateDict&()>;

/// The encoder with the method's head. Weights of the head are drawn from LibTorch's generator.
models::MultiTaskModel make_student(const PretrainOptions& options,
                                    std::shared_ptr<models::Encoder> encoder);

/// The objective of a run of `steps` steps. `student`: of `make_student`, on its device. `average`
/// is called in every step of dino, whose teacher it is; without one `terms` throws ConfigError.
std::unique_ptr<Objective> make_objective(const PretrainOptions& options,
                                          models::MultiTaskModel student, int64_t steps,
                                          Average average);

}  // namespace manyfold::pretrain
