#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/config.h"
#include "cli/data.h"
#include "cli/evaluate.h"
#include "cli/export.h"
#include "cli/predict.h"
#include "cli/synth.h"
#include "cli/train.h"

int main(int argc, char** argv) {
  using namespace manyfold::cli;
  static const std::vector<Command> commands = {
      {"config", "show a composed config, the choices of a group, the docs of a key", run_config},
      {"data", "check a data set completely", run_data},
      {"evaluate", "figures of a trained model on the validation sets", run_evaluate},
      {"export", "write a verified ONNX package of a trained model", run_export},
      {"predict", "run a trained model on pictures, a folder or a video", run_predict},
      {"synth", "write synthetic scenes as a COCO set", run_synth},
      {"train", "train a model from a config", run_train},
  };
  return run_command(commands, {argv + 1, argv + argc});
}
