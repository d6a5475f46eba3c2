#pragma once

#include <filesystem>
#include <functional>

namespace manyfold::exporters {

/// Makes `folder` what `write` puts into the empty folder it is given, at once: nothing appears
/// under `folder` before `write` has returned, and what was there stays when it throws. A folder
/// that was there is replaced and removed.
/// Throws UserError, with the system's reason, when the folder cannot be written.
void replace_folder(const std::filesystem::path& folder,
                    const std::function<void(const std::filesystem::path&)>& write);

}  // namespace manyfold::exporters
