#pragma once

#include "data/synthetic/description.h"

namespace manyfold::data::synthetic {

/// Fills what stays the same of a person: shape, colours, hair, clothes, and what is worn.
void choose_looks(PersonDescription& person, const SceneOptions& options, Random& random);
Expression choose_expression(Random& random);
/// Clothes and skin of an arm that is seen alone.
BodyLook choose_body_look(const Colour& skin, Random& random);
/// Any light, harder with `harshness`.
Light choose_light(float harshness, Random& random);
Lens choose_lens(cv::Size size, float harshness, Random& random);

}  // namespace manyfold::data::synthetic
