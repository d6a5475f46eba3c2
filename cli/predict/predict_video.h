#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/job/load_model.h"
#include "cli/output_folder.h"

namespace manyfold::cli {

/// Runs a model along a stream (cli/predict/stream.h), carrying what it remembers from frame to
/// frame, and writes the video with overlays and a line of results for each frame. `most`: frames
/// after which it stops; 0 = at the end, of a camera at a signal that train::StopSignals of the
/// caller catches. What was written stays if the input ends early. Returns what stands of it in
/// predictions.jsonl. Throws UserError for an input that cannot be opened, holds no frame or one
/// that cannot be used, or ends early.
nlohmann::json predict_video(const LoadedModel& loaded, const std::filesystem::path& input,
                             OutputFolder& out, int64_t most);

}  // namespace manyfold::cli
