#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "data/label.h"
#include "distill/options.h"

namespace manyfold::distill {

/// Pictures as a teacher takes them.
///
///   pictures  uint8 [N, 3, H, W] RGB
///
/// Returns [N, 3, h, w] or [N, h, w, 3] of the size, type, layout, colours and range that the
/// options say. A size of 0 leaves the pictures' own; others are resized bilinearly.
at::Tensor prepare_pictures(const at::Tensor& pictures, const InputOptions& options);

/// A teacher's output of a task as the student's head would give it. Objects keep their
/// numbers: only the axes are put in order. Scores become logits of the student's classes
/// (`map_channels`; merged classes by logsumexp): [N, classes], or [N, C, H, W] of `size` with C =
/// 1 for a background and one class.
///
///   raw   [N, C] of a class for each picture, else [N, C, h, w] or as the layout says
///   size  of the student's pictures: maps of classes are resized to it bilinearly
///
/// Throws ConfigError, which begins with `who`, for a shape or channels that do not fit.
at::Tensor adapt_output(const std::string& who, const at::Tensor& raw, const OutputOptions& options,
                        const data::LabelSpec& student, const config::PictureSize& size);

/// Whether the numbers of a raw output of classes can be what `activation` says. Throws
/// ConfigError, which begins with `who`, for probabilities outside [0, 1]. Returns a warning, or
/// "": logits of several classes that are all in [0, 1] and sum to 1 are most likely probabilities.
std::string check_activation(const std::string& who, const at::Tensor& raw,
                             const OutputOptions& options, data::LabelSpec::Kind kind);

/// "[2, 3, 64, 64]"
std::string shape_text(const at::Tensor& tensor);

}  // namespace manyfold::distill
