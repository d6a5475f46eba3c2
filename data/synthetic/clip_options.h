#pragma once

#include "common/config/fields.h"

namespace manyfold::data::synthetic {

/// What moves in a clip, and how often. Shares are in [0, 1].
struct ClipOptions {
  double static_camera_share = 0.5;
  double pan_share = 0.2;
  double walk_share = 0.4;
  double talk_share = 0.4;
  double passing_share = 0.2;
  double light_share = 0.5;
  double pace = 1;

  void fields(config::Fields& f);
};

}  // namespace manyfold::data::synthetic
