#include "data/anchors.h"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

#include "common/error.h"
#include "common/random.h"

namespace manyfold::data {
namespace {

using Shapes = std::vector<cv::Size2d>;

/// Beside those of common/random.h, which belong to training.
constexpr uint32_t kPurpose = 0x616e6368;
/// With a mean as centroid this distance need not fall in every step, so there must be an end.
constexpr int kMostSteps = 300;

double distance(const cv::Size2d& a, const cv::Size2d& b) { return 1 - shape_iou(a, b); }

size_t nearest(const cv::Size2d& box, const Shapes& anchors) {
  size_t best = 0;
  for (size_t i = 1; i < anchors.size(); ++i) {
    if (shape_iou(box, anchors[i]) > shape_iou(box, anchors[best])) best = i;
  }
  return best;
}

/// A number by weight: one of weight 0 is never drawn.
size_t draw(const std::vector<double>& weights, Random& random) {
  double sum = 0;
  for (const double weight : weights) sum += weight;
  double left = static_cast<double>(random.uniform()) * sum;
  size_t drawn = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    drawn = i;
    left -= weights[i];
    if (left < 0) break;
  }
  return drawn;
}

/// k-means++: each further one by the squared distance to the nearest so far.
Shapes first_anchors(const Shapes& boxes, int64_t count, Random& random) {
  Shapes anchors = {boxes[random.below(static_cast<uint32_t>(boxes.size()))]};
  std::vector<double> weights(boxes.size(), 1);
  while (static_cast<int64_t>(anchors.size()) < count) {
    for (size_t i = 0; i < boxes.size(); ++i) {
      const double far = distance(boxes[i], anchors.back());
      weights[i] = std::min(weights[i], far * far);
    }
    anchors.push_back(boxes[draw(weights, random)]);
  }
  return anchors;
}

/// The mean of each anchor's boxes; one without boxes stays where it is.
Shapes centroids(const Shapes& boxes, const std::vector<size_t>& owner, Shapes anchors) {
  Shapes sums(anchors.size());
  std::vector<int64_t> counts(anchors.size());
  for (size_t i = 0; i < boxes.size(); ++i) {
    sums[owner[i]] += boxes[i];
    ++counts[owner[i]];
  }
  for (size_t k = 0; k < anchors.size(); ++k) {
    if (counts[k] > 0) anchors[k] = sums[k] / static_cast<double>(counts[k]);
  }
  return anchors;
}

Shapes cluster(const Shapes& boxes, Shapes anchors) {
  std::vector<size_t> owner;
  for (int step = 0; step < kMostSteps; ++step) {
    std::vector<size_t> next;
    for (const auto& box : boxes) next.push_back(nearest(box, anchors));
    if (next == owner) break;
    owner = std::move(next);
    anchors = centroids(boxes, owner, std::move(anchors));
  }
  return anchors;
}

void check(const Shapes& boxes, int64_t count) {
  if (count < 1) throw std::invalid_argument("find_anchors: at least one anchor");
  std::set<std::pair<double, double>> different;
  for (const auto& box : boxes) {
    if (!(box.width > 0 && box.height > 0)) {
      throw std::invalid_argument("find_anchors: a box is empty");
    }
    different.emplace(box.width, box.height);
  }
  if (static_cast<int64_t>(different.size()) >= count) return;
  throw UserError(std::to_string(count) + " anchors are asked for, but of " +
                  std::to_string(boxes.size()) + " boxes only " + std::to_string(different.size()) +
                  " differ in width or height; ask for fewer anchors, or give more boxes");
}

}  // namespace

double shape_iou(const cv::Size2d& a, const cv::Size2d& b) {
  const double both = std::min(a.width, b.width) * std::min(a.height, b.height);
  return both / (a.area() + b.area() - both);
}

double mean_best_iou(const Shapes& boxes, const Shapes& anchors) {
  double sum = 0;
  for (const auto& box : boxes) sum += shape_iou(box, anchors[nearest(box, anchors)]);
  return sum / static_cast<double>(boxes.size());
}

Shapes find_anchors(const Shapes& boxes, int64_t count, uint64_t seed, int64_t restarts) {
  check(boxes, count);
  Shapes best;
  double best_iou = -1;
  for (int64_t start = 0; start < restarts; ++start) {
    Random random(seed, kPurpose, static_cast<uint64_t>(start));
    auto anchors = cluster(boxes, first_anchors(boxes, count, random));
    const double iou = mean_best_iou(boxes, anchors);
    if (iou <= best_iou) continue;
    best_iou = iou;
    best = std::move(anchors);
  }
  std::sort(best.begin(), best.end(),
            [](const cv::Size2d& a, const cv::Size2d& b) { return a.area() < b.area(); });
  return best;
}

}  // namespace manyfold::data
