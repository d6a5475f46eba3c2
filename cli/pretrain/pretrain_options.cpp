#include "cli/pretrain/pretrain_options.h"

namespace manyfold::cli {

void PretrainJob::fields(config::Fields& f) {
  f.field("seed", seed, "What every random draw of the job is computed from.", config::at_least(0));
  f.section("run", run, "Where the run goes and what it runs on.");
  f.section("model", model, "The encoder; model.input_size is that of the exported one.");
  f.section("encoder", encoder, "Where its weights come from, if not drawn from the seed.");
  f.section("data", data, "Pictures; labels, validation sets and augmentation are not looked at.");
  f.require(data.batch >= 2, "data", "needs a batch of at least 2: views are told from others");
  f.section("crops", crops, "The views of a picture that are compared.");
  f.section("pretrain", pretrain, "What is learnt from them.");
  f.section("train", train, "The training loop.");
  f.require(pretrain.method != "dino" || train.ema_decay > 0, "train",
            "needs ema_decay > 0 (0.996 with ema_schedule: cosine is usual): the teacher of "
            "pretrain.method = dino is the average of the weights");
  f.require(train.phases.empty(), "train", "has no phases in pre-training, which draws stills");
  f.require(model.temporal.type == "none", "model",
            "has no temporal layer in pre-training; give it one when it is trained on");
  f.section("probe", probe, "Labelled pictures that the encoder is judged on; none: by its loss.");
  f.section("export", exporting, "The ONNX export of the encoder.");
}

void ProbeJob::fields(config::Fields& f) {
  f.field("seed", seed, "Of a random encoder.", config::at_least(0));
  f.section("run", run, "What it runs on.");
  f.section("model", model, "The encoder.");
  f.section("encoder", encoder, "Where its weights come from; a random one without.");
  probe.fields(f);
}

}  // namespace manyfold::cli
