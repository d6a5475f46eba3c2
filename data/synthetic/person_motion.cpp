#include "data/synthetic/person_motion.h"

#include <algorithm>
#include <cmath>

#include "data/synthetic/looks.h"
#include "data/synthetic/poses.h"

namespace manyfold::data::synthetic {
namespace {

constexpr float kSideways = 72;  // degrees: the body of somebody who walks across

/// Where the head turns, without small movements.
Angles head_at(const PersonMotion& motion, double seconds) {
  const auto moment = motion.head.at(seconds);
  const auto turned = [&](int64_t number) {
    Random r = motion.head.random(number);
    const auto angle = [&](float share, float most) { return bell(share * most, most, r); };
    Angles a;
    a.yaw = angle(0.45f, motion.most.yaw), a.pitch = angle(0.4f, motion.most.pitch);
    a.roll = angle(0.35f, motion.most.roll);
    return a;
  };
  return mix(turned(moment.number - 1), turned(moment.number), moment.share);
}

void move_head(PersonDescription& person, const PersonMotion& motion, const Gait& gait,
               double seconds) {
  const auto& most = motion.most;
  Angles head = head_at(motion, seconds);
  const float ahead = std::copysign(std::min(0.8f * kSideways, most.yaw), gait.heading);
  head.yaw = mix(head.yaw, ahead, 0.7f * std::abs(gait.heading));
  person.head.yaw = std::clamp(head.yaw + motion.yaw(seconds), -most.yaw, most.yaw);
  person.head.pitch = std::clamp(head.pitch + motion.pitch(seconds), -most.pitch, most.pitch);
  person.head.roll = std::clamp(head.roll + motion.roll(seconds), -most.roll, most.roll);
  if (motion.away) person.head.yaw += 180;
}

/// The trunk follows the head a little later, and the legs step.
void move_body(PersonDescription& person, const PersonMotion& motion, const Gait& gait,
               double seconds) {
  auto& body = person.body;
  const float stands = body.torso.yaw - 0.5f * (person.head.yaw - (motion.away ? 180 : 0));
  const float follows = stands + 0.5f * head_at(motion, seconds - 0.15).yaw;
  body.torso.yaw = mix(std::clamp(follows, stands - 30, stands + 30),
                       std::copysign(kSideways, gait.heading), std::abs(gait.heading));
  body.torso.roll = body.torso.roll * (1 - std::abs(gait.heading)) + motion.lean(seconds);
  body.stride = mix(body.stride, std::sin(gait.phase), gait.going);
  body.bent_knee = mix(body.bent_knee, 0.25f, gait.going);
  person.at += Vec3(motion.x(seconds), motion.y(seconds), motion.z(seconds));
  // The body is highest when the legs meet.
  person.at.y -= 0.12f * std::cos(2 * gait.phase) * gait.going;
}

void move_face(Expression& face, const PersonMotion& motion, double seconds) {
  const auto expression = [&](int64_t number) {
    Random r = motion.face.random(number);
    return choose_expression(r);
  };
  const auto moment = motion.face.at(seconds);
  const Expression from = expression(moment.number - 1), to = expression(moment.number);
  const float t = moment.share;
  face.mouth_open = mix(from.mouth_open, to.mouth_open, t);
  face.smile = mix(from.smile, to.smile, t);
  face.eyes_open = mix(from.eyes_open, to.eyes_open, t);
  face.brow_raise = mix(from.brow_raise, to.brow_raise, t);
  if (motion.talks) {
    const float talk = clamp01(0.5f + motion.talk(seconds));
    face.mouth_open = mix(face.mouth_open, clamp01(0.3f + motion.syllables(seconds)), talk);
  }
  // Shut for the middle third of a blink.
  const float blink = motion.blink.at(seconds).share;
  face.eyes_open *= 1 - std::min(1.f, 5 * blink * (1 - blink));
  const auto look = [&](int64_t number) {
    Random r = motion.gaze.random(number);
    const float x = r.uniform(-1, 1);
    return cv::Point2f(x, r.uniform(-1, 1));
  };
  const auto glance = motion.gaze.at(seconds);
  face.gaze = look(glance.number - 1) * (1 - glance.share) + look(glance.number) * glance.share;
}

}  // namespace

PersonMotion choose_motion(const PersonDescription& person, const Camera& camera, cv::Size picture,
                           const SceneOptions& scenes, const ClipOptions& options, Random& r) {
  PersonMotion m;
  m.most = {float(scenes.max_yaw), float(scenes.max_pitch), float(scenes.max_roll)};
  m.away = std::abs(person.body.torso.yaw) > 90;
  const auto wander = [&](float most, float shortest, float longest) {
    const float period = r.uniform(shortest, longest);
    return Wander(r.uniform(0.3f, 1) * most, period, r);
  };
  m.x = wander(0.7f, 0.8f, 2), m.y = wander(0.2f, 0.8f, 2), m.z = wander(0.8f, 1, 3);
  m.lean = wander(5, 0.8f, 2);
  m.yaw = wander(8, 0.5f, 1.2f), m.pitch = wander(7, 0.4f, 1), m.roll = wander(5, 0.5f, 1.2f);
  m.head = Turns(r.uniform(1.6f, 3), 0.3f, 1.5f, r);
  m.face = Turns(r.uniform(1.2f, 3.5f), 0.2f, 0.6f, r);
  m.gaze = Turns(r.uniform(0.6f, 1.6f), 0.05f, 0.12f, r);
  m.blink = Turns(r.uniform(1.8f, 4), 0.2f, 0.4f, r);
  m.talks = r.chance(float(options.talk_share));
  m.talk = Wander(2, 0.8f, r);
  m.syllables = Wander(0.9f, r.uniform(0.09f, 0.16f), r);
  m.arms = choose_arms_motion(person, r);
  if (r.chance(float(options.walk_share)) && !m.away) {
    m.walk = Walk(0.5f * picture.width / camera.see(person.at).scale, r);
  }
  return m;
}

void move(PersonDescription& person, const PersonMotion& motion, const Camera& camera,
          cv::Size picture, double seconds) {
  const Gait gait = motion.walk ? motion.walk->at(seconds) : Gait{};
  const Swing swing{gait.going * std::abs(gait.heading), std::sin(gait.phase)};
  move_arms(person, motion.arms, swing, camera, picture, seconds);
  if (motion.walk) person.at.x = gait.x;
  move_body(person, motion, gait, seconds);
  move_head(person, motion, gait, seconds);
  move_face(person.expression, motion, seconds);
}

}  // namespace manyfold::data::synthetic
