#pragma once

namespace manyfold::train {

/// While it lives, SIGINT and SIGTERM are remembered instead of ending the program, so that the
/// loop can finish its step and save. A second signal of the same kind ends the program at once.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// The signal that came, or 0.
  static int received();
};

}  // namespace manyfold::train
