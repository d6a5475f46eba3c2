#pragma once

#include <memory>
#include <string>
#include <vector>

#include "distill/model_teacher.h"
#include "models/multitask.h"
#include "train/evaluate.h"

namespace manyfold::distill {

/// A model of this project that teaches.
struct NativeModel {
  train::Tasks tasks;            // its own
  config::PictureSize size;      // of its own pictures
  std::string hash;              // SHA-256 of its file
  std::vector<int64_t> strides;  // of the feature maps that `run` gives
  Run run;                       // its tasks' outputs by name, maps as map_name()
};

/// What a feature map is called among a native model's outputs: "stride32".
std::string map_name(int64_t stride);

/// Runs a model with its encoder's maps, on the device where it is. Puts it into evaluation mode.
Run run_with_maps(models::MultiTaskModel model);
/// Runs a model of which only the outputs are known, such as an int8 one.
Run run_outputs(train::Predictor predict);

/// A teacher out of a model of this project. Tasks of the same name are taught (or as
/// `outputs.<task>.name` says), classes are found by name: what a student's segmentation does not
/// know is its background. `strides`: the feature maps that are wanted of it; those it has not are
/// left out.
///
/// Throws ConfigError for a task of another kind, a class that it has not, and objects with other
/// anchors, key points or cells; it says what differs. So it does for `input` and `features`, which
/// such a model knows.
std::shared_ptr<Teacher> native_teacher(TeacherSetup setup, NativeModel model,
                                        const std::vector<int64_t>& strides);

}  // namespace manyfold::distill
