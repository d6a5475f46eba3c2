#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "common/atomic_file.h"
#include "common/config/value.h"
#include "common/error.h"

namespace manyfold::config {

/// Cases that tests/fixtures/config/make_cases.py got from OmegaConf 2.2.2.
inline nlohmann::json fixture_cases(const std::string& name) {
  const std::string folder = MANYFOLD_SOURCE_DIR "/tests/fixtures/config/";
  return nlohmann::json::parse(read_file(folder + name + "_cases.json"));
}

/// The message of the ConfigError that `act` throws.
template <class Act>
std::string message_of(Act act) {
  try {
    act();
  } catch (const ConfigError& error) {
    return error.what();
  }
  ADD_FAILURE() << "no ConfigError";
  return "";
}

}  // namespace manyfold::config
