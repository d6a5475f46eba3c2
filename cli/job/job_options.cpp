#include "cli/job/job_options.h"

#include <algorithm>

#include "common/error.h"
#include "train/precision.h"
#include "train/tasks/detector_task.h"

namespace manyfold::cli {

void RunOptions::fields(config::Fields& f) {
  f.field("name", name,
          "Name of the run and of its exported model; a run that has no `dir` goes to "
          "runs/<name>/<time>.");
  f.require(!name.empty(), "name", "must not be empty");
  f.field("dir", dir, "Folder of the run; empty: runs/<name>/<time>.");
  f.field("threads", threads, "Threads that compute; 0 = every core.", config::at_least(0));
  f.field("device", device, "Where the model runs; auto = the GPU if there is one.",
          {"auto", "cpu", "cuda"});
}

void ExportOptions::fields(config::Fields& f) {
  f.field("enabled", enabled,
          "Export and verify the best checkpoint at the end of a training job.");
  f.field("opset", opset, "ONNX operator set.", config::between(11, 17));
  f.field("batch", batch, "Batch axis of the exported model: free, or fixed at one picture.",
          {"dynamic", "static"});
  f.field("tolerance", tolerance,
          "Largest difference that an output in ONNX Runtime may have from LibTorch's, times its "
          "largest value where that is above 1; past it the export fails.",
          config::positive());
  f.field("half_ends", half_ends,
          "Of a model in half precision: float inputs and outputs are float16, too.");
  f.field("nms", nms,
          "Finished detections as further outputs, their doubles suppressed in the graph; the raw "
          "outputs stay.");
  f.field("limits", limits,
          "How much worse a figure may be in ONNX Runtime than in training, by task.figure "
          "(+export.limits={faces.ap50: 0.02}); 0.5 point of IoU and accuracy, 1 of AP, 2 % of NME "
          "where nothing is said.",
          config::at_least(0));
  f.field("pictures", pictures, "Pictures of the validation sets that the export is verified on.",
          config::at_least(1));
}

void EncoderOptions::fields(config::Fields& f) {
  f.field(
      "init", init,
      "Run or checkpoint whose encoder training begins with, as a pre-trained one; every tensor "
      "of it must fit. Heads begin anew.");
  f.field("sha256", sha256,
          "What the weights of that encoder must hash to (its first digits will do), as "
          "pre-training printed it; empty: any.");
  f.require(sha256.empty() || !init.empty(), "sha256", "needs encoder.init, whose hash it is");
}

void JobOptions::fields(config::Fields& f) {
  f.field("seed", seed, "What every random draw of the job is computed from.", config::at_least(0));
  f.field("init", init,
          "Run or checkpoint whose weights training begins with; empty: drawn from the seed.");
  f.section("encoder", encoder, "Where the encoder alone comes from.");
  f.require(init.empty() || encoder.init.empty(), "init",
            "brings the encoder already: leave init or encoder.init empty");
  f.field(
      "precision", precision,
      "Arithmetic that the model is trained, judged and exported in; int8 is quantisation-aware "
      "training, or the export of a float model after calibration.",
      train::precision_names());
  f.field("calibration", calibration,
          "Pictures that int8 ranges are found on: training, validation, or a folder.");
  f.section("quantise", quantise, "How a model becomes int8.");
  f.section("qat", qat, "The schedule of quantisation-aware training.");
  f.section("distill", distill, "Teachers, and what is learnt from them.");
  f.section("run", run, "Where the run goes and what it runs on.");
  f.section("model", model, "The shared encoder and the size of its pictures.");
  f.entries("tasks", tasks, "The functions of the model by name; each is one head.");
  f.require(!tasks.empty(), "tasks", "needs at least one task");
  f.section("data", data, "What is learnt from and validated on.");
  f.section("train", train, "The training loop.");
  f.section("export", exporting, "The ONNX export.");
  const bool finds_objects = std::any_of(tasks.begin(), tasks.end(), [](const auto& entry) {
    return std::dynamic_pointer_cast<train::DetectorTask>(entry.second.task) != nullptr;
  });
  f.require(!exporting.nms || finds_objects, "tasks",
            "needs one that finds objects (faces, detection) for export.nms = true");
  for (const auto& [name, loss] : distill.losses) {
    for (const auto& source : loss.sources) {
      std::vector<std::string> known;
      for (const auto& entry : data.sources) known.push_back(entry.first);
      f.require(std::count(known.begin(), known.end(), source) > 0, "distill",
                "where losses." + name + ".sources names '" + source +
                    "', which data.sources does not have" + known_names(source, known));
    }
  }
  for (const auto& [name, task] : tasks) {
    const auto problem = train::task_name_problem(name);
    f.require(problem.empty(), "tasks", problem);
    f.require(name != train::kFeatureTerms || distill.teachers.empty(), "tasks",
              "cannot hold a task called encoder: what is learnt from a teacher's features is "
              "logged under that name");
    f.require(train.weighting != "uncertainty" || task.weight > 0, "tasks",
              name + ".weight must be > 0: train.weighting = uncertainty learns nothing from 0");
  }
}

}  // namespace manyfold::cli
