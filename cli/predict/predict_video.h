#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/job/load_model.h"
#include "cli/output_folder.h"

namespace manyfold::cli {

/// Whether an input is a stream of frames: a video file, or a camera, "camera:0".
bool is_stream(const std::filesystem::path& input);

/// Runs a model along a video file or what a camera sees, carrying what it remembers from frame to
/// frame, and writes the video with overlays and a line of results for each frame. `most`: frames
/// after which it stops; 0 = at the end, of a camera at a signal that train::StopSignals of the
/// caller catches. What was written stays if the input ends early. Returns what stands of it in
/// predictions.jsonl. Throws UserError for an input that cannot be opened, holds no frame, or ends
/// early.
nlohmann::json predict_video(const LoadedModel& loaded, const std::filesystem::path& input,
                             OutputFolder& out, int64_t most);

}  // namespace manyfold::cli
