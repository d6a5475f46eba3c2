#pragma once

#include <string>

#include "common/error.h"

namespace manyfold::data {

/// What can be wrong with a data set or one of its samples.
enum class Fault {
  bad_box,           // zero area, not a number, or wholly outside its picture
  bad_landmarks,     // not numbers; they count as not labelled
  bad_segment,       // a polygon or run-length code that does not describe its picture
  empty_file,        // zero bytes
  frame_size,        // frames of one clip differ in size
  mask_size,         // another size than the picture's
  mask_value,        // a grey value that the configuration gives no class
  missing_file,      // named by the annotations, not on the disk
  missing_frame,     // a gap in the numbers of a clip's frames, or two files of one number
  not_a_picture,     // no decoder knows it, or the decoder failed
  not_a_video,       // no decoder knows it
  picture_size,      // another size than the annotations say
  shared_picture,    // the same bytes stand in two sets
  too_large,         // more pixels than anyone wants decoded
  truncated,         // the file ends before the picture or video does
  unknown_category,  // an annotation's category that the file does not list
  unknown_image,     // an annotation's image that the file does not list
  unlabelled,        // no sample of a set carries a label that the configuration promises
  unreadable,        // no permission, a folder in a file's place, a failing disk
};

/// "truncated", "mask size", ...
const char* fault_name(Fault fault);

/// Something wrong with a set as a whole or one annotation of it, found without decoding pictures.
struct Problem {
  Fault fault;
  std::string file;
  std::string text;
};

/// A sample that cannot be used. Readers set it aside and go on (see BadFiles).
struct BadSample : UserError {
  BadSample(Fault fault, std::string file, const std::string& text)
      : UserError(file + ": " + text), fault(fault), file(std::move(file)), text(text) {}
  Fault fault;
  std::string file;
  std::string text;
};

}  // namespace manyfold::data
