#include "cli/root_options.h"

namespace manyfold::cli {

void root_fields(config::Fields&) {}

}  // namespace manyfold::cli
