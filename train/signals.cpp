#include "train/signals.h"

#include <csignal>

namespace manyfold::train {
namespace {

volatile std::sig_atomic_t received_signal = 0;

void remember(int signal) {
  if (received_signal == signal) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
  received_signal = signal;
}

}  // namespace

StopSignals::StopSignals() {
  received_signal = 0;
  struct sigaction action = {};
  action.sa_handler = remember;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

StopSignals::~StopSignals() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

int StopSignals::received() { return received_signal; }

}  // namespace manyfold::train
