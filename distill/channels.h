#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace manyfold::distill {

/// The channel of "none of these": what a sigmoid for each class leaves out.
constexpr int64_t kNone = -1;

/// Which of a teacher's channels make up each class of a student.
///
///   classes   the student's, in order
///   mapping   class -> "15", "1,4-7" or "rest" (all channels that no other class takes); empty =
///             the same classes in the same order
///   channels  how many the teacher has
///   none      it has kNone beside them, which belongs to "rest", or else is the first class
///
/// Throws ConfigError for a class that is not the student's or not mapped, a channel that the
/// teacher has not or that stands for two classes, and unequal numbers where nothing is mapped. It
/// begins with `who`.
std::vector<std::vector<int64_t>> map_channels(const std::string& who,
                                               const std::vector<std::string>& classes,
                                               const std::map<std::string, std::string>& mapping,
                                               int64_t channels, bool none);

}  // namespace manyfold::distill
