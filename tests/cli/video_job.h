#pragma once

#include "tests/cli/job.h"

namespace manyfold::cli {

/// A small job with drawn clips of people, for training and validation, and a memory of the
/// coarsest map.
class VideoJob : public Job {
 protected:
  std::string at(const std::string& name) const { return (folder / name).string(); }

  /// Eight steps. `schedule`: what gives the model its memory, and the phases.
  std::vector<std::string> video(const std::string& dir, const std::vector<std::string>& schedule,
                                 const std::vector<std::string>& more) const {
    const std::string clips =
        "{type: synthetic, group: people, picture_size: [64,64], "
        "labels: {segmentation: {from: mask}}, size: 8, length: ";
    auto words = schedule;
    words.insert(
        words.end(),
        {"model.temporal.strides=[32]", "model.temporal.channels=0.25", "train.steps=8",
         "data.clips.frames=4", "+data.sources.clips=" + clips + "16}",
         "+data.validation.clips=" + clips + "12, first: 90}", "data.validation.clips.size=2"});
    words.insert(words.end(), more.begin(), more.end());
    return job(dir, words);
  }
};

}  // namespace manyfold::cli
