#include "distill/labelled_source.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/imgcodecs.hpp>

#include "common/error.h"
#include "data/loading/parallel.h"

namespace manyfold::distill {
namespace {

using data::Label;

void count_label(const Label& label, TaskCount& count) {
  if (const auto* index = std::get_if<data::ClassIndex>(&label)) {
    ++count.classes.at(static_cast<size_t>(index->index));
  } else if (const auto* mask = std::get_if<data::Mask>(&label)) {
    for (size_t c = 0; c < count.classes.size(); ++c)
      count.classes[c] += cv::countNonZero(mask->classes == static_cast<int>(c));
    count.ignored += cv::countNonZero(mask->classes == static_cast<int>(data::Mask::kIgnore));
  } else {
    for (const auto& object : std::get<data::Objects>(label).list)
      ++(object.ignore ? count.ignored : count.classes.at(static_cast<size_t>(object.class_index)));
  }
}

void count(const PseudoLabels& labels, const data::LabelSpecs& specs,
           std::map<std::string, TaskCount>& counts) {
  for (const auto& [task, spec] : specs) {
    auto& of_task = counts[task];
    const auto label = labels.labels.find(task);
    if (label == labels.labels.end()) {
      ++of_task.unlabelled;
      continue;
    }
    ++of_task.labelled;
    const double difference = labels.scores.at(task) - of_task.score;
    of_task.score += difference / static_cast<double>(of_task.labelled);
    count_label(label->second, of_task);
  }
}

}  // namespace

LabelledSource::LabelledSource(const data::Source& pictures, const Labeller& labeller,
                               const Options& options)
    : Source(pictures.name(), pictures.synthetic()), pictures_(pictures) {
  for (const auto& [task, spec] : labeller.specs())
    counts_[task].classes.assign(spec.classes.size(), 0);
  for (int64_t first = 0; first < pictures.size(); first += options.batch) {
    std::vector<int64_t> batch(
        static_cast<size_t>(std::min(options.batch, pictures.size() - first)));
    std::iota(batch.begin(), batch.end(), first);
    label_batch(batch, labeller, options.threads);
    if (options.progress) options.progress(static_cast<int64_t>(batch.size()));
  }
}

void LabelledSource::label_batch(const std::vector<int64_t>& batch, const Labeller& labeller,
                                 int threads) {
  std::vector<cv::Mat> decoded(batch.size());
  std::vector<std::string> causes(batch.size());
  data::parallel_for(static_cast<int64_t>(batch.size()), threads, [&](int64_t number) {
    const auto i = static_cast<size_t>(number);
    try {
      decoded[i] = pictures_.get(batch[i]).frames.at(0).picture;
    } catch (const UserError& error) {
      causes[i] = error.what();
    }
  });
  std::vector<cv::Mat> good;
  std::vector<int64_t> indices;
  for (size_t i = 0; i < batch.size(); ++i) {
    if (decoded[i].empty()) {
      failures_.push_back(causes[i]);
    } else {
      good.push_back(decoded[i]);
      indices.push_back(batch[i]);
    }
  }
  auto labels = labeller.label(good);
  for (size_t i = 0; i < good.size(); ++i) keep(indices[i], std::move(labels[i]), labeller.specs());
}

void LabelledSource::keep(int64_t index, PseudoLabels labels, const data::LabelSpecs& specs) {
  count(labels, specs, counts_);
  Item item{index, std::move(labels), {}};
  auto& kept = item.labels.labels;
  for (auto label = kept.begin(); label != kept.end();) {
    const auto* mask = std::get_if<data::Mask>(&label->second);
    if (mask) cv::imencode(".png", mask->classes, item.masks[label->first]);
    label = mask ? kept.erase(label) : std::next(label);
  }
  items_.push_back(std::move(item));
}

data::Sample LabelledSource::get(int64_t index, int64_t) const {
  const auto& item = items_.at(static_cast<size_t>(index));
  auto sample = pictures_.get(item.index);
  auto& labels = sample.frames.at(0).labels;
  labels = item.labels.labels;
  for (const auto& [task, png] : item.masks)
    labels[task] = data::Mask{cv::imdecode(png, cv::IMREAD_GRAYSCALE)};
  return sample;
}

std::string LabelledSource::sample_name(int64_t index) const {
  return pictures_.sample_name(items_.at(static_cast<size_t>(index)).index);
}

std::vector<std::filesystem::path> LabelledSource::files(int64_t index) const {
  return pictures_.files(items_.at(static_cast<size_t>(index)).index);
}

std::optional<int64_t> LabelledSource::class_of(int64_t index, const std::string& task) const {
  const auto& labels = items_.at(static_cast<size_t>(index)).labels.labels;
  const auto label = labels.find(task);
  if (label == labels.end()) return std::nullopt;
  const auto* named = std::get_if<data::ClassIndex>(&label->second);
  return named ? std::optional(named->index) : std::nullopt;
}

nlohmann::json LabelledSource::fields(int64_t index) const {
  nlohmann::json fields = nlohmann::json::object();
  const auto behind = files(index);
  if (!behind.empty()) fields["source"] = behind.front().string();
  for (const auto& [task, score] : items_.at(static_cast<size_t>(index)).labels.scores)
    fields[task + "_score"] = std::round(1e4 * score) / 1e4;
  return fields;
}

}  // namespace manyfold::distill
