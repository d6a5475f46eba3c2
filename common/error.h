#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace manyfold {

/// Something a person can mend: a bad file, a bad value. The message says who, what was found and
/// where, what was expected, and the way out. The program ends with exit code 1.
struct UserError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Wrong usage or a wrong config. The program ends with exit code 2.
struct ConfigError : UserError {
  using UserError::UserError;
};

/// The name among `known` that `name` was most likely meant to be (Levenshtein distance, at most a
/// third of the letters and one more changed); empty when none is near.
std::string nearest_name(const std::string& name, const std::vector<std::string>& known);

/// "; did you mean 'edge_420k'? known: edge_200k, edge_2m4, edge_420k", to end a message about an
/// unknown name.
std::string known_names(const std::string& name, std::vector<std::string> known);

}  // namespace manyfold
