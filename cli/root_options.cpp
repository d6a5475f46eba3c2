#include "cli/root_options.h"

#include "cli/job_options.h"

namespace manyfold::cli {

void root_fields(config::Fields& fields) {
  JobOptions job;
  job.fields(fields);
}

}  // namespace manyfold::cli
