#include "report/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <iostream>
#include <vector>

namespace manyfold::report {
namespace {

/// Three digits that matter, never in a form wider than ten columns.
std::string number(double value) { return fmt::format("{:.3g}", value); }

/// "loss/person" is shown as "person".
std::string short_name(const std::string& name) { return name.substr(name.rfind('/') + 1); }

std::string counter(const ProgressState& state) {
  if (state.total <= 0) return fmt::format("{} {}", state.name, state.step);
  const auto digits = std::to_string(state.total).size();
  return fmt::format(
      "{} {:>{}}/{} {:3.0f}%", state.name, state.step, digits, state.total,
      std::floor(100.0 * static_cast<double>(state.step) / static_cast<double>(state.total)));
}

std::string single_losses(const NamedValues& losses) {
  std::string text;
  for (size_t i = 1; i < losses.size(); ++i) {
    text += (i == 1 ? " (" : " ") + short_name(losses[i].first) + " " + number(losses[i].second);
  }
  return text.empty() ? text : text + ")";
}

int terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

double steady_seconds() {
  using std::chrono::duration;
  return duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

std::string duration_text(double seconds) {
  if (!(seconds >= 0) || seconds > 1e9) return "?";
  const auto s = static_cast<int64_t>(std::llround(seconds));
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return fmt::format("{}:{:02}", s / 60, s % 60);
  if (s < 86400) return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
  return fmt::format("{}d {:02}:{:02}", s / 86400, s / 3600 % 24, s / 60 % 60);
}

std::string progress_line(const ProgressState& state, int width) {
  // In the order of the line, with what goes first when there is no room (0 stays).
  struct Part {
    std::string text;
    int gives_way;
  };
  std::vector<Part> parts = {{counter(state), 0}};
  if (state.images_per_second) {
    parts.push_back({fmt::format("  {:.0f} img/s", *state.images_per_second), 4});
  }
  if (!state.losses.empty()) {
    parts.push_back({"  loss " + number(state.losses.front().second), 0});
    parts.push_back({single_losses(state.losses), 1});
  }
  if (state.lr) parts.push_back({fmt::format("  lr {:.1e}", *state.lr), 3});
  if (state.waiting) parts.push_back({fmt::format("  data {:.0f}%", 100 * *state.waiting), 2});
  if (state.seconds_left) parts.push_back({"  " + duration_text(*state.seconds_left) + " left", 0});

  for (int dropped = 0;; ++dropped) {
    std::string line;
    for (const Part& part : parts) {
      if (part.gives_way == 0 || part.gives_way > dropped) line += part.text;
    }
    if (width <= 0 || static_cast<int>(line.size()) <= width) return line;
    if (dropped == 4) return line.substr(0, static_cast<size_t>(width));
  }
}

void FadingMean::add(double value, double seconds) {
  const double kept = std::exp(-seconds / memory_);
  sum_ = kept * sum_ + (1 - kept) * value;
  weight_ = kept * weight_ + (1 - kept);
}

std::optional<double> FadingMean::value() const {
  if (weight_ <= 0) return std::nullopt;
  return sum_ / weight_;
}

ProgressOutput ProgressOutput::standard_error() {
  const bool live = ::isatty(STDERR_FILENO) != 0;
  return {&std::cerr, live, live ? terminal_width() : 0, live ? 0.1 : 30.0, steady_seconds};
}

Progress::Progress(std::string name, int64_t total, int64_t first_step, ProgressOutput output)
    : output_(std::move(output)), last_step_(output_.now()), last_shown_(last_step_) {
  state_.name = std::move(name);
  state_.total = total;
  state_.step = first_step;
}

Progress::~Progress() {
  if (line_open_) *output_.out << "\r\x1b[K" << std::flush;
}

void Progress::update_rates(int64_t images, double seconds, double waited) {
  if (seconds <= 0) return;
  ++steps_;
  images_ += images;
  seconds_ += seconds;
  waited_ += waited;
  steps_per_second_.add(1 / seconds, seconds);
  images_per_second_.add(static_cast<double>(images) / seconds, seconds);
  waiting_.add(std::min(1.0, waited / seconds), seconds);
  state_.images_per_second = images_per_second_.value();
  state_.waiting = waiting_.value();
}

void Progress::step(int64_t images, double waited, const NamedValues& losses,
                    std::optional<double> lr) {
  const double now = output_.now();
  ++state_.step;
  update_rates(images, now - last_step_, waited);
  if (!losses.empty()) state_.losses = losses;
  if (lr) state_.lr = lr;
  if (const auto pace = steps_per_second_.value(); pace && state_.total > 0) {
    state_.seconds_left = static_cast<double>(state_.total - state_.step) / *pace;
  }
  last_step_ = now;
  if (now - last_shown_ >= output_.interval) {
    show();
    last_shown_ = now;
  }
}

void Progress::skip_time() { last_step_ = output_.now(); }

void Progress::show() {
  const std::string line = progress_line(state_, output_.width);
  if (output_.live) {
    *output_.out << '\r' << line << "\x1b[K" << std::flush;
    line_open_ = true;
  } else {
    *output_.out << line << '\n' << std::flush;
  }
}

void Progress::message(const std::string& text) {
  if (line_open_) *output_.out << "\r\x1b[K";
  *output_.out << text << '\n' << std::flush;
  if (line_open_) show();
}

void Progress::finish() {
  show();
  if (output_.live) *output_.out << '\n';
  if (seconds_ > 0) {
    *output_.out << fmt::format(
        "{}: {} steps in {}, {:.0f} images/s, {:.1f} % of the time waiting for data\n", state_.name,
        steps_, duration_text(seconds_), static_cast<double>(images_) / seconds_,
        100 * waited_ / seconds_);
  }
  *output_.out << std::flush;
  line_open_ = false;
}

}  // namespace manyfold::report
