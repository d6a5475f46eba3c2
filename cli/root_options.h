#pragma once

#include "common/config/fields.h"

namespace manyfold::cli {

/// The keys at the root of a job's config: what `manyfold config doc` documents.
void root_fields(config::Fields& fields);

}  // namespace manyfold::cli
