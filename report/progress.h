#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <string>

#include "report/metrics_log.h"

namespace manyfold::report {

/// What a progress line tells.
struct ProgressState {
  std::string name;             // "train"
  int64_t step = 0, total = 0;  // steps done, and in all
  std::optional<double> images_per_second;
  NamedValues losses;  // the first is the sum
  std::optional<double> lr;
  std::optional<double> waiting;  // share of the time spent waiting for data, in [0, 1]
  std::optional<double> seconds_left;
};

/// "train  1200/4000 30%  106 img/s  loss 1.23 (person 0.41 hands 0.2)  lr 9.8e-04  data 3%  5:12
/// left", without what does not fit into `width` columns: first the single losses go, then the
/// share of waiting, the learning rate and the speed. 0 = any width.
std::string progress_line(const ProgressState& state, int width = 0);

/// "42s", "5:12", "3:04:05", "2d 03:04".
std::string duration_text(double seconds);

/// A mean that forgets: what lies `memory` seconds back counts 1/e. Right from the first value on,
/// as early values are not pulled towards zero.
class FadingMean {
 public:
  explicit FadingMean(double memory) : memory_(memory) {}
  /// A value that held for `seconds`.
  void add(double value, double seconds);
  std::optional<double> value() const;

 private:
  double memory_, sum_ = 0, weight_ = 0;
};

/// Where progress goes, and how often.
struct ProgressOutput {
  std::ostream* out;
  bool live;                    // one line that is rewritten, or a line at intervals
  int width;                    // columns of the terminal; 0 = any
  double interval;              // seconds between two lines
  std::function<double()> now;  // seconds; only differences count

  /// Standard error: live on a terminal, ten times a second; else (files, pipes, CI) a plain line
  /// every 30 seconds.
  static ProgressOutput standard_error();
};

/// The live line of a loop. Not thread-safe: the loop's thread owns it.
class Progress {
 public:
  /// `first_step`: steps that a resumed run has behind it already.
  Progress(std::string name, int64_t total, int64_t first_step = 0,
           ProgressOutput output = ProgressOutput::standard_error());
  ~Progress();  // clears a live line that was not finished
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// A step is done. `waited`: the seconds of it that were spent waiting for data. Empty `losses`
  /// leave the last ones in place: reading them off a GPU at every step would stall it.
  void step(int64_t images, double waited, const NamedValues& losses = {},
            std::optional<double> lr = {});
  /// Keeps the time since the last step (an evaluation, a checkpoint) out of the rates.
  void skip_time();
  /// A line for the reader, above the live one.
  void message(const std::string& text);
  /// Shows the last state for good, and what the whole loop took: "train: 1000 steps in 3:20, 160
  /// images/s, 0.4 % of the time waiting for data".
  void finish();

  const ProgressState& state() const { return state_; }

 private:
  void show();
  void update_rates(int64_t images, double seconds, double waited);

  ProgressState state_;
  ProgressOutput output_;
  FadingMean steps_per_second_{30}, images_per_second_{10}, waiting_{10};
  double last_step_, last_shown_;
  int64_t steps_ = 0, images_ = 0;  // of this process
  double seconds_ = 0, waited_ = 0;
  bool line_open_ = false;
};

}  // namespace manyfold::report
