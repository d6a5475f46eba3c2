#include "distill/map_loss.h"

#include <torch/types.h>

#include <algorithm>

#include "common/error.h"
#include "losses/attention_transfer.h"
#include "losses/hint.h"
#include "losses/relational.h"

namespace manyfold::distill {
namespace {

using torch::Tensor;
using Maps = std::vector<models::FeatureInfo>;

Maps::const_iterator find_map(const Maps& maps, int64_t stride) {
  return std::find_if(maps.begin(), maps.end(),
                      [&](const auto& info) { return info.stride == stride; });
}

std::string strides_of(const Maps& maps) {
  std::string text;
  for (const auto& info : maps) text += (text.empty() ? "" : ", ") + std::to_string(info.stride);
  return text.empty() ? "none" : text;
}

}  // namespace

MapLoss::MapLoss(std::string name, LossOptions options, const Maps& encoder,
                 const Teachers& teachers, torch::nn::Module& adapters)
    : name_(std::move(name)), options_(std::move(options)), maps_(encoder.size()) {
  const auto place = "distill.losses." + name_;
  const bool whole = options_.type == "relations";  // of pictures, out of each one's coarsest map
  const auto strides = whole ? std::vector<int64_t>{encoder.back().stride} : options_.strides;
  for (const auto stride : strides) {
    const auto ours = find_map(encoder, stride);
    if (ours == encoder.end()) {
      throw ConfigError(place + ".strides names " + std::to_string(stride) +
                        ", and the encoder's maps are at " + strides_of(encoder));
    }
    const auto before = pairs_.size();
    for (size_t i = 0; i < teachers.all.size(); ++i) {
      const auto maps = teachers.all[i]->features();
      const auto theirs = whole && !maps.empty() ? maps.end() - 1 : find_map(maps, stride);
      if (theirs == maps.end()) continue;
      pairs_.push_back({i, static_cast<size_t>(ours - encoder.begin()), theirs->stride});
      if (options_.type != "hint") continue;
      pairs_.back().adapter = adapters.register_module(
          name_ + "@" + teachers.all[i]->name() + "@" + std::to_string(stride),
          torch::nn::Conv2d(torch::nn::Conv2dOptions(ours->channels, theirs->channels, 1)));
    }
    if (pairs_.size() > before) continue;
    throw ConfigError(place + ": no teacher gives a feature map" +
                      (whole ? "" : " at stride " + std::to_string(stride)) +
                      "; name a foreign model's in distill.teachers.*.features; int8 and "
                      "fp16_device models and packages have none");
  }
}

Tensor MapLoss::compare(const Pair& pair, const Tensor& student, const Tensor& teacher) const {
  if (options_.type == "hint") {
    auto adapter = pair.adapter;
    return losses::hint(adapter->forward(student), teacher);
  }
  if (options_.type == "attention") return losses::transfer_attention(student, teacher);
  const auto s = student.mean({2, 3}), t = teacher.mean({2, 3});
  return losses::relate_distances(s, t) * options_.distances +
         losses::relate_angles(s, t) * options_.angles;
}

void MapLoss::teach(train::Lessons& lessons, double weight, const Teachers& teachers,
                    const Answers& answers) const {
  std::vector<Tensor> taught;
  std::vector<double> weights;
  for (const auto& pair : pairs_) {
    taught.push_back(answers[pair.teacher].features.at(pair.stride));
    weights.push_back(teachers.weights[pair.teacher]);
  }
  const auto loss = [this, taught, weights](const std::vector<Tensor>& features) {
    TORCH_CHECK(features.size() == maps_, "distillation: expected the encoder's ", maps_,
                " maps, got ", features.size());
    Tensor sum;
    double total = 0;
    for (size_t i = 0; i < pairs_.size(); ++i) {
      const auto student = features[pairs_[i].map].to(torch::kFloat);
      const auto part = compare(pairs_[i], student, taught[i]) * weights[i];
      sum = sum.defined() ? sum + part : part;
      total += weights[i];
    }
    return sum / total;
  };
  lessons.features.push_back({name_, weight, loss});
}

}  // namespace manyfold::distill
