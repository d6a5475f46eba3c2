#pragma once

#include <filesystem>
#include <string>

namespace manyfold {

/// SHA-256 (FIPS 180-4) as 64 lower-case hexadecimal digits.
std::string sha256(const std::string& bytes);

/// Of a file, read piece by piece. Throws UserError when it cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace manyfold
