#pragma once

#include <filesystem>
#include <string>

namespace manyfold {

/// Whether a written file is forced onto the disk before its name is. Without, a machine that
/// loses power may leave an empty file: for what can be made again and is checked when it is read.
enum class Flush { yes, no };

/// Writes `path` so that it is either the old file or the whole new one, whatever happens
/// meanwhile: the bytes go to a temporary file beside it, are flushed to the disk and renamed.
/// Missing parent folders are made; a symbolic link stays, and what it leads to is replaced. On
/// failure (a full disk, no permission) the temporary file is removed and UserError names the path
/// and the cause; so is what is no regular file (a device).
void write_file(const std::filesystem::path& path, const std::string& bytes,
                Flush flush = Flush::yes);

/// The whole file. Throws UserError, with the system's reason, when it cannot be read.
std::string read_file(const std::filesystem::path& path);

}  // namespace manyfold
