#include "distill/options.h"

#include <algorithm>
#include <cctype>
#include <set>

namespace manyfold::distill {
namespace {

/// Names become parts of the names of parameters, terms and files.
bool usable_name(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char letter) {
    return letter < 0x80 && (std::isalnum(letter) || letter == '_' || letter == '-');
  });
}

bool is_stride(const std::string& text) {
  return !text.empty() && text.size() < 5 && text != "0" &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); });
}

template <class Entries>
void require_names(config::Fields& f, const char* key, const Entries& entries) {
  for (const auto& entry : entries) {
    f.require(usable_name(entry.first), key,
              "where '" + entry.first + "' cannot be a name: use letters, digits, _ and -");
  }
}

}  // namespace

void InputOptions::fields(config::Fields& f) {
  f.field("size", size,
          "[height, width] of its pictures; [0, 0] = what its file says, else the job's size.",
          config::at_least(0));
  f.require((size.height == 0) == (size.width == 0), "size", "needs both sides, or [0, 0]");
  f.field("layout", layout, "Order of the axes of the input.", {"nchw", "nhwc"});
  f.field("colour", colour, "Order of the colours.", {"rgb", "bgr"});
  f.field("type", type, "uint8 takes pictures as they are, without scale, mean and deviation.",
          {"float32", "uint8"});
  f.field("scale", scale, "Factor on values from 0 to 255, before the mean.", config::positive());
  f.field("mean", mean, "Subtracted, for each colour in the teacher's order.");
  f.field("deviation", deviation, "Divided by, after the mean.", config::positive());
  f.require(mean.size() == 3, "mean", "needs three numbers");
  f.require(deviation.size() == 3, "deviation", "needs three numbers");
}

void OutputOptions::fields(config::Fields& f) {
  f.field("name", name,
          "Name of the output; '' = the task's name, or the only output. Of a TorchScript tuple: "
          "'0', '1' and so on.");
  f.field("layout", layout, "Order of the axes of maps.", {"nchw", "nhwc"});
  f.field("activation", activation,
          "What the numbers are: of a softmax over all classes, or binary_ of a sigmoid for each "
          "class but the background.",
          {"logits", "probabilities", "binary_logits", "binary_probabilities"});
  f.field("classes", classes,
          "The teacher's channels of each class of the task, from 0: {person: '15', background: "
          "rest}; '1,4-7' are merged; rest = all that no other class takes. Empty = the same "
          "classes in the same order, or by name where the teacher has names.");
}

void TeacherOptions::fields(config::Fields& f) {
  f.required("model");
  f.field("model", model,
          "A run's folder, checkpoint or package; else an ONNX (.onnx) or TorchScript (.pt) file.");
  f.field("tasks", tasks, "Which tasks it teaches; empty = all that it can.");
  f.field("weight", weight, "Its share where several teach one task.", config::positive());
  f.field("least_score", least_score,
          "The lowest score, of its own evaluation, with which it may teach; 0 = any.",
          config::between(0, 1));
  f.section("input", input, "How a foreign model takes its pictures.");
  f.entries("outputs", outputs, "What its outputs mean, by task.");
  f.field(
      "features", features,
      "Outputs of a foreign model that are feature maps, in the layout of its input, by stride: "
      "{32: 'features'}.");
  for (const auto& entry : features) {
    f.require(is_stride(entry.first), "features",
              "where '" + entry.first + "' is no stride: write {32: " + entry.second + "}");
  }
}

const OutputOptions* TeacherOptions::output(const std::string& task) const {
  for (const auto& [name, options] : outputs) {
    if (name == task) return &options;
  }
  return nullptr;
}

void LossOptions::fields(config::Fields& f) {
  const auto of_outputs = [this](config::Fields& inner) {
    inner.field("tasks", tasks, "Which tasks; empty = all that a teacher answers.");
    inner.field("rows", rows, "Which pictures: those with a label of the task, without, or all.",
                {"all", "labelled", "unlabelled"});
    inner.field("sources", sources,
                "Data sources whose pictures count, labelled or not; empty = all. A teacher of "
                "hands has little to say about streets.");
    inner.field("temperature", temperature, "Softens scores.", config::positive());
  };
  const auto of_maps = [this](config::Fields& inner) {
    inner.field("strides", strides, "Which maps of the encoder, by stride.", config::at_least(1));
    inner.require(!strides.empty(), "strides", "needs at least one stride");
    inner.require(std::set<int64_t>(strides.begin(), strides.end()).size() == strides.size(),
                  "strides", "names a stride twice");
  };
  f.variant("type", type,
            "outputs: each task's own distance; channels: where each channel of an output map is "
            "strong (CWD); of the encoder's maps: hint (FitNets), attention, relations (RKD).",
            {{"outputs", of_outputs},
             {"channels", of_outputs},
             {"hint", of_maps},
             {"attention", of_maps},
             {"relations", [this](config::Fields& inner) {
                inner.field("distances", distances, "Factor on distances between pictures.",
                            config::at_least(0));
                inner.field("angles", angles, "Factor on angles between pictures.",
                            config::at_least(0));
              }}});
  f.field("weight", weight, "Factor on the term.", config::at_least(0));
  f.field("start", start, "Share of the run before which the weight is 0.", config::between(0, 1));
  f.field("ramp", ramp, "Share of the run over which the weight then rises to its value.",
          config::between(0, 1));
  f.field("stop", stop, "Share of the run from which the weight is 0 again.",
          config::between(0, 1));
  f.require(start < stop, "stop", "must come after `start`");
}

double LossOptions::weight_at(double share) const {
  if (share < start || share >= stop) return 0;
  return ramp > 0 ? weight * std::min(1.0, (share - start) / ramp) : weight;
}

void DistillOptions::fields(config::Fields& f) {
  f.entries("teachers", teachers, "Models to learn from, by a name of their own.");
  f.entries("losses", losses, "What is learnt from them: terms, by a name of their own.");
  f.field("ensemble", ensemble,
          "Several teachers of one task: the mean of their probabilities by their weights (mean), "
          "or by how sure each is as well (confidence).",
          {"mean", "confidence"});
  f.field("cache", cache,
          "Folder that keeps teachers' answers by picture, for pictures that come again unchanged; "
          "'' = none.");
  require_names(f, "teachers", teachers);
  require_names(f, "losses", losses);
  f.require(teachers.empty() || !losses.empty(), "losses",
            "needs at least one entry, such as {imitation: {type: outputs}}");
  f.require(losses.empty() || !teachers.empty(), "teachers",
            "needs at least one entry, such as {big: {model: runs/big}}");
}

std::vector<int64_t> DistillOptions::strides(int64_t coarsest) const {
  std::set<int64_t> all;
  for (const auto& [name, loss] : losses) {
    if (loss.type == "relations") all.insert(coarsest);
    if (loss.type == "hint" || loss.type == "attention")
      all.insert(loss.strides.begin(), loss.strides.end());
  }
  return {all.begin(), all.end()};
}

}  // namespace manyfold::distill
