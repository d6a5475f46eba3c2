#pragma once

#include <cstdint>

#include "common/config/fields.h"

namespace manyfold::data::synthetic {

/// What is drawn, and how often. Shares of pictures are in [0, 1].
struct SceneOptions {
  config::PictureSize picture_size = {160, 160};
  double hand_share = 0.25;
  double empty_share = 0.05;
  double group_share = 0.2;
  double full_body_share = 0.2;
  double gesture_share = 0.5;
  int64_t max_people = 4;
  double max_yaw = 60, max_pitch = 30, max_roll = 35;
  double max_hand_roll = 60;
  double glasses_share = 0.25, hat_share = 0.15, mask_share = 0.1;
  double occluder_share = 0.2;
  double harshness = 1;

  void fields(config::Fields& f);
};

}  // namespace manyfold::data::synthetic
