#pragma once

#include <map>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "data/augment/affine.h"
#include "data/augment/warp.h"
#include "distill/certain.h"
#include "train/evaluate.h"
#include "train/task.h"

namespace manyfold::distill {

/// From which score on predictions become labels, and how pictures are looked at.
struct PseudoLabelOptions {
  double class_threshold = 0.9;
  MaskRule mask;
  ObjectRule objects;
  std::map<std::string, double> thresholds;  // by task, in place of its kind's
  bool flip = true;                          // look at every picture mirrored, too

  double threshold(const std::string& task, const data::LabelSpec& spec) const;
};

/// Who labels: a model, and the tasks that read its outputs.
struct Annotator {
  train::Predictor predict;
  train::Tasks tasks;
};

/// What annotators are certain of in one picture, in its pixels.
struct PseudoLabels {
  std::map<std::string, data::Label> labels;  // by task; without those that nobody is certain of
  /// Of each label, in [0, 1]: of the class; the mean over the certain pixels; the mean over the
  /// certain objects, 1 without any.
  std::map<std::string, double> scores;
};

/// Labels pictures with models. Every annotator sees every picture, as it is and mirrored; scores
/// of classes and pixels are averaged over these views, objects must be found in all of them (see
/// certain.h). A task is labelled by the annotators that have it.
class Labeller {
 public:
  /// `network`, `fit`: how pictures get to the annotators, which must have been trained so.
  /// Throws UserError when annotators disagree about what a task is, and ConfigError for a
  /// threshold of a task that nobody has or for key points that cannot be mirrored back.
  Labeller(std::vector<Annotator> annotators, cv::Size network, data::Fit fit,
           PseudoLabelOptions options);

  /// One result for each picture (CV_8UC3, RGB, of any size); the pictures run as one batch.
  std::vector<PseudoLabels> label(const std::vector<cv::Mat>& pictures) const;

  /// The tasks that are labelled.
  const data::LabelSpecs& specs() const { return specs_; }

 private:
  struct Frame;
  struct View;

  void check() const;
  std::vector<View> look(const std::vector<cv::Mat>& pictures) const;
  void label_scores(const std::string& task, const std::vector<View>& views,
                    const std::vector<Frame>& frames, std::vector<PseudoLabels>& results) const;
  void label_objects(const std::string& task, const std::vector<View>& views,
                     const std::vector<Frame>& frames, std::vector<PseudoLabels>& results) const;

  std::vector<Annotator> annotators_;
  cv::Size network_;
  data::Fit fit_;
  PseudoLabelOptions options_;
  data::LabelSpecs specs_;
};

}  // namespace manyfold::distill
