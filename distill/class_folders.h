#pragma once

#include "data/coco_writer.h"
#include "distill/labelled_source.h"

namespace manyfold::distill {

/// Sorts the pictures of a set that `write_coco` has written from `source` into a folder for each
/// class, `<folder>/<task>/<split>/<class>/000000.jpg`, for every task that gives pictures one
/// class: `type: folders` reads them. They are hard links, or copies where the file system has
/// none. Throws UserError when they cannot be made.
void write_class_folders(const LabelledSource& source, const data::LabelSpecs& specs,
                         const data::CocoWriteOptions& options);

/// Throws UserError when a class of such a task cannot be the name of a folder.
void check_class_folders(const data::LabelSpecs& specs);

}  // namespace manyfold::distill
