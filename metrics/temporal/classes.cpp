#include "metrics/temporal/classes.h"

#include <fmt/format.h>

namespace manyfold::metrics {

using data::ClassIndex;

void TemporalClassMetric::start() {
  last_.reset();
  accuracy_.start();
}

void TemporalClassMetric::add(const data::Label& predicted, const data::Label* truth,
                              const cv::Mat& /*picture*/, const data::Motion& /*motion*/) {
  Moment now{std::get<ClassIndex>(predicted).index, {}};
  std::vector<Mean> right;
  if (truth != nullptr) {
    now.truth = std::get<ClassIndex>(*truth).index;
    right = {{now.predicted == now.truth ? 1. : 0., 1}};
  }
  accuracy_.add(right);
  if (last_) {
    const double changed = now.predicted != last_->predicted ? 1 : 0;
    changes_.add(changed);
    if (now.truth && now.truth == last_->truth) false_changes_.add(changed);
  }
  last_ = now;
}

std::vector<Figure> TemporalClassMetric::figures() const {
  const int64_t frames = options_.trained_frames, clips = accuracy_.clips(frames);
  return {
      {"class_changes", changes_.value(), false, changes_.count, "pairs of frames",
       "Share of the frames whose class is not that of the frame before."},
      {"false_changes", false_changes_.value(), false, false_changes_.count, "pairs of frames",
       "Share of the frames whose class is not that of the frame before although the truth's is."},
      {"accuracy_first", accuracy_.first(frames), true, clips, "clips",
       fmt::format("Accuracy over the first {} frames of clips at least twice as long.", frames)},
      {"accuracy_last", accuracy_.last(frames), true, clips, "clips",
       fmt::format("Accuracy over the last {} frames of the same clips.", frames)}};
}

nlohmann::json TemporalClassMetric::details() const { return {{"by_frame", accuracy_.by_frame()}}; }

}  // namespace manyfold::metrics
