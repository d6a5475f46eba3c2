#include "cli/command.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>

#include "common/error.h"

namespace manyfold::cli {
namespace {

void print_help(const std::vector<Command>& commands) {
  std::puts(
      "manyfold trains multi-task vision models for edge devices and exports them to ONNX.\n\n"
      "  manyfold COMMAND [options] [overrides]\n\nCommands:");
  for (const auto& command : commands) std::printf("  %-10s %s\n", command.name, command.summary);
  std::puts(
      "\n  manyfold COMMAND --help    the options of a command\n"
      "  manyfold --version         the version\n\n"
      "Exit codes: 0 done, 1 failed, 2 wrong usage or config, 130 or 143 stopped by a signal.");
}

int dispatch(const std::vector<Command>& commands, CommandRunner (*runner)(),
             const std::vector<std::string>& arguments) {
  const std::string name = arguments.empty() ? "--help" : arguments[0];
  if (name == "--help" || name == "-h" || name == "help") {
    print_help(commands);
    return arguments.empty() ? 2 : 0;
  }
  if (name == "--version") {
    std::puts("manyfold " MANYFOLD_VERSION);
    return 0;
  }
  const auto found = std::find_if(commands.begin(), commands.end(),
                                  [&](const Command& command) { return command.name == name; });
  if (found == commands.end()) {
    std::vector<std::string> names;
    for (const auto& command : commands) names.push_back(command.name);
    throw ConfigError("unknown command '" + name + "'" + known_names(name, names));
  }
  return runner()(name, {arguments.begin() + 1, arguments.end()});
}

}  // namespace

int run_command(const std::vector<Command>& commands, CommandRunner (*runner)(),
                const std::vector<std::string>& arguments) {
  try {
    const int code = dispatch(commands, runner, arguments);
    std::cout.flush();
    if (std::fflush(stdout) != 0 || !std::cout) throw UserError("cannot write to standard output");
    return code;
  } catch (const ConfigError& error) {
    std::cerr << "manyfold: " << error.what() << "\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "manyfold: " << error.what() << "\n";
    return 1;
  }
}

}  // namespace manyfold::cli
