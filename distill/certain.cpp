#include "distill/certain.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "metrics/matching.h"

namespace manyfold::distill {
namespace {

using data::Object;

/// From the pixels of a map of `size` to the picture's; OpenCV counts pixel centres at whole
/// numbers.
cv::Matx23d from_map(const data::Geometry& geometry, cv::Size size) {
  const auto to_map = data::scale(static_cast<double>(size.width) / geometry.size.width,
                                  static_cast<double>(size.height) / geometry.size.height) *
                      geometry.map;
  return (data::shift(-0.5, -0.5) * to_map.inv() * data::shift(0.5, 0.5)).get_minor<2, 3>(0, 0);
}

struct Candidate {
  const Object* object;
  size_t view;
  bool used = false;
};

/// Of all views, the surest first.
std::vector<Candidate> candidates(const std::vector<std::vector<Object>>& views) {
  std::vector<Candidate> all;
  for (size_t view = 0; view < views.size(); ++view) {
    for (const auto& object : views[view]) all.push_back({&object, view});
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.object->score > b.object->score; });
  return all;
}

/// What shows the seed's object in another view: the candidate that overlaps it most.
Candidate* counterpart(const Candidate& seed, size_t view, std::vector<Candidate>& all,
                       const ObjectRule& rule) {
  Candidate* best = nullptr;
  double most = rule.iou;
  for (auto& other : all) {
    if (other.used || other.view != view || other.object->score < rule.threshold / 2) continue;
    if (other.object->class_index != seed.object->class_index) continue;
    const double iou = metrics::box_iou(seed.object->box, other.object->box);
    if (best ? iou <= most : iou < most) continue;
    best = &other;
    most = iou;
  }
  return best;
}

/// The seed and its counterpart in every other view; empty when a view has none.
std::vector<Candidate*> agreeing(Candidate& seed, size_t views, std::vector<Candidate>& all,
                                 const ObjectRule& rule) {
  std::vector<Candidate*> found;
  for (size_t view = 0; view < views; ++view) {
    auto* candidate = view == seed.view ? &seed : counterpart(seed, view, all, rule);
    if (!candidate) return {};
    found.push_back(candidate);
  }
  return found;
}

void add_landmarks(const Object& from, float share, Object& to) {
  for (size_t k = 0; k < to.landmarks.size(); ++k) {
    to.landmarks[k] += from.landmarks.at(k) * share;
    to.visible[k] = to.visible[k] && from.visible.at(k);
  }
}

/// Hides the key points on which the views do not agree.
void hide_drifting(const std::vector<Candidate*>& found, double drift, Object& mean) {
  const double most = drift * std::sqrt(mean.box.area());
  for (size_t k = 0; k < mean.landmarks.size(); ++k) {
    for (const auto* candidate : found) {
      if (cv::norm(candidate->object->landmarks[k] - mean.landmarks[k]) > most) mean.visible[k] = 0;
    }
  }
}

Object mean_of(const std::vector<Candidate*>& found, const ObjectRule& rule) {
  const float share = 1.0f / static_cast<float>(found.size());
  Object mean = *found.front()->object;
  mean.box = {};
  mean.score = 0;
  std::fill(mean.landmarks.begin(), mean.landmarks.end(), cv::Point2f());
  for (const auto* candidate : found) {
    const auto& object = *candidate->object;
    mean.box.x += object.box.x * share;
    mean.box.y += object.box.y * share;
    mean.box.width += object.box.width * share;
    mean.box.height += object.box.height * share;
    mean.score += object.score * share;
    add_landmarks(object, share, mean);
  }
  hide_drifting(found, rule.drift, mean);
  return mean;
}

}  // namespace

std::optional<data::ClassIndex> certain_class(const at::Tensor& scores, double threshold) {
  const auto [best, index] = scores.max(0);
  const auto score = best.item<float>();
  if (!(score >= threshold)) return std::nullopt;
  return data::ClassIndex{index.item<int64_t>(), score};
}

std::optional<CertainMask> certain_mask(const at::Tensor& scores, const data::Geometry& geometry,
                                        cv::Size picture, const MaskRule& rule) {
  const auto maps = scores.to(at::kFloat).cpu().contiguous();
  const cv::Size size(static_cast<int>(maps.size(2)), static_cast<int>(maps.size(1)));
  const auto map = from_map(geometry, size);
  cv::Mat index = cv::Mat::zeros(picture, CV_8UC1), best = cv::Mat::zeros(picture, CV_32FC1), score;
  for (int64_t c = 0; c < maps.size(0); ++c) {
    const cv::Mat channel(size, CV_32FC1, maps[c].data_ptr<float>());
    cv::warpAffine(channel, score, map, picture, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
    index.setTo(static_cast<double>(c), score > best);
    cv::max(score, best, best);
  }
  const cv::Mat certain = best >= rule.threshold;
  const int count = cv::countNonZero(certain);
  if (count == 0 || count < rule.share * static_cast<double>(certain.total())) return std::nullopt;
  index.setTo(data::Mask::kIgnore, ~certain);
  return CertainMask{data::Mask{index}, cv::mean(best, certain)[0]};
}

std::optional<data::Objects> certain_objects(const std::vector<std::vector<Object>>& views,
                                             const ObjectRule& rule) {
  auto all = candidates(views);
  std::vector<Object> kept;
  int64_t certain = 0;
  for (auto& seed : all) {
    const auto& object = *seed.object;
    const bool doubled = std::any_of(kept.begin(), kept.end(), [&](const Object& other) {
      return metrics::box_iou(object.box, other.box) >= rule.iou;
    });
    if (seed.used || doubled || object.score < rule.lowest) continue;
    std::vector<Candidate*> found;
    if (object.score >= rule.threshold) found = agreeing(seed, views.size(), all, rule);
    if (found.empty()) {
      kept.push_back(object);
      kept.back().ignore = true;
      continue;
    }
    for (auto* candidate : found) candidate->used = true;
    kept.push_back(mean_of(found, rule));
    ++certain;
  }
  if (certain > 0 || (rule.absent && kept.empty())) return data::Objects{kept};
  return std::nullopt;
}

std::vector<Object> inside(const std::vector<Object>& objects, cv::Size picture) {
  const cv::Rect2f frame({0, 0}, cv::Size2f(picture));
  std::vector<Object> result;
  for (Object object : objects) {
    object.box &= frame;
    if (object.box.width < 1 || object.box.height < 1) continue;
    for (size_t k = 0; k < object.landmarks.size(); ++k) {
      object.visible[k] = object.visible[k] && frame.contains(object.landmarks[k]);
    }
    result.push_back(std::move(object));
  }
  return result;
}

}  // namespace manyfold::distill
