#include "distill/adapter.h"

#include <ATen/ATen.h>

#include <cstdio>
#include <sstream>

#include "common/error.h"
#include "distill/channels.h"

namespace manyfold::distill {
namespace {

using at::Tensor;

// A probability of 0 has no logit; float16 networks give no smaller ones.
constexpr double kLeastProbability = 1e-6;

Tensor resized(const Tensor& map, const config::PictureSize& size) {
  if (map.size(2) == size.height && map.size(3) == size.width) return map;
  return at::upsample_bilinear2d(map, {size.height, size.width}, /*align_corners=*/false);
}

Tensor per_colour(const std::vector<double>& values, const Tensor& like) {
  return at::tensor(values, like.options()).view({1, 3, 1, 1});
}

bool binary(const OutputOptions& options) { return options.activation.rfind("binary_", 0) == 0; }

/// One channel cannot be a softmax.
OutputOptions read_alone(OutputOptions options, int64_t channels) {
  if (channels == 1 && !binary(options)) options.activation = "binary_" + options.activation;
  return options;
}

Tensor logits_of(const Tensor& x, const std::string& activation) {
  if (activation == "probabilities") return x.clamp_min(kLeastProbability).log();
  if (activation == "binary_probabilities") return x.logit(kLeastProbability);
  return x;
}

/// The student's classes out of the teacher's channels.
Tensor merged(const Tensor& scores, const std::vector<std::vector<int64_t>>& groups) {
  std::vector<Tensor> classes;
  for (const auto& group : groups) {
    std::vector<Tensor> parts;
    for (const auto channel : group) {
      parts.push_back(channel == kNone ? at::zeros_like(scores.slice(1, 0, 1))
                                       : scores.slice(1, channel, channel + 1));
    }
    classes.push_back(parts.size() == 1 ? parts[0] : at::cat(parts, 1).logsumexp(1, true));
  }
  return at::cat(classes, 1);
}

/// [N, C, h, w], or [N, C] of a class for each picture, whatever the order was.
Tensor ordered(const std::string& who, const Tensor& raw, const OutputOptions& options,
               data::LabelSpec::Kind kind) {
  const bool of_picture = kind == data::LabelSpec::Kind::class_index;
  auto x = options.layout == "nhwc" && raw.dim() == 4 ? raw.permute({0, 3, 1, 2}) : raw;
  if (of_picture && x.dim() == 4 && x.size(2) == 1 && x.size(3) == 1) x = x.flatten(1);
  if (x.dim() == (of_picture ? 2 : 4)) return x.to(at::kFloat);
  throw ConfigError(who + " is " + shape_text(raw) + ", expected " +
                    (of_picture                 ? "[N, classes]"
                     : options.layout == "nhwc" ? "[N, height, width, channels]"
                                                : "[N, channels, height, width]") +
                    "; name another output under `outputs`, or leave the task out of `tasks`");
}

}  // namespace

std::string shape_text(const Tensor& tensor) {
  std::ostringstream text;
  text << tensor.sizes();
  return text.str();
}

std::string check_activation(const std::string& who, const Tensor& raw,
                             const OutputOptions& options, data::LabelSpec::Kind kind) {
  constexpr double kTolerance = 1e-3;
  if (kind == data::LabelSpec::Kind::objects) return "";
  const auto x = ordered(who, raw, options, kind);
  const double low = x.min().item<double>(), high = x.max().item<double>();
  const bool in_unit = low >= -kTolerance && high <= 1 + kTolerance;
  const auto& said = options.activation;
  const std::string way = binary(options) ? "binary_" : "";
  if (said == way + "probabilities") {
    if (in_unit) return "";
    char range[64];
    std::snprintf(range, sizeof range, "from %.4g to %.4g", low, high);
    throw ConfigError(who + ": its numbers are " + range + ", and activation = " + said +
                      " means from 0 to 1; say activation: " + way + "logits");
  }
  if (!in_unit || x.size(1) == 1 || (x.sum(1) - 1).abs().max().item<double>() > kTolerance)
    return "";
  return who +
         ": its numbers are from 0 to 1 and sum to 1 over the classes, as probabilities do, " +
         "and are read as " + said +
         "; if a softmax is part of the model, say activation: probabilities";
}

Tensor prepare_pictures(const Tensor& pictures, const InputOptions& options) {
  auto x = pictures;
  const bool own_size = options.size.height == 0 ||
                        (x.size(2) == options.size.height && x.size(3) == options.size.width);
  if (!own_size) x = resized(x.to(at::kFloat), options.size);
  if (options.colour == "bgr") x = x.flip(1);
  if (options.type == "uint8") {
    if (!own_size) x = x.round().clamp(0, 255).to(at::kByte);
  } else {
    x = x.to(at::kFloat);
    x = (x * options.scale - per_colour(options.mean, x)) / per_colour(options.deviation, x);
  }
  return (options.layout == "nhwc" ? x.permute({0, 2, 3, 1}) : x).contiguous();
}

Tensor adapt_output(const std::string& who, const Tensor& raw, const OutputOptions& options,
                    const data::LabelSpec& student, const config::PictureSize& size) {
  const auto x = ordered(who, raw, options, student.kind);
  if (student.kind == data::LabelSpec::Kind::objects) return x;
  const auto reading = read_alone(options, x.size(1));
  const auto groups =
      map_channels(who, student.classes, options.classes, x.size(1), binary(reading));
  const auto scores = merged(logits_of(x, reading.activation), groups);
  if (student.kind == data::LabelSpec::Kind::class_index) return scores;
  const bool one = student.classes.size() == 2;
  return resized(one ? scores.slice(1, 1, 2) - scores.slice(1, 0, 1) : scores, size);
}

}  // namespace manyfold::distill
