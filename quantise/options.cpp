#include "quantise/options.h"

#include "quantise/target.h"

namespace manyfold::quantise {

void QuantiseOptions::fields(config::Fields& f) {
  f.field(
      "observer", observer,
      "How the range of an activation is found on the calibration pictures: smallest and largest "
      "value; their average over batches; a percentile; the range with the least squared error.",
      {"minmax", "moving_average", "percentile", "mse"});
  f.field(
      "percentile", percentile,
      "Of observer=percentile: the share of values, in percent, that the range holds at each end.",
      config::between(50, 100));
  f.field("pictures", pictures, "Calibration pictures; see `calibration`.", config::at_least(16));
  f.field("activations", activations,
          "uint8 with a zero point of its own, or int8 symmetric around 0 (zero point 0).",
          {"uint8", "int8"});
  f.field("weights", weights,
          "Range of a weight: its largest value, or the range with the least squared error.",
          {"minmax", "mse"});
  f.field("per_channel", per_channel,
          "A scale for every output channel of a weight (needs opset 13), or one for all.");
  f.field("target", target, "Whose rules the int8 model must keep to.", target_names());
  f.field("equalise", equalise,
          "Equalise the channels of neighbouring layers first (cross-layer equalisation, "
          "arXiv:1906.04721).");
  f.field("correct_bias", correct_bias,
          "Take the mean error of the rounded weights out of the biases (arXiv:1906.04721).");
  f.field("float", keep_float,
          "Layers that stay in float, by name; * stands for anything: [heads.faces.out, "
          "encoder.stride4.0*].");
  f.field("sensitivity", sensitivity,
          "Measure what quantising each layer alone costs; takes one evaluation a layer.");
}

void QatOptions::fields(config::Fields& f) {
  f.field("observe_steps", observe_steps,
          "First steps in which ranges are observed and nothing is rounded yet.",
          config::at_least(0));
  f.field("freeze_ranges", freeze_ranges,
          "Share of the run after which the ranges of activations stand still.",
          config::between(0, 1));
  f.field("momentum", momentum, "How far a range moves towards that of the batch at each step.",
          config::between(0, 1));
  f.field(
      "batch_norm", batch_norm,
      "folded: statistics stand still from the start; live: they go on (the layer sees the folded "
      "weight) up to qat.freeze_norms.",
      {"folded", "live"});
  f.field("freeze_norms", freeze_norms,
          "With batch_norm=live: share of the run after which the statistics stand still.",
          config::between(0, 1));
  f.field("learned_steps", learned_steps,
          "Train the scales too (LSQ, arXiv:1902.08153) instead of following the ranges.");
  f.field("distill", distill,
          "Weight of the terms that pull the outputs to those of the float model; 0 = none.",
          config::at_least(0));
  f.field("temperature", temperature, "Of the distillation of scores.", config::positive());
}

}  // namespace manyfold::quantise
