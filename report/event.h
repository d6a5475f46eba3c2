#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <string>

#include "report/metrics_log.h"

/// TensorBoard's events as bytes: the few fields of TensorFlow's event.proto, summary.proto and
/// tensor.proto that scalars, pictures and text need, in protobuf's wire format.
namespace manyfold::report::event {

/// The first event of every file.
std::string file_version(double wall_time);

/// A new session from `step` on: TensorBoard drops what earlier files say of that step and later
/// ones, which is how a resumed run overwrites its own end.
std::string session_start(double wall_time, int64_t step);

std::string scalars(double wall_time, int64_t step, const NamedValues& values);

/// `png`: the encoded picture; `size` is its own.
std::string picture(double wall_time, int64_t step, const std::string& tag, const std::string& png,
                    cv::Size size);

/// `markdown` is shown formatted, on the page TEXT.
std::string text(double wall_time, int64_t step, const std::string& tag,
                 const std::string& markdown);

/// An event framed as a TFRecord: length, its checksum, the bytes, their checksum.
std::string record(const std::string& bytes);

}  // namespace manyfold::report::event
