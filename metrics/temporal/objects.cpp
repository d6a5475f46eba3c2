#include "metrics/temporal/objects.h"

#include <algorithm>
#include <iterator>

#include "metrics/matching.h"
#include "metrics/temporal/links.h"

namespace manyfold::metrics {
namespace {

using data::Object;
using data::Objects;

template <class Condition>
std::vector<Object> those(const data::Label& label, const Condition& condition) {
  std::vector<Object> result;
  const auto& all = std::get<Objects>(label).list;
  std::copy_if(all.begin(), all.end(), std::back_inserter(result), condition);
  return result;
}

void append(const Jitter& jitter, const std::string& what, const std::string& explanation,
            int64_t landmarks, std::vector<Figure>& figures) {
  using Part = std::pair<std::string, Mean Jitter::Parts::*>;
  std::vector<Part> parts = {{"centre", &Jitter::Parts::centre}, {"size", &Jitter::Parts::size}};
  if (landmarks > 0) parts.emplace_back("landmark", &Jitter::Parts::landmarks);
  for (const auto& [name, part] : parts) {
    const Mean &relative = jitter.relative.*part, &pixels = jitter.pixels.*part;
    figures.push_back({name + "_" + what, relative.value(), false, relative.count, "objects",
                       explanation + " Divided by sqrt(w h) of the box."});
    figures.push_back({name + "_" + what + "_px", pixels.value(), false, pixels.count, "objects",
                       explanation + " In pixels."});
  }
}

}  // namespace

void TemporalObjectsMetric::start() {
  last_.reset();
  second_last_.reset();
  for (auto* each : {&centre_jitter_, &landmark_jitter_, &recall_}) each->start();
}

TemporalObjectsMetric::Moment TemporalObjectsMetric::moment(const data::Label& predicted,
                                                            const data::Label* truth) const {
  Moment now;
  now.detections =
      those(predicted, [&](const Object& o) { return o.score >= options_.operating_score; });
  now.before = link_objects(now.detections, last_ ? last_->detections : std::vector<Object>(),
                            options_.link_iou);
  if (truth != nullptr) {
    now.truths = those(*truth, [](const Object& o) { return !is_ignore_region(o); });
    now.found = link_objects(now.truths, now.detections, options_.link_iou);
    now.labelled = true;
  }
  return now;
}

void TemporalObjectsMetric::add(const data::Label& predicted, const data::Label* truth,
                                const cv::Mat& /*picture*/, const data::Motion& /*motion*/) {
  Moment now = moment(predicted, truth);
  std::vector<Mean> found(1);
  for (const int64_t detection : now.found) found[0].add(detection >= 0 ? 1 : 0);
  recall_.add(found);
  const Jitter jitter = second_last_ ? accelerations(now) : Jitter();
  jitter_ += jitter;
  centre_jitter_.add({jitter.relative.centre});
  landmark_jitter_.add({jitter.relative.landmarks});
  if (last_ && last_->labelled && now.labelled) add_steps(now);
  second_last_ = std::move(last_);
  last_ = std::move(now);
}

Jitter TemporalObjectsMetric::accelerations(const Moment& now) const {
  Jitter jitter;
  for (size_t i = 0; i < now.detections.size(); ++i) {
    const int64_t middle = now.before[i];
    const int64_t first = middle < 0 ? -1 : last_->before[middle];
    if (first < 0) continue;
    add_acceleration(second_last_->detections[first], last_->detections[middle], now.detections[i],
                     jitter);
  }
  return jitter;
}

void TemporalObjectsMetric::add_steps(const Moment& now) {
  const auto before = link_objects(now.truths, last_->truths, options_.link_iou);
  for (size_t i = 0; i < now.truths.size(); ++i) {
    if (before[i] < 0) continue;
    const int64_t from = last_->found[before[i]], to = now.found[i];
    if (from < 0) continue;
    breaks_.add(to >= 0 && now.before[to] == from ? 0 : 1);
    if (to < 0) continue;
    add_step_error(last_->detections[from], now.detections[to], last_->truths[before[i]],
                   now.truths[i], step_error_);
  }
}

std::vector<Figure> TemporalObjectsMetric::figures() const {
  std::vector<Figure> all;
  append(jitter_, "jitter", "Mean acceleration of detections over three frames.", landmarks_, all);
  append(step_error_, "step_error", "Mean difference between a detection's step and the true one.",
         landmarks_, all);
  all.push_back({"track_breaks", breaks_.value(), false, breaks_.count, "objects",
                 "Share of detections of an object that is in the next frame too that are not "
                 "followed into it."});
  const int64_t frames = options_.trained_frames;
  centre_jitter_.append_ends("centre_jitter", false, frames, all);
  if (landmarks_ > 0) landmark_jitter_.append_ends("landmark_jitter", false, frames, all);
  recall_.append_ends("recall", true, frames, all);
  return all;
}

nlohmann::json TemporalObjectsMetric::details() const { return {{"by_frame", recall_.by_frame()}}; }

}  // namespace manyfold::metrics
