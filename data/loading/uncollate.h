#pragma once

#include <opencv2/core.hpp>
#include <optional>

#include "data/loading/batch.h"

namespace manyfold::data {

/// The label of one row of a batch (frame t of sample n is row n T + t) as it was before collate(),
/// in pixels of the batch's pictures;
/// nothing where the row does not carry it. Masks share the batch's memory, which must be on the
/// CPU and outlive them.
std::optional<Label> label_of(const Labels& labels, const LabelSpec& spec, int64_t row,
                              cv::Size picture);

/// One frame of a sample of pictures (uint8 [N, T, 3, H, W] on the CPU) as an RGB picture of its
/// own.
cv::Mat picture_of(const at::Tensor& pictures, int64_t sample, int64_t frame = 0);

}  // namespace manyfold::data
