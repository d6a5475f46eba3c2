#pragma once

#include <opencv2/core.hpp>
#include <optional>
#include <string>
#include <vector>

#include "data/files/coco_file.h"
#include "data/sources/label_rule.h"

namespace manyfold::data {

/// What pictures with a COCO file and masks may be labelled with: the words of `from`.
const LabelKinds& coco_kinds();

/// The labels that a CocoImage's annotations give by a rule, in the picture's pixels.

/// `from: boxes`. Throws BadSample for an annotation without a box (bad_box) or with other key
/// points than its category (bad_landmarks).
Objects coco_objects(const CocoImage& image, const LabelRule& rule);

/// `from: segments`; `size` is the picture's. Throws BadSample (bad_segment), also for an object
/// that has no outline and is not a crowd.
Mask coco_segments(const CocoImage& image, const LabelRule& rule, cv::Size size);

/// `from: category`, of the whole picture; nothing where it is not labelled.
std::optional<ClassIndex> coco_class(const CocoImage& image, const LabelRule& rule);

/// By any rule but `from: mask`: what annotations and text fields say of the whole picture; nothing
/// where it is not labelled. `words`: the texts that `from: image` knows, sorted. Throws BadSample
/// as the above.
std::optional<Label> coco_label(const CocoImage& image, const LabelRule& rule, cv::Size size,
                                const std::vector<std::string>& words);

/// The texts that images have under `field`, sorted.
std::vector<std::string> coco_words(const CocoFile& coco, const std::string& field);

/// Throws ConfigError where a rule takes key points and a category that counts has other ones than
/// the task. `where` names the source.
void check_landmarks(const std::string& where, const LabelRule& rule, const CocoFile& coco);

/// What a rule reads must be in the file, or else the source would label nothing, or every picture
/// with nothing, and nobody would know: throws UserError. `where` names the source and the file,
/// `images` are those of the file that are the source's samples.
void check_rule(const std::string& where, const LabelRule& rule, const CocoFile& coco,
                const std::vector<const CocoImage*>& images);

}  // namespace manyfold::data
