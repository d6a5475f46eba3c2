#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace manyfold::cli {

/// Runs one step that a run skipped once more, forward and backward, by the config that its file
/// carries, changed by `overrides`, and prints where its numbers break: the terms of the loss, the
/// first value that is not finite, the largest values by layer, and the gradients that are not
/// finite. Nothing is learnt or written.
/// Throws UserError for a file that holds no such step, or one that does not fit its config.
void replay_step(const std::filesystem::path& file, const std::vector<std::string>& overrides);

}  // namespace manyfold::cli
