#include <dlfcn.h>

#include <string>
#include <vector>

#include "cli/command.h"
#include "common/error.h"

// The program itself links nothing heavy: loading LibTorch alone takes longer than help, the
// version or a mistyped command should. Everything else stands in a library beside it, opened when
// there is a command to run.

namespace {

using namespace manyfold;

cli::CommandRunner open_commands() {
  void* library = dlopen(MANYFOLD_COMMANDS, RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr) {
    throw UserError(std::string("cannot load the commands: ") + dlerror() +
                    "; the file belongs beside the program, or in ../lib of an installed one: "
                    "build or install again");
  }
  void* function = dlsym(library, "manyfold_run_command");
  if (function == nullptr) throw UserError(std::string("cannot find the commands: ") + dlerror());
  return reinterpret_cast<cli::CommandRunner>(function);
}

}  // namespace

int main(int argc, char** argv) {
  static const std::vector<cli::Command> commands = {
      {"config", "show a composed config, the choices of a group, the docs of a key"},
      {"data", "check a data set completely"},
      {"distill", "train a model that larger ones teach beside its labels"},
      {"evaluate", "figures of a trained model on the validation sets"},
      {"export", "write a verified ONNX package of a trained model"},
      {"label", "label pictures with trained models, as a set to train on"},
      {"predict", "run a trained model on pictures, a folder or a video"},
      {"pretrain", "train an encoder on pictures without labels"},
      {"probe", "how well a frozen encoder tells the classes of a task apart"},
      {"qat", "train a float model on for int8"},
      {"synth", "write synthetic scenes as a COCO set"},
      {"train", "train a model from a config"},
  };
  return cli::run_command(commands, open_commands, {argv + 1, argv + argc});
}
