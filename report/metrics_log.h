#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What a run leaves for people: logs, event files, overlays, the report.
namespace manyfold::report {

/// Numbers by name, in the order in which they shall be seen. A slash groups: "loss/total",
/// "val/faces/ap50".
using NamedValues = std::vector<std::pair<std::string, double>>;

/// `metrics.jsonl`: one JSON object a line, `{"step":12,"loss/total":0.5}`. A number that was a
/// float is written with the digits of a float; NaN and infinities, which JSON lacks, as null.
class MetricsLog {
 public:
  /// A new run starts an empty file. A resumed one keeps the records up to and including
  /// `resumed_step`, and drops later ones and a torn last line, so that the file goes on as if the
  /// run had never stopped. Throws UserError when the file cannot be written, or when a line of the
  /// part that is kept is no record (with its line number).
  explicit MetricsLog(std::filesystem::path path, std::optional<int64_t> resumed_step = {});

  /// Appends a record and hands it to the system: a crash of the program loses none. Throws
  /// UserError when the disk is full.
  void add(int64_t step, const NamedValues& values);

 private:
  std::filesystem::path path_;
  std::ofstream out_;
};

/// One number over the run. Both have one length.
struct Curve {
  std::string name;
  std::vector<double> steps, values;  // NaN where the log says null
};

/// All curves of a log, in the order in which their names first appear. A torn last line is passed
/// over: a run that is still being written can be read.
std::vector<Curve> read_curves(const std::filesystem::path& path);

/// `metrics.json`: the final figures as one flat object, in the form that `dvc metrics` reads.
/// Replaces the file whole or not at all.
void write_metrics(const std::filesystem::path& path, const NamedValues& values);

}  // namespace manyfold::report
