#include "cli/synth.h"

#include <cstdio>

#include "cli/config.h"
#include "cli/job/job_line.h"
#include "common/config/fields.h"
#include "common/config/reader.h"
#include "data/coco_writer.h"
#include "data/sources/synthetic_source.h"

namespace manyfold::cli {
namespace {

/// The keys of configs/synth.yaml.
struct SynthOptions {
  std::string out, split = "train", format = "jpg";
  int64_t count = 100, quality = 95, threads = 2;
  data::SyntheticOptions scenes;

  void fields(config::Fields& f) {
    f.required("out");
    f.field("out", out, "Folder of the COCO set.");
    f.field("split", split, "Name of the annotation file and of the picture folder.");
    f.field("count", count, "Scenes to write.", config::positive());
    f.field("format", format, "Of the pictures; png is without loss.", {"jpg", "png"});
    f.field("quality", quality, "Of JPEG.", config::between(1, 100));
    f.field("threads", threads, "Threads that draw.", config::between(1, 256));
    f.section("scenes", scenes, "Which scenes, and what they show.");
  }
};

}  // namespace

int run_synth(const std::vector<std::string>& arguments) {
  const auto line = parse_job_line("synth", arguments, "synth", Sweeps::refused);
  if (show_instead_of_running(line)) {
    const auto fields = [](config::Fields& f) { SynthOptions().fields(f); };
    if (line.help) std::printf("\nKeys:\n%s", doc_text(fields, "").c_str());
    return 0;
  }
  auto options = config::read<SynthOptions>(compose(line).resolved());
  options.scenes.size = options.count;
  const auto specs = data::scene_specs();
  const data::SyntheticSource source("scenes", options.scenes, data::scene_labels(), specs);
  data::CocoWriteOptions write;
  write.folder = options.out;
  write.split = options.split;
  write.format = options.format;
  write.quality = static_cast<int>(options.quality);
  write.threads = static_cast<int>(options.threads);
  const auto written = data::write_coco(source, specs, write);
  std::printf("%lld scenes in %s\n", static_cast<long long>(written), options.out.c_str());
  return 0;
}

}  // namespace manyfold::cli
