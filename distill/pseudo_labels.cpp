#include "distill/pseudo_labels.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "common/error.h"
#include "distill/flip.h"
#include "distill/model_teacher.h"

namespace manyfold::distill {

/// One picture's way to the network.
struct Labeller::Frame {
  data::Geometry geometry;
  cv::Size size;  // of the picture
};

/// What one annotator says of a batch.
struct Labeller::View {
  models::Outputs outputs;
  const train::Tasks* tasks;
  bool mirrored;
};

namespace {

using at::Tensor;
using data::LabelSpec;

bool same(const LabelSpec& a, const LabelSpec& b) {
  return a.kind == b.kind && a.classes == b.classes && a.landmarks == b.landmarks;
}

data::LabelSpecs specs_of(const std::vector<Annotator>& annotators) {
  data::LabelSpecs specs;
  for (const auto& annotator : annotators) {
    for (const auto& [task, spec] : train::label_specs(annotator.tasks)) {
      const auto [known, fresh] = specs.emplace(task, spec);
      if (fresh || same(known->second, spec)) continue;
      throw UserError("the models do not mean the same by task " + task +
                      ": its kind of label, its classes or its key points differ; label with each "
                      "of them alone");
    }
  }
  return specs;
}

/// uint8 [1, 3, H, W].
Tensor network_picture(const cv::Mat& rgb, const data::Geometry& geometry) {
  const cv::Mat network = data::warp_picture(rgb, geometry);
  return at::from_blob(network.data, {1, network.rows, network.cols, 3}, at::kByte)
      .permute({0, 3, 1, 2})
      .clone();
}

/// Raw scores, one for each class along dimension 1 or one for the second of two, in [0, 1].
Tensor probabilities(const Tensor& raw, const LabelSpec& spec) {
  const auto logits = raw.to(at::kFloat);
  const auto classes = static_cast<int64_t>(spec.classes.size());
  const bool binary = logits.size(1) == 1 && classes == 2;
  TORCH_CHECK(binary || logits.size(1) == classes, "Labeller: an output has ", logits.size(1),
              " channels for ", classes, " classes");
  if (!binary) return logits.softmax(1);
  const auto second = logits.sigmoid();
  return at::cat({1 - second, second}, 1);
}

/// Maps of another annotator may have another size.
Tensor sized_like(const Tensor& scores, const Tensor& other) {
  if (scores.dim() != 4 || scores.sizes() == other.sizes()) return scores;
  return at::upsample_bilinear2d(scores, {other.size(2), other.size(3)}, /*align_corners=*/false);
}

double mean_score(const data::Objects& objects) {
  double sum = 0, count = 0;
  for (const auto& object : objects.list) {
    if (object.ignore) continue;
    sum += object.score;
    ++count;
  }
  return count > 0 ? sum / count : 1;
}

}  // namespace

double PseudoLabelOptions::threshold(const std::string& task, const LabelSpec& spec) const {
  const auto own = thresholds.find(task);
  if (own != thresholds.end()) return own->second;
  switch (spec.kind) {
    case LabelSpec::Kind::mask:
      return mask.threshold;
    case LabelSpec::Kind::class_index:
      return class_threshold;
    case LabelSpec::Kind::objects:
      return objects.threshold;
  }
  TORCH_CHECK(false, "PseudoLabelOptions: a label of no known kind");
}

Labeller::Labeller(std::vector<Annotator> annotators, cv::Size network, data::Fit fit,
                   PseudoLabelOptions options)
    : annotators_(std::move(annotators)),
      network_(network),
      fit_(fit),
      options_(std::move(options)),
      specs_(specs_of(annotators_)) {
  check();
}

void Labeller::check() const {
  std::vector<std::string> names;
  for (const auto& [task, spec] : specs_) {
    names.push_back(task);
    if (options_.flip && spec.landmarks > 0 && spec.mirrored_landmark.empty()) {
      throw ConfigError("task " + task + " does not say which of its " +
                        std::to_string(spec.landmarks) +
                        " key points become which in a mirrored picture: label without mirrored "
                        "pictures, or set the task's `mirrored`");
    }
  }
  for (const auto& [task, spec] : specs_) {
    const double threshold = options_.threshold(task, spec);
    if (spec.kind != LabelSpec::Kind::objects || options_.objects.lowest <= threshold) continue;
    throw ConfigError("--lowest " + std::to_string(options_.objects.lowest) +
                      " is above the threshold of task " + task + ", " + std::to_string(threshold) +
                      ": what lies between them would be lost");
  }
  for (const auto& [task, threshold] : options_.thresholds) {
    if (!specs_.count(task))
      throw ConfigError("a threshold for task '" + task + "', which no model has" +
                        known_names(task, names));
  }
}

std::vector<Labeller::View> Labeller::look(const std::vector<cv::Mat>& pictures) const {
  std::vector<Tensor> rows;
  for (const auto& picture : pictures)
    rows.push_back(network_picture(picture, data::fit(picture.size(), network_, fit_)));
  const auto batch = at::cat(rows);
  std::vector<View> views;
  for (const auto& annotator : annotators_) {
    views.push_back({annotator.predict(batch), &annotator.tasks, false});
    if (options_.flip) views.push_back({annotator.predict(batch.flip(3)), &annotator.tasks, true});
  }
  return views;
}

std::vector<PseudoLabels> Labeller::label(const std::vector<cv::Mat>& pictures) const {
  std::vector<Frame> frames;
  for (const auto& picture : pictures)
    frames.push_back({data::fit(picture.size(), network_, fit_), picture.size()});
  std::vector<PseudoLabels> results(pictures.size());
  if (pictures.empty()) return results;
  const auto views = look(pictures);
  for (const auto& [task, spec] : specs_) {
    const auto add =
        spec.kind == LabelSpec::Kind::objects ? &Labeller::label_objects : &Labeller::label_scores;
    (this->*add)(task, views, frames, results);
  }
  return results;
}

void Labeller::label_scores(const std::string& task, const std::vector<View>& views,
                            const std::vector<Frame>& frames,
                            std::vector<PseudoLabels>& results) const {
  const auto& spec = specs_.at(task);
  Tensor sum;
  double count = 0;
  for (const auto& view : views) {
    if (!find_task(*view.tasks, task)) continue;
    auto scores = probabilities(view.outputs.at(task).at(0), spec);
    if (view.mirrored) scores = unmirror_scores(scores, spec);
    sum = sum.defined() ? sum + sized_like(scores, sum) : scores;
    ++count;
  }
  const auto mean = sum / count;
  MaskRule rule = options_.mask;
  rule.threshold = options_.threshold(task, spec);
  for (size_t row = 0; row < frames.size(); ++row) {
    const auto scores = mean[static_cast<int64_t>(row)];
    if (spec.kind == LabelSpec::Kind::class_index) {
      const auto index = certain_class(scores, rule.threshold);
      if (!index) continue;
      results[row].labels[task] = *index;
      results[row].scores[task] = index->score;
    } else {
      auto mask = certain_mask(scores, frames[row].geometry, frames[row].size, rule);
      if (!mask) continue;
      results[row].labels[task] = std::move(mask->mask);
      results[row].scores[task] = mask->score;
    }
  }
}

void Labeller::label_objects(const std::string& task, const std::vector<View>& views,
                             const std::vector<Frame>& frames,
                             std::vector<PseudoLabels>& results) const {
  const auto& spec = specs_.at(task);
  std::vector<std::vector<std::vector<data::Object>>> found(frames.size());  // by picture, by view
  for (const auto& view : views) {
    const auto* reader = find_task(*view.tasks, task);
    if (!reader) continue;
    const auto decoded = reader->decode(view.outputs.at(task), network_);
    for (size_t row = 0; row < frames.size(); ++row) {
      auto objects = std::get<data::Objects>(decoded.at(row));
      if (view.mirrored) {
        objects.list =
            unmirror_objects(std::move(objects.list), spec, static_cast<float>(network_.width));
      }
      const auto label = data::unwarp_label(objects, frames[row].geometry, frames[row].size);
      found[row].push_back(inside(std::get<data::Objects>(label).list, frames[row].size));
    }
  }
  ObjectRule rule = options_.objects;
  rule.threshold = options_.threshold(task, spec);
  for (size_t row = 0; row < frames.size(); ++row) {
    auto objects = certain_objects(found[row], rule);
    if (!objects) continue;
    results[row].scores[task] = mean_score(*objects);
    results[row].labels[task] = std::move(*objects);
  }
}

}  // namespace manyfold::distill
