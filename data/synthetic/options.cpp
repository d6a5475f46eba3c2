#include "data/synthetic/options.h"

namespace manyfold::data::synthetic {

void SceneOptions::fields(config::Fields& f) {
  const auto share = config::between(0, 1);
  f.field("picture_size", picture_size, "In pixels.", config::between(32, 1024));
  f.field("hand_share", hand_share, "Share of pictures with one large hand and nobody else.",
          share);
  f.field("empty_share", empty_share, "Share of pictures with nobody.", share);
  f.field("group_share", group_share, "Share of the pictures of people that show several.", share);
  f.field("full_body_share", full_body_share,
          "Share of the pictures of people that show them from head to foot.", share);
  f.field("gesture_share", gesture_share,
          "Share of the pictures of people in which somebody shows a gesture.", share);
  f.field("max_people", max_people, "The most people in a picture.", config::between(1, 16));
  f.field("max_yaw", max_yaw, "How far a head turns aside, degrees.", config::between(0, 90));
  f.field("max_pitch", max_pitch, "How far a head nods, degrees.", config::between(0, 60));
  f.field("max_roll", max_roll, "How far a head leans, degrees.", config::between(0, 180));
  f.field("max_hand_roll", max_hand_roll,
          "How far a large hand leans from upright, degrees; 180 shows it any way round.",
          config::between(0, 180));
  f.field("glasses_share", glasses_share, "Share of people with glasses.", share);
  f.field("hat_share", hat_share, "Share of people with a hat or hood.", share);
  f.field("mask_share", mask_share, "Share of people with a medical mask.", share);
  f.field("occluder_share", occluder_share, "Share of pictures with an object in front.", share);
  f.field("harshness", harshness,
          "Strength of blur, noise, compression and light: 0 is a clean picture, 1 as varied as "
          "real pictures are.",
          config::between(0, 2));
  f.require(hand_share + empty_share <= 1, "hand_share",
            "and empty_share must not exceed 1 together");
  f.require(group_share + full_body_share <= 1, "group_share",
            "and full_body_share must not exceed 1 together");
}

}  // namespace manyfold::data::synthetic
