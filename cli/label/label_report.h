#pragma once

#include <string>

#include "data/coco_writer.h"
#include "distill/labelled_source.h"

namespace manyfold::cli {

/// What was labelled, task by task, as a table for people.
std::string label_table(const distill::LabelledSource& source, const data::LabelSpecs& specs);

/// The entries of `data.sources`, as YAML, that train on the set: the clips, or the COCO set and,
/// for every task that gives pictures one class, its class folders as a comment. Tasks without any
/// label are left out.
std::string label_yaml(const distill::LabelledSource& source, const data::LabelSpecs& specs,
                       const data::CocoWriteOptions& options);

}  // namespace manyfold::cli
