#pragma once

#include <memory>

#include "data/data_options.h"
#include "data/loading/bad_files.h"
#include "data/loading/loader.h"

namespace manyfold::data {

/// One source once through, in order, fitted to the network's size without augmentation. Stills:
/// the last batch may be smaller. Clips: each batch is one of them, up to `options.batch` frames of
/// it; those after its first `continue` it, and where a task has masks they say how pixels move.
/// A bad sample is left out here, not replaced, so that nothing counts twice: its slot holds the
/// next good sample, or empty frames of a clip, without labels, and its origin's name is empty.
/// `source` and `bad` must outlive the loader.
std::unique_ptr<Loader> evaluation_loader(const Source& source, const DataOptions& options,
                                          const LabelSpecs& specs, BadFiles& bad);

}  // namespace manyfold::data
