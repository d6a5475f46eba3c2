#include "cli/label/label.h"

#include <algorithm>
#include <cstdio>

#include "cli/label/label_frames.h"
#include "cli/label/label_options.h"
#include "cli/label/label_report.h"
#include "cli/label/label_teachers.h"
#include "cli/output_folder.h"
#include "cli/predict/picture_files.h"
#include "common/error.h"
#include "distill/class_folders.h"
#include "distill/labelled_source.h"
#include "report/progress.h"

namespace manyfold::cli {
namespace {

/// "street" of data.sources, "validation.street" of data.validation.
std::unique_ptr<data::Source> source_named(const std::string& name, const LabelTeachers& teachers) {
  const std::string prefix = "validation.";
  std::vector<std::string> known;
  for (const auto& [source, options] : teachers.data.sources) {
    if (source == name) return data::make_source(source, options, teachers.specs);
    known.push_back(source);
  }
  for (const auto& [source, options] : teachers.data.validation) {
    if (prefix + source == name) return data::make_source(source, options, teachers.specs);
    known.push_back(prefix + source);
  }
  throw ConfigError("--source " + name + ": the model's config has no such source" +
                    known_names(name, known));
}

std::unique_ptr<data::Source> pictures_of(const LabelJob& job, const LabelTeachers& teachers) {
  if (!job.source.empty()) {
    auto source = source_named(job.source, teachers);
    if (!source->clips()) return source;
    return std::make_unique<FramesSource>(std::move(source));
  }
  std::vector<std::filesystem::path> files;
  for (const std::filesystem::path path : job.paths) {
    const bool folder = std::filesystem::is_directory(path);
    const auto found = folder ? pictures_below(path) : std::vector<std::filesystem::path>{path};
    files.insert(files.end(), found.begin(), found.end());
  }
  return std::make_unique<data::PicturesSource>("pictures", std::move(files));
}

nlohmann::json provenance(const LabelJob& job, const LabelTeachers& teachers,
                          const data::LabelSpecs& specs) {
  nlohmann::json thresholds = nlohmann::json::object();
  for (const auto& [task, spec] : specs) thresholds[task] = job.rules.threshold(task, spec);
  return {
      {"program", "manyfold label"},
      {"models", teachers.provenance},
      {"thresholds", thresholds},
      {"lowest", job.rules.objects.lowest},
      {"absent", job.rules.objects.absent},
      {"share", job.rules.mask.share},
      {"mirrored_too", job.rules.flip},
      {"pictures", job.source.empty() ? nlohmann::json(job.paths) : nlohmann::json(job.source)}};
}

distill::LabelledSource::Options labelling(const LabelJob& job, report::Progress& progress) {
  distill::LabelledSource::Options options;
  options.batch = job.batch;
  options.threads = job.write.threads;
  options.progress = [&progress](int64_t count) { progress.step(count, 0); };
  return options;
}

bool nothing_labelled(const distill::LabelledSource& labelled, const data::LabelSpecs& specs) {
  return std::none_of(specs.begin(), specs.end(), [&](const auto& entry) {
    const auto found = labelled.counts().find(entry.first);
    return found != labelled.counts().end() && found->second.labelled > 0;
  });
}

void write(const distill::LabelledSource& labelled, const data::LabelSpecs& specs,
           data::CocoWriteOptions options) {
  options.description = "labelled by manyfold label";
  options.more = [&labelled](int64_t index) { return labelled.fields(index); };
  const auto written = data::write_coco(labelled, specs, options);
  if (!options.place) distill::write_class_folders(labelled, specs, options);
  std::printf("%lld pictures in %s, %zu failed\n\n%s", static_cast<long long>(written),
              options.folder.c_str(), labelled.failures().size(),
              label_table(labelled, specs).c_str());
  if (nothing_labelled(labelled, specs)) {
    std::printf(
        "\nNothing was certain enough to be a label: lower --threshold, or look whether the "
        "pictures are like those that the model was trained on.\n");
    return;
  }
  const auto yaml = label_yaml(labelled, specs, options);
  if (!yaml.empty()) std::printf("\nTo train on it:\n\n%s", yaml.c_str());
}

/// What many frames of a video say stands once.
void print(std::vector<std::string> failures) {
  failures.erase(std::unique(failures.begin(), failures.end()), failures.end());
  for (const auto& failure : failures) std::fprintf(stderr, "manyfold: %s\n", failure.c_str());
}

}  // namespace

int run_label(const std::vector<std::string>& arguments) {
  auto job = parse_label_job(arguments);
  if (!job) return 0;
  const auto teachers = open_label_teachers(*job);
  const distill::Labeller labeller(teachers.annotators, teachers.data.network_size(),
                                   teachers.data.how(), job->rules);
  const auto& specs = labeller.specs();
  data::check_coco_tasks(specs);
  const auto pictures = pictures_of(*job, teachers);
  const bool clips = dynamic_cast<const FramesSource*>(pictures.get()) != nullptr;
  if (!clips) distill::check_class_folders(specs);
  refuse_old_set(job->write, specs, clips);
  make_folder(job->write.folder);
  report::Progress progress("label", (pictures->size() + job->batch - 1) / job->batch);
  const distill::LabelledSource labelled(*pictures, labeller, labelling(*job, progress));
  progress.finish();
  print(labelled.failures());
  job->write.provenance = provenance(*job, teachers, specs);
  if (clips) {
    job->write.place = [&labelled](const std::string& kind, int64_t index) {
      const auto frame = labelled.sample_name(index);
      return kind == "masks" ? mask_beside(frame) : frame;
    };
  }
  write(labelled, specs, job->write);
  return labelled.failures().empty() ? 0 : 1;
}

}  // namespace manyfold::cli
