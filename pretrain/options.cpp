#include "pretrain/options.h"

namespace manyfold::pretrain {

void DinoOptions::fields(config::Fields& f) {
  f.field("prototypes", prototypes,
          "How many prototypes a view is compared with; small sets want some hundreds to some "
          "thousands.",
          config::at_least(2));
  f.field("hidden", hidden, "Channels of the head's hidden layers.", config::positive());
  f.field("bottleneck", bottleneck, "Channels of what is compared with the prototypes.",
          config::positive());
  f.field("head_batch_norm", head_batch_norm,
          "BatchNorm behind the head's hidden layers, without which the teacher of a small CNN "
          "stays near uniform for long.");
  f.field("student_temperature", student_temperature, "Of the student's scores.",
          config::positive());
  f.field("teacher_temperature", teacher_temperature,
          "Of the teacher's scores; lower is sharper. Above 0.07 runs tend to become uniform.",
          config::positive());
  f.field("first_teacher_temperature", first_teacher_temperature,
          "The teacher's at the start, from where it goes linearly to teacher_temperature.",
          config::positive());
  f.field("temperature_warmup", temperature_warmup, "Share of the run which that takes.",
          config::between(0, 1));
  f.field("centre_momentum", centre_momentum,
          "How slowly the centre of the teacher's scores follows the batches; more for small ones.",
          {0, 1, /*low_open=*/false, /*high_open=*/true});
  f.field("freeze_last", freeze_last,
          "Share of the run in which the prototypes stand still at first.", config::between(0, 1));
  f.field("teacher_norm", teacher_norm,
          "What the teacher's BatchNorm normalises by: the batch, as the reference does, or the "
          "averaged statistics.",
          {"batch", "average"});
}

void BarlowTwinsOptions::fields(config::Fields& f) {
  f.field("hidden", hidden, "Channels of the head's hidden layers.", config::positive());
  f.field("out", out, "Numbers whose correlations are looked at; more is better.",
          config::at_least(2));
  f.field("off_diagonal", off_diagonal, "Weight of correlations between different numbers.",
          config::at_least(0));
}

void AlarmOptions::fields(config::Fields& f) {
  f.field("patience", patience,
          "Steps in a row past a limit after which the run ends as collapsed; 0 = never.",
          config::at_least(0));
  f.field("grace", grace,
          "First steps that do not count: a healthy run of dino is near uniform at first.",
          config::at_least(0));
  f.field(
      "uniform", uniform,
      "Of dino: entropy of the teacher above this share of ln(prototypes), the student agreeing "
      "with it, is a uniform collapse.",
      config::between(0, 1));
  f.field("constant", constant,
          "Of dino: entropy of the teacher below this share of ln(prototypes), with hardly any "
          "prototype in use, is a constant collapse.",
          config::between(0, 1));
  f.field("spread", spread,
          "Features whose spread over the batch is below this (1 = even, 0 = all alike) have "
          "collapsed.",
          config::between(0, 1));
}

void PretrainOptions::fields(config::Fields& f) {
  f.variant("method", method, "How is learnt without labels.",
            {{"barlow_twins", [this](config::Fields& g) { barlow_twins.fields(g); }},
             {"dino", [this](config::Fields& g) { dino.fields(g); }}});
  f.section("alarms", alarms, "When a run that has collapsed is ended.");
}

}  // namespace manyfold::pretrain
