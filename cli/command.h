#pragma once

#include <string>
#include <vector>

namespace manyfold::cli {

/// A subcommand of `manyfold`.
struct Command {
  const char* name;
  const char* summary;  // one line
};

/// Runs the command of that name with the arguments behind the name; returns its exit code. Throws
/// ConfigError for wrong usage (exit code 2) and UserError for what failed (1).
using CommandRunner = int (*)(const std::string& name, const std::vector<std::string>& arguments);

/// Runs the command that `arguments` (without the program's name) ask for, and turns what it throws
/// into a message on standard error and an exit code: 0 done, 1 failed, 2 wrong usage or config.
/// `runner` is asked for only when there is a command to run.
int run_command(const std::vector<Command>& commands, CommandRunner (*runner)(),
                const std::vector<std::string>& arguments);

}  // namespace manyfold::cli
