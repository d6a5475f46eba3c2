#include "data/synthetic/clip_options.h"

namespace manyfold::data::synthetic {

void ClipOptions::fields(config::Fields& f) {
  const auto share = config::between(0, 1);
  f.field("static_camera_share", static_camera_share,
          "Share of clips whose camera stands still: pixels of the background change by noise and "
          "light alone.",
          share);
  f.field("pan_share", pan_share,
          "Share of clips whose camera pans to and fro; what is left is held in a hand and shakes.",
          share);
  f.field("walk_share", walk_share,
          "Share of people who walk about, in and out of the picture; the others sway.", share);
  f.field("talk_share", talk_share, "Share of people who talk.", share);
  f.field("passing_share", passing_share,
          "Share of clips in which an object passes in front, again and again.", share);
  f.field("light_share", light_share, "Share of clips whose light and exposure change slowly.",
          share);
  f.field("pace", pace,
          "How fast people and objects move: 1 as they do, 0 freezes them; the camera has its own "
          "time.",
          config::between(0, 3));
  f.require(static_camera_share + pan_share <= 1, "static_camera_share",
            "and pan_share must not exceed 1 together");
}

}  // namespace manyfold::data::synthetic
