#include "metrics/temporal/classes.h"

namespace manyfold::metrics {

using data::ClassIndex;

void TemporalClassMetric::start() {
  last_.reset();
  changes_.start();
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
  std::vector<Mean> change;
  if (last_) {
    const double changed = now.predicted != last_->predicted ? 1 : 0;
    change = {{changed, 1}};
    if (now.truth && now.truth == last_->truth) false_changes_.add(changed);
  }
  changes_.add(change);
  last_ = now;
}

std::vector<Figure> TemporalClassMetric::figures() const {
  std::vector<Figure> figures = {
      {"class_changes", changes_.value(), false, changes_.count(), "pairs of frames",
       "Share of the frames whose class is not that of the frame before."},
      {"false_changes", false_changes_.value(), false, false_changes_.count, "pairs of frames",
       "Share of the frames whose class is not that of the frame before although the truth's is."}};
  changes_.append_ends("class_changes", false, options_.trained_frames, figures);
  accuracy_.append_ends("accuracy", true, options_.trained_frames, figures);
  return figures;
}

nlohmann::json TemporalClassMetric::details() const { return {{"by_frame", accuracy_.by_frame()}}; }

}  // namespace manyfold::metrics
