#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/config.h"

int main(int argc, char** argv) {
  using namespace manyfold::cli;
  static const std::vector<Command> commands = {
      {"config", "show a composed config, the choices of a group, the docs of a key", run_config},
  };
  return run_command(commands, {argv + 1, argv + argc});
}
