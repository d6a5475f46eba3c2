#include "data/files/fault.h"

namespace manyfold::data {

const char* fault_name(Fault fault) {
  switch (fault) {
    case Fault::bad_box:
      return "bad box";
    case Fault::bad_landmarks:
      return "bad landmarks";
    case Fault::bad_segment:
      return "bad segment";
    case Fault::empty_file:
      return "empty file";
    case Fault::frame_size:
      return "frame size";
    case Fault::mask_size:
      return "mask size";
    case Fault::mask_value:
      return "mask value";
    case Fault::missing_file:
      return "missing file";
    case Fault::missing_frame:
      return "missing frame";
    case Fault::not_a_picture:
      return "not a picture";
    case Fault::not_a_video:
      return "not a video";
    case Fault::picture_size:
      return "picture size";
    case Fault::shared_picture:
      return "shared picture";
    case Fault::too_large:
      return "too large";
    case Fault::truncated:
      return "truncated";
    case Fault::unknown_category:
      return "unknown category";
    case Fault::unknown_image:
      return "unknown image";
    case Fault::unlabelled:
      return "unlabelled";
    case Fault::unreadable:
      return "unreadable";
  }
  return "unknown fault";
}

}  // namespace manyfold::data
