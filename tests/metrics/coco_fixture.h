#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "common/atomic_file.h"
#include "data/label.h"

namespace manyfold::metrics {

inline data::Object box(float x, float y, float side, float score = 1, int64_t c = 0) {
  data::Object made;
  made.box = {x, y, side, side};
  made.score = score;
  made.class_index = c;
  return made;
}

struct CocoPicture {
  std::vector<data::Object> predicted, truth;
};

inline std::vector<data::Object> coco_objects(const nlohmann::json& rows) {
  std::vector<data::Object> list;
  for (const auto& row : rows) {
    auto& object = list.emplace_back();
    const auto& box = row.at("box");
    object.box = {box[0], box[1], box[2], box[3]};
    object.class_index = row.at("class");
    object.score = row.value("score", 1.f);
    object.ignore = row.value("ignore", false);
  }
  return list;
}

/// Three pictures of heads (class 0) and bodies (1) with a crowd, an ignored object, equal scores
/// and equal overlaps. What COCO's evaluation says of them: fixtures/coco_reference.py.
inline std::vector<CocoPicture> coco_pictures() {
  const auto fixture =
      nlohmann::json::parse(read_file(MANYFOLD_SOURCE_DIR "/tests/metrics/fixtures/coco.json"));
  std::vector<CocoPicture> pictures;
  for (const auto& picture : fixture.at("pictures")) {
    pictures.push_back({coco_objects(picture.at("predicted")), coco_objects(picture.at("truth"))});
  }
  return pictures;
}

}  // namespace manyfold::metrics
