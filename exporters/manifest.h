#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "exporters/package.h"

// manifest.json, inside of a package's folder and as a model's metadata.
namespace manyfold::exporters {

inline constexpr const char* kFloat = "fp32";
inline constexpr const char* kHalf = "fp16";
inline constexpr const char* kInt8 = "int8";
inline constexpr const char* kManifest = "manifest.json";

/// "model.int8.onnx"; of fp32, "model.onnx".
std::string file_of(const std::string& precision);

/// Of the models that are asked for; the one to run comes last.
std::vector<std::string> precisions(const PackageOptions& options);

/// What the package says of itself, of its model of one precision, and of what `options.manifest`
/// adds. Throws UserError for an added key that is the package's own.
nlohmann::json make_manifest(const graph::Graph& graph, const PackageOptions& options,
                             const std::string& precision);

/// Each key for people and tools that show metadata, and the whole for `Package::open`.
std::map<std::string, std::string> as_metadata(nlohmann::json manifest);
nlohmann::json from_metadata(const std::map<std::string, std::string>& metadata);

bool is_package(const std::filesystem::path& folder);

/// Throws UserError for a file that is no manifest, or of a newer format.
nlohmann::json read_manifest(const std::filesystem::path& path);
void refuse_newer_format(const std::filesystem::path& path, const nlohmann::json& manifest);

/// Throws UserError for a file of the package that is missing or was changed, naming it.
void check_files(const std::filesystem::path& folder, const nlohmann::json& manifest);

/// Throws UserError when a manifest says something else of the memory than the model's `own`, that
/// of its metadata: other pairs, or another shape of one.
void check_states(const std::filesystem::path& model, const nlohmann::json& manifest,
                  const nlohmann::json& own);

}  // namespace manyfold::exporters
