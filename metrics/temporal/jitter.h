#pragma once

#include "data/label.h"
#include "metrics/mean.h"

namespace manyfold::metrics {

/// How unsteadily objects move, each of three parts a mean over objects:
///   centre     length of the vector, of the box's centre
///   size       mean of the absolute values of width and height
///   landmarks  length of the vector, the mean over the key points that all frames involved have
///              visible; objects without such are left out
struct Jitter {
  struct Parts {
    Mean centre, size, landmarks;
    Parts& operator+=(const Parts& other);
  };
  Parts pixels;
  Parts relative;  // divided by the size sqrt(w h) of one box
  Jitter& operator+=(const Jitter& other);
};

/// Acceleration of one object over three neighbouring frames, |x_t - 2 x_(t-1) + x_(t-2)|: 0 for
/// one that rests or moves evenly; sqrt(6) times the noise of independent positions. Relative to
/// the middle box. The true acceleration is part of it. No box may be empty.
void add_acceleration(const data::Object& first, const data::Object& middle,
                      const data::Object& last, Jitter& jitter);

/// How much an object's step differs from the true one,
/// |(x_t - x_(t-1)) - (g_t - g_(t-1))|, whatever the constant error. Relative to the true box of
/// frame t. No box may be empty.
void add_step_error(const data::Object& previous, const data::Object& current,
                    const data::Object& previous_truth, const data::Object& current_truth,
                    Jitter& jitter);

}  // namespace manyfold::metrics
