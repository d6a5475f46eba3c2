#include "train/consistency.h"

#include <torch/types.h>

#include <algorithm>

#include "common/error.h"
#include "losses/consistency.h"

namespace manyfold::train {
namespace {

using Kind = data::LabelSpec::Kind;
using torch::Tensor;

/// Rows of N clips with T frames, as those of the first T - 1 frames and of the last.
struct Neighbours {
  Tensor earlier, later;

  Neighbours(const Tensor& rows, int64_t frames) {
    const auto clips = rows.unflatten(0, {-1, frames});
    earlier = clips.narrow(1, 0, frames - 1).flatten(0, 1);
    later = clips.narrow(1, 1, frames - 1).flatten(0, 1);
  }
};

/// One channel for a background and one class.
Tensor probabilities(const Tensor& logits) {
  return logits.size(1) == 1 ? logits.sigmoid() : logits.softmax(1);
}

/// A field of displacements at another resolution, in its pixels.
Tensor resized(const Tensor& motion, at::IntArrayRef size) {
  const auto height = size[2], width = size[3];
  if (motion.size(1) == height && motion.size(2) == width) return motion;
  const auto moved = torch::upsample_nearest2d(motion.permute({0, 3, 1, 2}), {height, width});
  const auto scale =
      torch::tensor({static_cast<double>(width) / static_cast<double>(motion.size(2)),
                     static_cast<double>(height) / static_cast<double>(motion.size(1))},
                    motion.options());
  return moved.permute({0, 2, 3, 1}) * scale;
}

Tensor resized_pictures(const Tensor& pictures, at::IntArrayRef size) {
  const auto scaled = pictures.to(torch::kFloat) / 255;
  if (scaled.size(2) == size[2] && scaled.size(3) == size[3]) return scaled;
  return torch::adaptive_avg_pool2d(scaled, {size[2], size[3]});
}

Lesson mask_lesson(const data::Batch& batch, double weight) {
  const auto frames = batch.frames();
  const auto motion = Neighbours(batch.motion, frames).later;
  const Neighbours pictures(batch.pictures.flatten(0, 1), frames);
  const auto loss = [=](const std::vector<Tensor>& outputs) {
    const Neighbours seen(probabilities(outputs.at(0)), frames);
    const auto size = seen.later.sizes();
    const auto moved = resized(motion, size);
    const auto agreement = losses::picture_agreement(resized_pictures(pictures.earlier, size),
                                                     resized_pictures(pictures.later, size), moved);
    return losses::warped_consistency(seen.earlier.detach(), seen.later, moved, agreement);
  };
  return {"consistency", weight, {}, loss};
}

Lesson class_lesson(const data::Batch& batch, const data::Labels& labels, double weight) {
  const auto frames = batch.frames();
  const Neighbours index(labels.index, frames);
  const auto same = index.earlier == index.later;  // unlabelled ones are -1
  const auto loss = [=](const std::vector<Tensor>& outputs) {
    const Neighbours seen(outputs.at(0).softmax(1), frames);
    return losses::class_consistency(seen.earlier.detach(), seen.later, same);
  };
  return {"consistency", weight, {}, loss};
}

}  // namespace

void ConsistencyOptions::fields(config::Fields& f) {
  f.field("weight", weight,
          "Of the difference between neighbouring predictions of clips, masks warped by the motion "
          "between the frames; 0: none.",
          config::at_least(0));
  f.field("tasks", tasks, "Tasks that it is asked of; empty: all with masks or classes.");
}

void check(const ConsistencyOptions& options, const Tasks& tasks) {
  std::vector<std::string> known;
  for (const auto& [name, task] : tasks) {
    if (task.task->label().kind != Kind::objects) known.push_back(name);
  }
  for (const auto& name : options.tasks) {
    if (std::count(known.begin(), known.end(), name)) continue;
    throw ConfigError("train.consistency.tasks names '" + name +
                      "', which is no task of this job with masks or classes" +
                      known_names(name, known));
  }
}

Lessons consistency_lessons(const Tasks& tasks, const data::Batch& batch,
                            const ConsistencyOptions& options) {
  Lessons lessons;
  if (options.weight == 0 || batch.frames() < 2) return lessons;
  for (const auto& [name, task] : tasks) {
    const auto& wanted = options.tasks;
    if (!wanted.empty() && std::count(wanted.begin(), wanted.end(), name) == 0) continue;
    const auto kind = task.task->label().kind;
    if (kind == Kind::mask && batch.motion.defined())
      lessons.by_task[name].push_back(mask_lesson(batch, options.weight));
    if (kind == Kind::class_index) {
      lessons.by_task[name].push_back(class_lesson(batch, batch.labels.at(name), options.weight));
    }
  }
  return lessons;
}

}  // namespace manyfold::train
