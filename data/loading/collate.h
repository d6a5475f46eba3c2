#pragma once

#include <opencv2/core.hpp>
#include <vector>

#include "data/augment/warp.h"
#include "data/loading/batch.h"

namespace manyfold::data {

/// What the samples of a batch are.
struct BatchShape {
  int64_t frames = 1;
  bool continues = false;  // see Batch
  bool motion = false;     // of its frames
};

/// The smaller views (`Sample::crops`) that every sample of a batch has.
struct CropShape {
  int64_t count = 0;
  cv::Size size;
};

/// Builds a batch slot by slot, in any order and from several threads at once (each slot once).
/// Pictures and masks are written where they will stay: the one copy between decoder and batch.
class BatchBuilder {
 public:
  /// Slots of frames of `size`, and of `crops`. Every task of `specs` gets its tensors.
  BatchBuilder(const LabelSpecs& specs, int64_t slots, BatchShape shape, cv::Size size,
               int64_t step, CropShape crops = {});

  /// Throws UserError when the sample has other frames than the batch's.
  void put(int64_t slot, const Sample& sample);

  /// Call once, after every slot has been put. F, the objects per frame, becomes the most that any
  /// frame of the batch holds, and at least 1.
  Batch finish();

 private:
  void put_motion(int64_t row, const Motion& motion);
  void put_labels(int64_t row, const std::map<std::string, Label>& labels);
  void put_objects(const LabelSpec& spec, const std::vector<Objects>& rows, Labels& labels) const;

  LabelSpecs specs_;
  int64_t slots_, frames_;
  cv::Size size_;
  CropShape crops_;
  Batch batch_;
  std::map<std::string, std::vector<Objects>> objects_;  // by task, by row
};

/// All samples, which must have frames, and crops, of one size and number, as one batch.
Batch collate(const std::vector<Sample>& samples, const LabelSpecs& specs, int64_t step = 0);

}  // namespace manyfold::data
